import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, type AdapterSettings, attachAdapter, freezeBackbone } from '../../src/adapters/index.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { memory, setBackend } from '../../src/index.ts';
import { isHeadParameter, parseModelConfig } from '../../src/models/index.ts';
import { emptiedWarning, prune } from '../../src/pruning/index.ts';
import { Random } from '../../src/random/index.ts';
import { checkBatchSize } from '../../src/training/batch-memory.ts';
import { chosenSettings, classificationObjective, Trainer, trainingOptions } from '../../src/training/index.ts';
import { assertInputError, assertInputErrorAsync } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyBert, tinyClassifier } from '../support/tiny-model.ts';
import { tinyRun, tinySettings } from '../support/tiny-run.ts';
import { range } from '../support/values.ts';

const test = suite('training: sizes that cannot work');
useBackend(test, 'wasm');

const huge: [AdapterSettings, RegExp][] = [
  [
    { kind: 'houlsby', bottleneck: 1e9 },
    /^houlsby: bottleneck 1000000000 makes arrays of [\d.]+ GiB, .*; lower bottleneck\.$/,
  ],
  [{ kind: 'pfeiffer', bottleneck: 20_000_000 }, /^pfeiffer: bottleneck 20000000 /],
  [{ kind: 'lora', rank: 1e9 }, /^lora: rank 1000000000 /],
  [{ kind: 'prefix', prefixLength: 1e9 }, /^prefix: prefixLength 1000000000 /],
  [{ kind: 'prefix', prefixLength: 1e7 }, /^prefix: prefixLength 10000000 /],
  [{ kind: 'mam', prefixLength: 1e7 }, /^mam: prefixLength 10000000 /],
  [{ kind: 'prefix', prefixFlat: true, prefixLength: 2e7 }, /^prefix: prefixLength 20000000 /],
  [{ kind: 'prefix', prefixBottleneck: 1e9 }, /^prefix: prefixBottleneck 1000000000 /],
  [{ kind: 'mam', bottleneck: Number.MAX_SAFE_INTEGER }, /^mam: bottleneck 9007199254740991 /],
];
for (const [settings, message] of huge) {
  test(`${JSON.stringify(settings)} is refused before anything is allocated`, () => {
    const model = tinyClassifier();
    const adapters = new AdapterSet(model);
    const before = memory();
    const begun = performance.now();
    assertInputError(() => adapters.add('a', settings), message);
    assert.deepEqual(memory(), before);
    assert.ok(performance.now() - begun < 1000);
    // The names are free again.
    assert.ok(adapters.add('a', { kind: 'houlsby', bottleneck: 2 }).parameters.length > 0);
  });
}

const trained: [AdapterSettings, number, RegExp][] = [
  // Weights alone would fit: what training keeps of them beside does not.
  [{ kind: 'houlsby', bottleneck: 2_500_000 }, 1, /^houlsby: bottleneck 2500000 makes arrays of /],
  [{ kind: 'prefix', prefixLength: 1e6 }, 16, /^prefix: prefixLength 1000000 makes arrays of /],
  [{ kind: 'mam', prefixLength: 1e6 }, 16, /^mam: prefixLength 1000000 makes arrays of /],
  [{ kind: 'prefix', prefixFlat: true, prefixLength: 1e6 }, 16, /^prefix: prefixLength 1000000 makes arrays of /],
];
for (const [settings, sequences, message] of trained) {
  test(`${JSON.stringify(settings)} in batches of ${sequences} cannot be trained, which is told before it is made`, () => {
    const adapters = new AdapterSet(tinyClassifier());
    const before = memory();
    assertInputError(() => adapters.add('a', settings, { isTrained: true, sequences }), message);
    assert.deepEqual(memory(), before);
  });
}

/** The most bytes that blocks of the fast backend have together while a model with an adapter is trained a second step. */
async function mostBytes(adapter: AdapterSettings, config: Readonly<Record<string, unknown>>, sequences: number) {
  const backend = await setBackend('wasm', { threads: 1 });
  assert.ok(backend instanceof WasmBackend);
  const blocks = new Map<object, number>();
  let [live, most] = [0, 0];
  const allocate = backend.memory.allocate.bind(backend.memory);
  const free = backend.memory.free.bind(backend.memory);
  backend.memory.allocate = (bytes) => {
    const block = allocate(bytes);
    blocks.set(block, block.size);
    live += block.size;
    most = Math.max(most, live);
    return block;
  };
  backend.memory.free = (block) => {
    live -= blocks.get(block) ?? 0;
    blocks.delete(block);
    free(block);
  };
  const model = tinyClassifier(undefined, { config });
  freezeBackbone(model, attachAdapter(model, adapter), isHeadParameter);
  const items = range(sequences).map((i) => ({ ids: [2, 18, 3], typeIds: [0, 0, 0], label: i % 2 }));
  const parameters = model.parameters().filter(({ trainable }) => trainable);
  const options = trainingOptions({ learningRate: 1e-3, epochs: 2, batchSize: sequences });
  const trainer = new Trainer(classificationObjective(model, items, parameters), options, new Random(1));
  await trainer.trainStep();
  most = 0;
  await trainer.trainStep();
  await setBackend('wasm');
  return most;
}

