import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { defineFamily, houlsby, registerFamily } from '../../src/adapters/index.ts';
import { encodeExamples, readExamples } from '../../src/data/index.ts';
import { add, mul, sum } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import { isHeadParameter, SequenceClassifier } from '../../src/models/index.ts';
import {
  evaluateRun,
  type GivenSettings,
  hasCheckpoint,
  isFinishedRun,
  loadRun,
  type Prediction,
  predict,
  type RunOptions,
  readRunConfig,
  readRunMetrics,
  readStoppedRun,
  runFileSizes,
  runPruning,
  type StepProgress,
  type TaskModel,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { maskOf } from '../support/parameters.ts';
import { evaluatedRunFiles } from '../support/run-files.ts';
import { complete, dense, reviewData, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';
import { range, total } from '../support/values.ts';

const test = suite('training: runs');
useBackend(test, 'wasm');

const place = (): string => join(temporaryFolder(), 'run');
const read = (folder: string, name: string): Buffer => readFileSync(join(folder, name));
const weights = (folder: string): Buffer => read(folder, 'adapter.safetensors');
const filesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, read(folder, name).toString('base64')]));

/** The predictions of a model for the evaluation data of the tiny run. */
async function predictions({ network, tokenizer }: TaskModel): Promise<Prediction[]> {
  assert.ok(network instanceof SequenceClassifier);
  const { examples } = await readExamples(tinySettings.evalData, { text: tinySettings.text });
  return predict(network, encodeExamples(examples, tokenizer, 16));
}

/** A finished run and the model as it was at its end. */
async function finished(output: string, options: Partial<RunOptions> = {}) {
  let trained: TaskModel | undefined;
  const onLoaded = (model: TaskModel) => {
    trained = model;
  };
  const result = await tinyRun(output, { ...options, events: { onLoaded } });
  assert.ok(trained && result.status === 'finished');
  return { ...result, trained };
}

const cases: { name: string; changes: GivenSettings; metrics: string[] }[] = [
  { name: 'classification with SNIP', changes: {}, metrics: ['accuracy', 'f1_macro'] },
  {
    name: 'regression with a mean head',
    changes: { ...reviewData('score'), pooling: 'mean' },
    metrics: ['pearson', 'spearman'],
  },
  {
    name: 'LoRA, with defaults left out',
    changes: { adapter: { kind: 'lora', rank: 2 } },
    metrics: ['accuracy', 'f1_macro'],
  },
  { name: 'full fine-tuning', changes: { adapter: { kind: 'full' }, ...dense }, metrics: ['accuracy', 'f1_macro'] },
  {
    name: 'a dense adapter under a frozen head',
    changes: { ...dense, freezeHead: true },
    metrics: ['accuracy', 'f1_macro'],
  },
  {
    name: "the authors' form with GraSP",
    changes: {
      adapter: {
        kind: 'houlsby',
        bottleneck: 4,
        activation: 'relu',
        init: 'bert',
        form: 'sparse-adapter',
        dropout: 0.1,
      },
      pruning: 'grasp',
      sparsity: 0.8,
      pruningScope: 'layer',
      pruningExamples: 8,
    },
    metrics: ['accuracy', 'f1_macro'],
  },
];

for (const { name, changes, metrics } of cases) {
  onEveryBackend(test, `${name}: a saved run predicts what its model predicted, bit for bit`, async () => {
    const settings = { ...tinySettings, ...changes };
    const output = place();
    const result = await finished(output, { settings });
    assert.deepEqual(Object.keys(result.metrics.metrics ?? {}), metrics);
    assert.deepEqual(readdirSync(output).toSorted(), evaluatedRunFiles);

    const loaded = loadRun(output).model;
    assert.deepEqual(await predictions(loaded), await predictions(result.trained));
    assert.deepEqual((await evaluateRun(output)).metrics, result.metrics.metrics);
    loaded.adapter.prunable.forEach((parameter, i) => {
      assert.deepEqual(maskOf(parameter), maskOf(result.trained.adapter.prunable[i]));
      assert.equal(parameter.pattern !== null, result.config.pruning !== null, 'kept weights alone are held');
    });
    assert.deepEqual(readRunConfig(output), { format_version: 1, ...result.config });
    assert.deepEqual(readRunMetrics(output), result.metrics);
  });
}

