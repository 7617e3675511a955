import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type Disk, openOutput, realDisk } from '../../src/io/output-folder.ts';
import { isLowerBetter } from '../../src/metrics/score-names.ts';
import { bestOf, isStalled } from '../../src/training/best-step.ts';
import { evaluationSteps } from '../../src/training/evaluation-settings.ts';
import {
  evaluateRun,
  type GivenSettings,
  loadRun,
  type RunMetrics,
  readRunMetrics,
  readStoppedRun,
  type ScoredStep,
  type TaskModel,
} from '../../src/training/index.ts';
import { runFileNames } from '../../src/training/run-folder.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { readParameters, weightsOf } from '../support/parameters.ts';
import { forAllAsync } from '../support/property.ts';
import { complete, dense, reviewData, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';
import { range } from '../support/values.ts';

const test = suite('training: the best evaluation');
useBackend(test, 'wasm');

const place = (): string => join(temporaryFolder(), 'run');
const read = (folder: string, name: string): Buffer => readFileSync(join(folder, name));

/** Twelve steps at a rate that throws the scores about, so that the best of them are not the last. */
const restless = {
  ...tinySettings,
  ...reviewData('score'),
  learningRate: 0.1,
  lrSchedulerType: 'constant',
  epochs: 4,
  evalSteps: 1,
  metricForBestModel: 'spearman',
} as const satisfies GivenSettings;

async function finished(settings: GivenSettings, output = place()) {
  const scored = new Map<number, Record<string, number[]>>();
  let model: TaskModel | undefined;
  const result = await tinyRun(output, {
    settings,
    events: {
      onLoaded: (loaded) => {
        model = loaded;
      },
      onScored: ({ step }) => {
        const entries = (model as TaskModel).saved.map((parameter) => [parameter.name, weightsOf(parameter)] as const);
        scored.set(step, Object.fromEntries(entries));
      },
    },
  });
  assert.ok(result.status === 'finished');
  return { ...result, output, scored };
}

test('of evaluations with equal numbers that with the best other scores is kept, in their order', () => {
  const history = [
    { step: 1, metrics: { rouge2: 0, rouge1: 0.25, rougeL: 0.5 } },
    { step: 2, metrics: { rouge2: 0, rouge1: 0.5, rougeL: 0.25 } },
    { step: 3, metrics: { rouge2: 0, rouge1: 0.5, rougeL: 0.25 } },
    { step: 4, metrics: { rouge2: 0, rouge1: Number.NaN, rougeL: 0.1 } },
  ];
  assert.equal(bestOf(history, 'rouge2')?.step, 3);
  assert.equal(bestOf(history, 'rougeL')?.step, 1);
});

test('the best evaluation is the last with the best number, the highest or the lowest; patience counts from the first', () => {
  const scores = fc.array(fc.oneof(fc.constantFrom(0.25, 0.5, 1), fc.constant(Number.NaN)), { maxLength: 8 });
  fc.assert(
    fc.property(
      scores,
      fc.constantFrom('accuracy', 'ter'),
      fc.integer({ min: 1, max: 4 }),
      (values, metric, patience) => {
        const history = values.map(
          (value, i): ScoredStep => ({ step: 3 * (i + 1), metrics: { [metric]: value, f1: 1 } }),
        );
        const numbers = values.filter((value) => !Number.isNaN(value));
        const best = isLowerBetter(metric) ? Math.min(...numbers) : Math.max(...numbers);
        const place = values.indexOf(best);
        assert.equal(bestOf(history, metric), history[values.lastIndexOf(best)] ?? null);
        assert.equal(isStalled(history, metric, patience), place >= 0 && values.length - 1 - place >= patience);
      },
    ),
    { seed: 1 },
  );
  assert.deepEqual([isLowerBetter('ter'), isLowerBetter('accuracy')], [true, false]);
});

test('evaluations come every so many steps, or so many times, and at the end', () => {
  const steps = (total: number, times: object) => [...evaluationSteps(total, times)];
  assert.deepEqual(steps(10, { evalSteps: 4 }), [4, 8, 10]);
  assert.deepEqual(steps(8, { evalSteps: 4 }), [4, 8]);
  assert.deepEqual(steps(3, { evalSteps: 4 }), [3]);
  assert.deepEqual(steps(0, { evalSteps: 4 }), [0]);
  assert.deepEqual(steps(10, { evaluations: 3 }), [4, 7, 10]);
  assert.deepEqual(steps(2, { evaluations: 3 }), [1, 2]);
  assert.deepEqual(steps(10, {}), [10]);
});

onEveryBackend(test, 'a run has the weights of its best evaluation, and says so', async () => {
  const { metrics, output, scored } = await finished(restless);
  const { kept, history } = metrics;
  assert.deepEqual(
    history.map(({ step }) => step),
    range(12).map((i) => i + 1),
  );
  const best = bestOf(history, 'spearman');
  assert.ok(best && kept && best.step < 12, 'the last step is the best one, so this shows nothing');
  assert.deepEqual(kept, {
    step: best.step,
    metric: 'spearman',
    score: best.metrics.spearman,
    chosen_by: 'evaluation rows',
  });
  assert.deepEqual([metrics.metrics, metrics.steps], [best.metrics, 12]);
  assert.deepEqual(readRunMetrics(output), metrics);
  const { model } = loadRun(output);
  const weights = await readParameters(model.saved);
  assert.deepEqual(weights, scored.get(best.step));
  assert.notDeepEqual(weights, scored.get(12));
  assert.deepEqual((await evaluateRun(output)).metrics, best.metrics);
});

test('without it a run has the last weights', async () => {
  const { metricForBestModel: _, ...settings } = { ...restless, loadBestModelAtEnd: false };
  const { metrics, output, scored } = await finished(settings);
  assert.equal(metrics.kept, undefined);
  assert.deepEqual(metrics.metrics, metrics.history.at(-1)?.metrics);
  assert.deepEqual(await readParameters(loadRun(output).model.saved), scored.get(12));
});

const untimed = (metrics: RunMetrics) => ({ ...metrics, seconds: null, tokens_per_second: null });

async function assertResumable(settings: GivenSettings): Promise<void> {
  const whole = place();
  const { metrics } = await finished(settings, whole);
  await forAllAsync(
    fc.integer({ min: 0, max: metrics.steps }),
    async (steps) => {
      const output = place();
      const stopped = await stoppedRun(output, steps, { settings });
      if (stopped.status === 'finished') assert.equal(steps, metrics.steps, 'it ends before the signal is seen');
      else {
        assert.equal(readStoppedRun(output).step, steps);
        const resumed = await tinyRun(output, { settings, resume: true, command: ['another'] });
        assert.equal(resumed.status, 'finished');
      }
      assert.deepEqual(read(output, 'adapter.safetensors'), read(whole, 'adapter.safetensors'), `after ${steps}`);
      assert.deepEqual(read(output, 'sparse-adapter.json'), read(whole, 'sparse-adapter.json'));
      assert.deepEqual(untimed(readRunMetrics(output)), untimed(metrics));
    },
    8,
  );
}

onEveryBackend(test, 'a run that is stopped anywhere and resumed ends with the same bytes', () =>
  assertResumable(restless),
);

test('so does one that ends early, has several batches per step and trains all weights', async () => {
  const more = {
    earlyStoppingPatience: 2,
    gradientAccumulationSteps: 2,
    batchSize: 4,
    lrSchedulerType: 'cosine',
  } as const;
  await assertResumable({ ...restless, ...more });
  const classes = { classWeights: 'balanced', labelSmoothingFactor: 0.1, metricForBestModel: 'f1_macro' } as const;
  await assertResumable({ ...restless, ...reviewData(), ...more, ...classes });
  await assertResumable({ ...restless, ...dense, adapter: { kind: 'full' }, learningRate: 0.01, evalSteps: 2 });
});

test('training ends once no evaluation has been better for so long', async () => {
  // Nothing is learnt, so no evaluation is better than the first.
  const settings = { ...restless, learningRate: 0, evalSteps: 2, earlyStoppingPatience: 2 };
  const { metrics } = await finished(settings);
  assert.deepEqual([metrics.steps, metrics.kept?.step], [6, 6]);
  assert.deepEqual(
    metrics.history.map(({ step }) => step),
    [2, 4, 6],
  );
  // Three steps are an epoch.
  assert.equal(metrics.epoch_losses.length, 2);
  assert.deepEqual(metrics.stopped_early, { planned_steps: 12, patience: 2 });
  // As many evaluations, of which the last is after the last step.
  assert.equal((await finished({ ...settings, evalSteps: 4 })).metrics.stopped_early, undefined);
  assert.equal((await finished({ ...settings, evalSteps: 5 })).metrics.epoch_losses.length, 4);
});

test('a run whose result cannot be written ends with the same weights when it is resumed', async () => {
  const settings = { ...restless, earlyStoppingPatience: 2 };
  const whole = await finished(settings);
  const folder = place();
  const disk: Disk = {
    ...realDisk,
    write: (path, data) => {
      if (path.includes('.sparse-adapter.new')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      realDisk.write(path, data);
    },
  };
  const output = openOutput(folder, runFileNames, { disk });
  await assertRejectsInput(() => tinyRun(output, { settings }), /The checkpoint after step \d+ is kept/);
  output.close();
  assert.ok(existsSync(join(folder, 'checkpoint.safetensors')));
  let steps = 0;
  await tinyRun(folder, { settings, resume: true, events: { onStep: () => steps++ } });
  assert.equal(steps, 0);
  assert.deepEqual(read(folder, 'adapter.safetensors'), read(whole.output, 'adapter.safetensors'));
  assert.deepEqual(untimed(readRunMetrics(folder)), untimed(whole.metrics));
});

test('rows of a table of your own choose unless they are told not to; those of a benchmark do not', () => {
  const { evalSteps: _, metricForBestModel: __, ...plain } = restless;
  const kept = complete(plain);
  assert.deepEqual([kept.loadBestModelAtEnd, kept.evaluations, kept.evalSteps], [true, 4, undefined]);
  assert.deepEqual(complete({ ...plain, evaluations: 7 }).evaluations, 7);
  assert.deepEqual(complete({ ...plain, evalSteps: 7 }).evaluations, undefined);
  const last = complete({ ...plain, loadBestModelAtEnd: false });
  assert.deepEqual([last.loadBestModelAtEnd, last.evaluations], [false, 1]);
  const split = complete({ ...plain, evalData: undefined });
  assert.deepEqual([split.loadBestModelAtEnd, split.evaluations], [true, 4]);
  const none = complete({ ...plain, evalData: undefined, validationSplit: 0 });
  assert.deepEqual([none.loadBestModelAtEnd, none.evaluations], [undefined, 1]);
  const columns = { text: undefined, label: undefined, evalData: undefined } as const;
  const glue = complete({ ...plain, ...columns, data: temporaryFolder(), task: 'rte' });
  assert.deepEqual([glue.loadBestModelAtEnd, glue.evaluations], [undefined, 1]);
  const hub = complete({ ...plain, data: undefined, evalData: undefined, dataset: 'some/where' });
  assert.deepEqual([hub.loadBestModelAtEnd, hub.evaluations], [undefined, 1]);
  const asked = complete({ ...plain, ...columns, data: temporaryFolder(), task: 'rte', loadBestModelAtEnd: true });
  assert.deepEqual([asked.loadBestModelAtEnd, asked.evaluations], [true, 4]);
});

test('settings without effect are refused by name', async () => {
  const refused = (settings: GivenSettings, message: RegExp) => assert.throws(() => complete(settings), message);
  const { metricForBestModel: _, ...plain } = restless;
  refused({ ...plain, evaluations: 2 }, /evaluations cannot be combined with evalSteps/);
  refused(
    { ...restless, loadBestModelAtEnd: false },
    /^InputError: metricForBestModel has no effect with loadBestModelAtEnd false\.$/,
  );
  refused(
    { ...plain, evalData: undefined, validationSplit: 0, earlyStoppingPatience: 2 },
    /earlyStoppingPatience has no effect with loadBestModelAtEnd false/,
  );
  refused(
    { ...plain, evalData: undefined, validationSplit: 0, loadBestModelAtEnd: true },
    /^InputError: loadBestModelAtEnd has no effect without rows to evaluate on, which choose\.$/,
  );
  await assertRejectsInput(
    () => tinyRun(place(), { settings: { ...plain, metricForBestModel: 'bleu' } }),
    /^--metric-for-best-model \(metricForBestModel\) is 'bleu'; the scores of these data are pearson, spearman\.$/,
  );
});

test.run();
