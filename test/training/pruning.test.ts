import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type AdapterSettings, fusion } from '../../src/adapters/index.ts';
import {
  evaluateRun,
  fusedAdapters,
  type GivenSettings,
  loadRun,
  readRunConfig,
  runPruning,
  storedCounts,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { animalFolder } from '../support/animals.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { questionFolder } from '../support/questions.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { dense, reviewData, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';
import { total } from '../support/values.ts';

const test = suite('training: pruning');
useBackend(test, 'wasm');

const place = () => join(temporaryFolder(), 'run');

/** For methods that look at no examples. */
const unscored = { pruningExamples: undefined };

interface Pruned {
  readonly kept: number[];
  readonly total: number;
  /** Told by `onPruning`. */
  readonly told: number[][];
}

/** Prunes the tiny adapter. */
async function pruned(changes: GivenSettings): Promise<Pruned> {
  const told: number[][] = [];
  const { pruning: report } = await runPruning({
    settings: { ...tinySettings, ...changes },
    output: null,
    command: [],
    versions: {},
    events: { onPruning: (...progress) => void told.push(progress) },
  });
  return { kept: report.layers.map(({ kept }) => kept), total: report.total, told };
}

test('rows to validate on are not missed where nothing is trained', async () => {
  const warnings: string[] = [];
  const { evalData: _, ...settings } = tinySettings;
  const run = { output: null, command: [], versions: {}, events: { onWarning: (line: string) => warnings.push(line) } };
  const { config } = await runPruning({ ...run, settings: { ...settings, pruning: 'magnitude', ...unscored } });
  assert.deepEqual([config.settings.validationSplit, warnings], [0, []]);
});

test('losses are of batches, or of single examples, or not needed', async () => {
  const passes = async (pruning: GivenSettings) => (await pruned(pruning)).told.at(-1) ?? [];
  // 16 examples in batches of 8.
  assert.deepEqual(await passes({ pruning: 'snip' }), [2, 2]);
  assert.deepEqual(await passes({ pruning: 'grasp' }), [4, 4]);
  assert.deepEqual(await passes({ pruning: 'fisher' }), [16, 16]);
  assert.deepEqual(await passes({ pruning: 'magnitude', ...unscored }), []);
  assert.deepEqual(await passes({ pruning: 'synflow', ...unscored, pruningIterations: 4 }), [4, 4]);
  assert.deepEqual(await passes({ pruning: 'snip', pruningIterations: 3 }), [6, 6]);
});

test('the temperature divides the logits of classes, and numbers have none', async () => {
  const kept = async (temperature?: number) => {
    return (await pruned({ pruning: 'grasp', sparsity: 0.8, graspTemperature: temperature })).kept;
  };
  assert.deepEqual(await kept(1), await kept());
  assert.notDeepEqual(await kept(1e-2), await kept());
  await assertRejectsInput(
    () => pruned({ pruning: 'grasp', graspTemperature: 200, ...reviewData('score') }),
    /A temperature divides the logits of classes; where numbers are predicted it must be 1/,
  );
  await assertRejectsInput(
    () => pruned({ pruning: 'snip', graspTemperature: 200 }),
    /^graspTemperature has no effect with pruning snip; it is for grasp/,
  );
});

/** Tiny settings without what belongs to the reviews alone. */
const noColumns = { evalData: undefined, text: undefined, label: undefined };

test('the temperature reaches the loss of every task', async () => {
  const animals = (name: string) => join(animalFolder(), `${name}.jsonl`);
  const tasks: GivenSettings[] = [
    { ...noColumns, task: 'squad', data: questionFolder(), stride: 4, maxLength: 20 },
    {
      ...noColumns,
      ...{ model: tinyBartFolder(), data: animals('train') },
      ...{ text: 'document', target: 'summary', maxTargetLength: 8 },
    },
  ];
  for (const settings of tasks) {
    const kept = async (temperature: number) =>
      (await pruned({ pruning: 'grasp', sparsity: 0.8, graspTemperature: temperature, ...settings })).kept;
    assert.notDeepEqual(await kept(1e-2), await kept(1), settings.task);
  }
});

test('a part, or some matrices by name, are pruned alone', async () => {
  assert.equal((await pruned({ pruningTargets: 'bottleneck' })).total, 512);
  assert.deepEqual((await pruned({ pruningTargets: '*.layer.0.*', pruning: 'synflow', ...unscored })).kept.length, 4);
  assert.equal((await pruned({ pruningTargets: '*.adapter_up.weight', sparsity: 0.5 })).total, 256);
  await assertRejectsInput(
    () => pruned({ pruningTargets: 'bottleneck,*.layer.2.*' }),
    /The adapter 'houlsby' has no weights to prune in '\*\.layer\.2\.\*'; its parts are: bottleneck\. Name another/,
  );
});

test('Large-Sparse: a run with as many kept weights as the narrow adapter has, saved and loaded', async () => {
  const narrow: AdapterSettings[] = [
    { kind: 'houlsby', bottleneck: 3 },
    { kind: 'lora', rank: 3, targetModules: ['key'] },
  ];
  for (const adapter of narrow) {
    for (const [largeSparse, scope] of [
      [3, 'global'],
      [7, 'layer'],
    ] as const) {
      const output = place();
      const result = await tinyRun(output, {
        settings: { ...tinySettings, adapter, largeSparse, pruningScope: scope },
      });
      assert.equal(result.status, 'finished');
      const { pruning: report, settings } = readRunConfig(output);
      const dense = adapter.kind === 'houlsby' ? 4 * 2 * 3 * 16 : 2 * 2 * 3 * 16;
      assert.deepEqual([report?.total, report?.kept, report?.dense], [largeSparse * dense, dense, dense]);
      assert.deepEqual([settings.sparsity, settings.largeSparse], [undefined, largeSparse]);
      const { model } = loadRun(output);
      assert.equal(total(model.adapter.prunable.map((parameter) => parameter.keptCount())), dense);
      assert.ok((await evaluateRun(output)).metrics.accuracy !== undefined);
    }
  }
});

test('a fusion takes over the wide adapter of a Large-Sparse run', async () => {
  const output = place();
  await tinyRun(output, { settings: { ...tinySettings, largeSparse: 3 } });
  const runs = ['one', 'two'].map((name) => ({ name, run: output }));
  const fused = fusedAdapters(runs, tinySettings.model);
  assert.deepEqual(
    fused.map(({ settings }) => settings.bottleneck),
    [12, 12],
  );
  const adapter = fusion.configure({ adapters: ['one', 'two'], dropout: 0 });
  const again = place();
  const result = await tinyRun(again, { settings: { ...tinySettings, adapter, fused, ...dense } });
  assert.equal(result.status, 'finished');
  const { prunable } = loadRun(again).model.adapters.get('one');
  assert.equal(total(prunable.map((parameter) => parameter.keptCount())), 512);
});

test('a stopped Large-Sparse run goes on with the same result', async () => {
  const pruning = { pruning: 'synflow', pruningIterations: 5, largeSparse: 2 };
  const settings = { ...tinySettings, ...unscored, ...pruning };
  const [whole, parts] = [place(), place()];
  const expected = await tinyRun(whole, { settings });
  await stoppedRun(parts, 3, { settings });
  const found = await tinyRun(parts, { settings, resume: true });
  const metrics = (result: typeof found) => result.status === 'finished' && result.metrics.epoch_losses;
  assert.deepEqual(metrics(found), metrics(expected));
});

test('the tensors of a run are counted from its file', async () => {
  const output = place();
  await tinyRun(output);
  const counts = storedCounts(output);
  const { saved } = loadRun(output).model;
  const sorted = (names: readonly string[]) => names.toSorted();
  assert.deepEqual(sorted(counts.map(({ name }) => name)), sorted(saved.map(({ name }) => name)));
  for (const parameter of saved) {
    const counted = counts.find(({ name }) => name === parameter.name);
    assert.deepEqual([counted?.total, counted?.kept], [parameter.size, parameter.keptCount()]);
  }
});

test('by default options and rounds are those of the method, and the record names them', async () => {
  const output = place();
  await tinyRun(output, { settings: { ...tinySettings, pruning: 'grasp' } });
  const { settings } = readRunConfig(output);
  const { pruning, sparsity, pruningScope, pruningTargets, pruningIterations, graspTemperature } = settings;
  assert.deepEqual(
    { pruning, sparsity, pruningScope, pruningTargets, pruningIterations, graspTemperature },
    {
      ...{ pruning: 'grasp', sparsity: 0.4, pruningScope: 'global', pruningTargets: 'all' },
      ...{ pruningIterations: 1, graspTemperature: 1 },
    },
  );
});

test.run();