test('what is counted: kept adapter weights, biases and the head', async () => {
  const { metrics, config } = await finished(place());
  // Four modules 16 -> 4 -> 16; 0.4 of 512 weights go; pooler and classifier make the head.
  assert.deepEqual([config.pruning?.total, config.pruning?.kept], [512, 307]);
  assert.deepEqual(metrics.trained_parameters, { adapter: 307 + 4 * 20, head: 16 * 17 + 2 * 17 });
  assert.deepEqual([metrics.steps, metrics.epoch_losses.length], [6, 2]);
  assert.ok(Object.values(metrics.seconds).every((seconds) => seconds > 0) && Number(metrics.tokens_per_second) > 0);
});

test('a frozen head stays as it was drawn', async () => {
  const head = ({ network }: TaskModel) =>
    network
      .parameters()
      .filter(isHeadParameter)
      .map(({ value }) => Array.from(value.dataSync()));
  const [first, second] = [place(), place()];
  const { trained, metrics } = await finished(first, { settings: { ...tinySettings, freezeHead: true } });
  assert.equal(metrics.trained_parameters.head, 0);
  const { trained: other } = await finished(second);
  assert.notDeepEqual(head(trained), head(other));
  const drawn = { ...tinySettings, learningRate: 0 };
  assert.deepEqual(head(trained), head((await finished(place(), { settings: drawn })).trained));
});

onEveryBackend(test, 'the same seed writes the same files, another seed other weights', async () => {
  const [a, b, c] = [place(), place(), place()];
  for (const output of [a, b]) await tinyRun(output);
  await tinyRun(c, { settings: { ...tinySettings, seed: 7 } });
  assert.deepEqual(weights(b), weights(a));
  assert.deepEqual(read(b, 'sparse-adapter.json'), read(a, 'sparse-adapter.json'));
  const untimed = (folder: string) => ({ ...readRunMetrics(folder), seconds: null, tokens_per_second: null });
  assert.deepEqual(untimed(b), untimed(a));
  assert.notDeepEqual(weights(c), weights(a));
});

onEveryBackend(test, 'a run stopped after any step and resumed writes the same files', async () => {
  await assertResumable(tinySettings, [0, 1, 3, 6]);
});

test('so does one in bucketed batches of a number of tokens', async () => {
  const training = { batchSize: undefined, batchTokens: 40, groupByLength: true } as const;
  await assertResumable({ ...tinySettings, ...training }, [0, 5]);
});

async function assertResumable(settings: GivenSettings, stops: readonly number[]): Promise<void> {
  const whole = place();
  const { metrics } = await finished(whole, { settings });
  assert.deepEqual(readRunConfig(whole).settings, complete(settings));
  for (const steps of stops) {
    const output = place();
    const stopped = await stoppedRun(output, steps, { settings });
    assert.deepEqual(stopped, { status: 'stopped', step: steps, totalSteps: metrics.steps, savedStep: steps });
    assert.deepEqual([hasCheckpoint(output), isFinishedRun(output)], [true, false]);
    const { tokens, losses } = readStoppedRun(output);
    assert.deepEqual([losses.length, tokens > 0], [steps, steps > 0]);
    const resumed = await tinyRun(output, { settings, resume: true, command: ['another'] });
    assert.equal(resumed.status, 'finished');
    assert.equal(hasCheckpoint(output), false);
    assert.deepEqual(weights(output), weights(whole), `stopped after ${steps}`);
    assert.deepEqual(read(output, 'sparse-adapter.json'), read(whole, 'sparse-adapter.json'));
    const again = readRunMetrics(output);
    assert.deepEqual([again.metrics, again.epoch_losses], [metrics.metrics, metrics.epoch_losses]);
  }
}

