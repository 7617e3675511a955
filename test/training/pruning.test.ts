import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { type AdapterSettings, fusion } from '../../src/adapters/index.ts';
import {
  evaluateRun,
  fusedAdapters,
  loadRun,
  type PruningSettings,
  type RunSettings,
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
import { reviewData, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';
import { total } from '../support/values.ts';

const test = suite('training: pruning');
useBackend(test, 'wasm');

const place = () => join(temporaryFolder(), 'run');

interface Pruned {
  readonly kept: number[];
  readonly total: number;
  /** Told by `onPruning`. */
  readonly told: number[][];
}

/** Prunes the tiny adapter. */
async function pruned(pruning: Partial<PruningSettings>, changes: Partial<RunSettings> = {}): Promise<Pruned> {
  const told: number[][] = [];
  const { pruning: report } = await runPruning({
    settings: { ...tinySettings, ...changes, pruning: { ...tinySettings.pruning, ...pruning } as PruningSettings },
    output: null,
    command: [],
    versions: {},
    events: { onPruning: (...progress) => void told.push(progress) },
  });
  return { kept: report.layers.map(({ kept }) => kept), total: report.total, told };
}

test('losses are of batches, or of single examples, or not needed', async () => {
  const passes = async (pruning: Partial<PruningSettings>) => (await pruned(pruning)).told.at(-1) ?? [];
  // 16 examples in batches of 8.
  assert.deepEqual(await passes({ method: 'snip' }), [2, 2]);
  assert.deepEqual(await passes({ method: 'grasp' }), [4, 4]);
  assert.deepEqual(await passes({ method: 'fisher' }), [16, 16]);
  assert.deepEqual(await passes({ method: 'magnitude' }), []);
  assert.deepEqual(await passes({ method: 'synflow', iterations: 4 }), [4, 4]);
  assert.deepEqual(await passes({ method: 'snip', iterations: 3 }), [6, 6]);
});

test('the temperature divides the logits of classes, and numbers have none', async () => {
  const kept = async (temperature?: number) => {
    return (
      await pruned({
        method: 'grasp',
        sparsity: 0.8,
        options: temperature ? { graspTemperature: temperature } : undefined,
      })
    ).kept;
  };
  assert.deepEqual(await kept(1), await kept());
  assert.notDeepEqual(await kept(1e-2), await kept());
  await assertRejectsInput(
    () => pruned({ method: 'grasp', options: { graspTemperature: 200 } }, { data: reviewData('score') }),
    /A temperature divides the logits of classes; where numbers are predicted it must be 1/,
  );
  await assertRejectsInput(
    () => pruned({ method: 'snip', options: { graspTemperature: 200 } }),
    /^snip has no option 'graspTemperature'; its options: none/,
  );
});

test('the temperature reaches the loss of every task', async () => {
  const animals = (name: string) => join(animalFolder(), `${name}.jsonl`);
  const tasks: Partial<RunSettings>[] = [
    { data: { kind: 'squad', train: questionFolder(), eval: null, stride: 4 }, maxLength: 20 },
    {
      model: tinyBartFolder(),
      data: {
        kind: 'pairs',
        train: animals('train'),
        eval: null,
        text: 'document',
        target: 'summary',
        maxTargetLength: 8,
        generation: {},
      },
    },
  ];
  for (const settings of tasks) {
    const kept = async (temperature: number) =>
      (await pruned({ method: 'grasp', sparsity: 0.8, options: { graspTemperature: temperature } }, settings)).kept;
    assert.notDeepEqual(await kept(1e-2), await kept(1), settings.data?.kind);
  }
});

test('a part, or some matrices by name, are pruned alone', async () => {
  assert.equal((await pruned({ prunable: 'bottleneck' })).total, 512);
  assert.deepEqual((await pruned({ prunable: '*.layer.0.*', method: 'synflow' })).kept.length, 4);
  assert.equal((await pruned({ prunable: '*.adapter_up.weight', sparsity: 0.5 })).total, 256);
  await assertRejectsInput(
    () => pruned({ prunable: 'bottleneck,*.layer.2.*' }),
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
      const pruning = { ...tinySettings.pruning, sparsity: { largeSparse }, scope } as PruningSettings;
      const output = place();
      const result = await tinyRun(output, { settings: { ...tinySettings, adapter, pruning } });
      assert.equal(result.status, 'finished');
      const { pruning: report, settings } = readRunConfig(output);
      const dense = adapter.kind === 'houlsby' ? 4 * 2 * 3 * 16 : 2 * 2 * 3 * 16;
      assert.deepEqual([report?.total, report?.kept, report?.dense], [largeSparse * dense, dense, dense]);
      assert.deepEqual(settings.pruning?.sparsity, { largeSparse });
      const { model } = loadRun(output);
      assert.equal(total(model.adapter.prunable.map((parameter) => parameter.keptCount())), dense);
      assert.ok((await evaluateRun(output)).metrics.accuracy !== undefined);
    }
  }
});

test('a fusion takes over the wide adapter of a Large-Sparse run', async () => {
  const output = place();
  const pruning = { ...tinySettings.pruning, sparsity: { largeSparse: 3 } } as PruningSettings;
  await tinyRun(output, { settings: { ...tinySettings, pruning } });
  const runs = ['one', 'two'].map((name) => ({ name, run: output }));
  const fused = fusedAdapters(runs, tinySettings.model);
  assert.deepEqual(
    fused.map(({ settings }) => settings.bottleneck),
    [12, 12],
  );
  const adapter = fusion.configure({ adapters: ['one', 'two'], dropout: 0 });
  const again = place();
  const result = await tinyRun(again, { settings: { ...tinySettings, adapter, fused, pruning: null } });
  assert.equal(result.status, 'finished');
  const { prunable } = loadRun(again).model.adapters.get('one');
  assert.equal(total(prunable.map((parameter) => parameter.keptCount())), 512);
});

test('a stopped Large-Sparse run goes on with the same result', async () => {
  const pruning = { ...tinySettings.pruning, method: 'synflow', iterations: 5, sparsity: { largeSparse: 2 } };
  const settings = { ...tinySettings, pruning: pruning as PruningSettings };
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
  const pruning = { method: 'grasp', sparsity: 0.4, scope: 'global', examples: 8 } as const;
  await tinyRun(output, { settings: { ...tinySettings, pruning } });
  const completed = { prunable: 'all', iterations: 1, options: { graspTemperature: 1 }, ...pruning };
  assert.deepEqual(readRunConfig(output).settings.pruning, completed);
});

test.run();