for (const [kind, prefixFlat] of [
  ['prefix', false],
  ['prefix', true],
  ['mam', false],
] as const) {
  test(`what a ${prefixFlat ? 'flat ' : ''}${kind} of some length is said to take is what a step takes of it`, async () => {
    for (const [sequences, layers] of [
      [1, 1],
      [1, 2],
      [1, 3],
      [3, 4],
      [6, 2],
      [12, 4],
      [2, 6],
    ]) {
      const config = { ...tinyBert, hidden_size: 64, intermediate_size: 64, num_hidden_layers: layers };
      const adapter = (prefixLength: number) => ({ kind, prefixLength, prefixFlat, prefixBottleneck: 8 });
      const [some, more] = [
        await mostBytes(adapter(300), config, sequences),
        await mostBytes(adapter(600), config, sequences),
      ];
      const adapters = new AdapterSet(tinyClassifier(undefined, { config }));
      const length = 1e8;
      let said = 0;
      assert.throws(
        () => adapters.add('a', adapter(length), { isTrained: true, sequences }),
        ({ message }: Error) => {
          said = Number(/makes arrays of ([\d.]+) GiB/.exec(message)?.[1]);
          return true;
        },
      );
      const part = (said * 2 ** 30) / (((more - some) / 300) * length);
      assert.ok(part > 0.9 && part < 1.001, `${part} of it for ${sequences} sequences and ${layers} layers`);
    }
  });
}

test('an adapter that is larger than its model is told before it is made, unless it is small', () => {
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  new AdapterSet(tinyClassifier()).add('a', { kind: 'houlsby', bottleneck: 500 }, { isTrained: true, onWarning });
  assert.equal(warnings.length, 0);
  const adapters = new AdapterSet(tinyClassifier());
  const before = memory();
  const told = (message: string) => {
    assert.deepEqual(memory(), before);
    warnings.push(message);
  };
  adapters.add(
    'a',
    { kind: 'prefix', prefixLength: 2, prefixBottleneck: 200_000 },
    { isTrained: true, onWarning: told },
  );
  assert.match(
    warnings.join(),
    /^prefix: prefixBottleneck 200000 makes the adapter [\d.]+ times as large as the model, so that each step takes long; lower prefixBottleneck\.$/,
  );
});

test('a Large-Sparse factor that makes the adapter too large is refused by its own name', async () => {
  const settings = { ...tinySettings, pruningExamples: undefined, pruning: 'magnitude', largeSparse: 1e6 };
  await assertInputErrorAsync(
    () => tinyRun(temporaryFolder({}), { settings }),
    /^houlsby: largeSparse 1000000 makes arrays of .*; lower largeSparse\.$/,
  );
});

test('a batch that does not fit into memory is refused by the name of its option', () => {
  const config = parseModelConfig({ ...tinyBert, intermediate_size: 3072 });
  const lengths = Array.from({ length: 100_000 }, () => 128);
  assertInputError(
    () => checkBatchSize(lengths, 1e9, config),
    /^batch size 1000000000: a batch of 12800000 tokens needs 146\.5 GiB for each layer, and there are 4\.0; lower it\.$/,
  );
  assertInputError(() => checkBatchSize(lengths, { tokens: 1e9 }, config), /^batch tokens 1000000000: /);
  checkBatchSize(lengths, 16, config);
  checkBatchSize(lengths, { tokens: 4096 }, config);
  checkBatchSize([10, 20], 1e9, config);
});

test('epochs without end are refused, by the name of the field', () => {
  assertInputError(() => chosenSettings({ ...tinySettings, epochs: 1e9 }), /settings: epochs must be .* 1000000/);
});

test('matrices that pruning empties are told in one line, and adapters of which biases alone are left', async () => {
  const warnings: string[] = [];
  const onWarning = (message: string) => warnings.push(message);
  const task = () => {
    const adapters = new AdapterSet(tinyClassifier());
    const { prunable: parameters } = adapters.add('a', { kind: 'houlsby', bottleneck: 2 });
    return { method: 'magnitude', parameters, losses: [], random: new Random(1), onWarning };
  };
  await prune({ ...task(), sparsity: 0.5, scope: 'layer' });
  assert.deepEqual(warnings, []);
  const report = await prune({ ...task(), sparsity: 0.99 });
  const emptied = report.layers.filter(({ kept }) => kept === 0).length;
  assert.ok(emptied > 0 && report.kept > 0);
  assert.match(
    warnings.pop() ?? '',
    new RegExp(`^pruning leaves no weight in ${emptied} of ${report.layers.length} matrices`),
  );
  await prune({ ...task(), sparsity: 0.9999 });
  assert.match(warnings.pop() ?? '', /^pruning leaves no weight in any of the \d+ matrices, so that biases/);
  assert.equal(emptiedWarning({ total: 4, kept: 4, layers: [{ name: 'a', total: 4, kept: 4 }] }), null);
});

test.run();