test('the loss of an epoch is the mean over its steps, however many it has', async () => {
  const training = { batchSize: undefined, batchTokens: 40, epochs: 3 };
  const losses: number[] = [];
  const result = await tinyRun(place(), {
    settings: { ...tinySettings, ...training },
    events: { onStep: ({ loss }) => losses.push(loss) },
  });
  assert.ok(result.status === 'finished');
  // 24 reviews of six tokens, six to a batch.
  assert.equal(losses.length, 12);
  const means = [0, 4, 8].map((start) => total(losses.slice(start, start + 4)) / 4);
  assert.deepEqual(result.metrics.epoch_losses, means);
});

test('a run stopped while it is pruned throws the reason and writes nothing', async () => {
  for (const method of ['snip', 'grasp'] as const) {
    const pruning = { pruning: method, sparsity: 0.5, pruningScope: 'global', pruningExamples: 16 } as const;
    const settings = { ...tinySettings, ...pruning };
    const passes = method === 'snip' ? 2 : 4;
    for (const stop of [1, passes]) {
      const output = place();
      const controller = new AbortController();
      const told: number[][] = [];
      const events = {
        onPruning: (done: number, of: number) => {
          told.push([done, of]);
          if (done === stop) controller.abort(new Error('enough'));
        },
        onStep: () => assert.fail('no step'),
      };
      await assert.rejects(tinyRun(output, { settings, signal: controller.signal, events }), /^Error: enough$/);
      assert.deepEqual(
        told,
        range(stop).map((i) => [i + 1, passes]),
      );
      assert.equal(existsSync(output), false);
      await assert.rejects(
        runPruning({ settings, output, command: [], versions: {}, signal: AbortSignal.abort(new Error('before')) }),
        /^Error: before$/,
      );
      assert.equal(existsSync(output), false);
    }
  }
});

test('a run can be stopped again and again, also in its evaluation', async () => {
  const [whole, output] = [place(), place()];
  await tinyRun(whole);
  await stoppedRun(output, 2);
  await stoppedRun(output, 5, { resume: true });
  const controller = new AbortController();
  const stopped = await tinyRun(output, {
    resume: true,
    signal: controller.signal,
    events: { onStep: ({ step }) => step === 6 && controller.abort() },
  });
  assert.deepEqual(stopped, { status: 'stopped', step: 6, totalSteps: 6, savedStep: 6 });
  await tinyRun(output, { resume: true });
  assert.deepEqual(weights(output), weights(whole));
});

test('events tell what goes on', async () => {
  const told: string[] = [];
  await tinyRun(place(), {
    events: {
      onLoaded: ({ initialized }) => told.push(`loaded, ${initialized.length} new`),
      onPruning: (done, passes) => told.push(`scored ${done} of ${passes}`),
      onPruned: ({ kept, total }) => told.push(`pruned to ${kept} of ${total}`),
      onStep: ({ step, totalSteps }) => told.push(`step ${step} of ${totalSteps}`),
      onEvaluate: (done, total) => told.push(`evaluated ${done} of ${total}`),
    },
  });
  // Pooler and classifier, and four adapter modules.
  assert.deepEqual(told, [
    'loaded, 4 new',
    'scored 1 of 2',
    'scored 2 of 2',
    'pruned to 307 of 512',
    ...[1, 2, 3].map((step) => `step ${step} of 6`),
    'evaluated 8 of 8',
    ...[4, 5, 6].map((step) => `step ${step} of 6`),
    'evaluated 8 of 8',
  ]);
});

test('a run that diverges is an error and leaves an earlier output as it was', async () => {
  const output = place();
  const training = { learningRate: 1e38 };
  const diverging = () => tinyRun(output, { settings: { ...tinySettings, ...training } });
  await assertRejectsInput(diverging, /lower the learning rate/);
  assert.equal(existsSync(output), false);
  await tinyRun(output);
  const before = filesOf(output);
  await assertRejectsInput(diverging, /lower the learning rate/);
  assert.deepEqual(filesOf(output), before);
});

test('a last step that diverges is an error, too: no loss would show it', async () => {
  const output = place();
  const training = { learningRate: 1e39, epochs: 1, batchSize: 12 };
  await assertRejectsInput(
    () => tinyRun(output, { settings: { ...tinySettings, ...training } }),
    /\.(weight|bias) is (-?Infinity|NaN) after the last step; lower the learning rate/,
  );
  assert.equal(existsSync(output), false);
});

test('saving is all or nothing', async () => {
  const parent = temporaryFolder();
  const output = join(parent, 'run');
  await tinyRun(output);
  const before = filesOf(output);
  writeFileSync(join(output, 'notes.txt'), 'mine');
  const other = { ...tinySettings, seed: 3 };
  await assertRejectsInput(
    () => tinyRun(output, { settings: other }),
    /holds "notes\.txt", which is not an earlier output/,
  );
  assert.deepEqual(filesOf(output), { ...before, 'notes.txt': Buffer.from('mine').toString('base64') });
  assert.deepEqual(readdirSync(parent), ['run']);
});

test('a finished run replaces an earlier one and its checkpoint whole', async () => {
  const output = place();
  await stoppedRun(output, 1, { settings: { ...tinySettings, seed: 3 } });
  await tinyRun(output);
  assert.deepEqual(Object.keys(runFileSizes(output)).toSorted(), evaluatedRunFiles);
  const whole = place();
  await tinyRun(whole);
  assert.deepEqual(weights(output), weights(whole));
});

test('resuming needs the checkpoint of such a run', async () => {
  const output = place();
  await assertRejectsInput(() => tinyRun(output, { resume: true }), /checkpoint\.safetensors/);
  await stoppedRun(output, 1);
  const faster = { ...tinySettings, learningRate: 0.02 };
  await assertRejectsInput(
    () => tinyRun(output, { resume: true, settings: faster }),
    /was stopped with other settings; resume it with its own/,
  );
  const checkpoint = join(output, 'checkpoint.safetensors');
  const bytes = readFileSync(checkpoint);
  writeFileSync(checkpoint, bytes.subarray(0, bytes.length - 8));
  await assertRejectsInput(() => tinyRun(output, { resume: true }), /checkpoint\.safetensors/);
});

test('resuming needs the same training data', async () => {
  const rows = readFileSync(tinySettings.data, 'utf8');
  const folder = temporaryFolder({ 'train.csv': rows });
  const train = join(folder, 'train.csv');
  const settings = { ...tinySettings, data: train };
  const [whole, output] = [place(), place()];
  await tinyRun(whole, { settings });
  await stoppedRun(output, 2, { settings });
  const resume = () => tinyRun(output, { settings, resume: true });
  const before = filesOf(output);
  const [header, first, second, ...others] = rows.trimEnd().split('\n');
  const changes = {
    'a row less': [header, first, ...others],
    'another order': [header, second, first, ...others],
    'another word': [header, first.replace('good', 'fine'), second, ...others],
    'another label': [header, first.replace('positive', 'negative'), second, ...others],
  };
  for (const [change, lines] of Object.entries(changes)) {
    writeFileSync(train, lines.join('\n'));
    assert.notEqual(lines.join('\n'), rows.trimEnd(), change);
    await assertRejectsInput(resume, /training data of .* are not what they were .* restore them, or begin again with/);
  }
  assert.deepEqual(filesOf(output), before);
  writeFileSync(train, rows);
  await resume();
  assert.deepEqual(weights(output), weights(whole));
});

test('without evaluation data there are no metrics', async () => {
  const output = place();
  const { metrics } = await finished(output, { settings: { ...tinySettings, evalData: undefined } });
  assert.equal(metrics.metrics, null);
  await assertRejectsInput(() => evaluateRun(output), /was trained without evaluation data; give some with --data/);
  const result = await evaluateRun(output, { settings: complete(tinySettings) });
  assert.deepEqual([result.examples, Object.keys(result.metrics)], [8, ['accuracy', 'f1_macro']]);
});

test('pruning alone saves a run of no steps with the masks that training would begin with', async () => {
  const [pruned, trained] = [place(), place()];
  const { config, metrics } = await runPruning({ settings: tinySettings, output: pruned, command: [], versions: {} });
  assert.deepEqual([metrics.steps, config.pruning?.kept], [0, 307]);
  await tinyRun(trained);
  const masks = (folder: string) => {
    const file = openSafetensors(join(folder, 'adapter.safetensors'));
    const found = file.names().filter((name) => name.endsWith('.mask'));
    return found.map((name) => [name, file.readRaw(name)]);
  };
  assert.equal(masks(pruned).length, 8);
  assert.deepEqual(masks(trained), masks(pruned));
  assert.equal((await predictions(loadRun(pruned).model)).length, 8);
});

/** Houlsby with a regularizer that is far larger than the loss. */
const heavy = defineFamily({
  ...houlsby,
  kind: 'test-heavy',
  build: (context, config) => {
    const parts = houlsby.build(context, config);
    const matrices = Object.values(parts.chains).flat(2);
    const squares = () => matrices.map((w) => sum(mul(w.tensor(), w.tensor()))).reduce((a, b) => add(a, b));
    return { ...parts, regularizer: () => mul(squares(), 1000) };
  },
});

test('the regularizer of an adapter is part of what is trained', async () => {
  registerFamily(heavy);
  const [free, penalised] = [place(), place()];
  const squares = async (output: string, kind: string) => {
    const training = { epochs: 20, maxGradNorm: null };
    const settings = { ...tinySettings, adapter: { kind, bottleneck: 4 }, ...dense, ...training };
    const { metrics, trained } = await finished(output, { settings });
    const values = trained.adapter.prunable.flatMap(({ value }) => Array.from(value.dataSync()));
    return { loss: metrics.epoch_losses[0], squares: total(values.map((w) => w * w)) };
  };
  const [a, b] = [await squares(free, 'houlsby'), await squares(penalised, 'test-heavy')];
  assert.ok(b.loss > a.loss + 10, `${a.loss}, ${b.loss}`);
  assert.ok(b.squares < a.squares / 4, `${a.squares}, ${b.squares}`);
  const kind = loadRun(penalised).run.settings.adapter.kind;
  assert.equal(kind, 'test-heavy');
});

test('a run with a constant learning rate says so in its file, and trains with it', async () => {
  const output = place();
  const training = { lrSchedulerType: 'constant' } as const;
  const rates: number[] = [];
  const onStep = ({ learningRate }: StepProgress) => rates.push(learningRate);
  await tinyRun(output, { settings: { ...tinySettings, ...training }, events: { onStep } });
  assert.deepEqual(
    rates,
    range(6).map(() => 0.01),
  );
  const { settings, ...rest } = readRunConfig(output);
  assert.equal(settings.lrSchedulerType, 'constant');
  const unknown = { ...rest, settings: { ...settings, lrSchedulerType: 'polynomial' } };
  writeFileSync(join(output, 'sparse-adapter.json'), JSON.stringify(unknown));
  await assertRejectsInput(
    async () => readRunConfig(output),
    /sparse-adapter\.json: settings\.lrSchedulerType .*linear.*constant/,
  );
});

test('a damaged run is an error that names the file', async () => {
  const output = place();
  await tinyRun(output);
  const file = join(output, 'sparse-adapter.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...config, format_version: 2 }));
  await assertRejectsInput(async () => loadRun(output), /sparse-adapter\.json: format_version 2 is not 1/);
  writeFileSync(file, '{');
  await assertRejectsInput(async () => loadRun(output), /sparse-adapter\.json is not valid JSON/);
  writeFileSync(file, JSON.stringify(config));
  writeFileSync(join(output, 'adapter.safetensors'), weights(output).subarray(0, 100));
  await assertRejectsInput(async () => loadRun(output), /adapter\.safetensors/);
  await assertRejectsInput(async () => loadRun(temporaryFolder()), /has no sparse-adapter\.json/);
});

test('a run without a step has no speed', async () => {
  const result = await tinyRun(join(temporaryFolder(), 'run'), { settings: { ...tinySettings, ...dense, epochs: 0 } });
  assert.equal(result.status === 'finished' && result.metrics.tokens_per_second, null);
});

test.run();
