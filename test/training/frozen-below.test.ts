import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { setBackend, tidy } from '../../src/index.ts';
import { ActivationCache, FrozenLayers, type PackedBatch, packSequences } from '../../src/models/index.ts';
import { evaluateRun, type GivenSettings, RunCache, type RunSettings, WEIGHTS } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertClose } from '../support/compare.ts';
import { forAllAsync } from '../support/property.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyBert, tinyClassifier, tinyExamples, tinyFolder, tinyRoberta } from '../support/tiny-model.ts';
import { dense, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: frozen layers below the adapter');

const config = { ...tinyBert, num_hidden_layers: 4 };
const settings: GivenSettings = {
  ...tinySettings,
  model: tinyFolder({ config }),
  adapter: { kind: 'houlsby', bottleneck: 4, leaveOut: [0, 1] },
  cacheFrozenLayers: true,
};
test.before(async () => {
  await setBackend('wasm', { threads: 1 });
});

/** The results of a run, to the last bit. */
async function outcome(own: GivenSettings, cache?: RunCache) {
  const output = join(temporaryFolder(), 'run');
  const result = await tinyRun(output, { settings: own, cache });
  assert.ok(result.status === 'finished');
  const { metrics, epoch_losses } = result.metrics;
  return { output, numbers: { metrics, epoch_losses, weights: readFileSync(join(output, WEIGHTS)) } };
}

test('with any layers left out, a run is the same bits with memory for all, for some and for none', () =>
  forAllAsync(
    fc.record({
      others: fc.subarray([1, 2, 3], { maxLength: 2 }),
      adapter: fc.constantFrom<RunSettings['adapter']>(
        { kind: 'houlsby', bottleneck: 4 },
        { kind: 'lora', rank: 2 },
        { kind: 'mam', bottleneck: 4, prefixLength: 2, prefixBottleneck: 3 },
      ),
      pruning: fc.constantFrom<GivenSettings>(dense, { pruning: 'snip' }, { pruning: 'grasp' }),
      seed: fc.nat(9),
    }),
    async ({ others, adapter, pruning, seed }) => {
      const own = { ...settings, adapter: { ...adapter, leaveOut: [0, ...others] }, ...pruning, seed };
      const none = await outcome(own, new RunCache(0));
      const all = new RunCache();
      assert.deepEqual((await outcome(own, all)).numbers, none.numbers);
      assert.ok(all.activations.bytes > 0);
      // The second run finds everything there.
      const { bytes } = all.activations;
      assert.deepEqual((await outcome(own, all)).numbers, none.numbers);
      assert.equal(all.activations.bytes, bytes);
      const some = new RunCache(bytes / 2);
      assert.deepEqual((await outcome(own, some)).numbers, none.numbers);
      assert.ok(some.activations.bytes > 0 && some.activations.bytes <= bytes / 2);
      for (const cache of [all, some]) cache.dispose();
    },
    4,
  ));

for (const [name, json, types] of [
  ['bert', tinyBert, 2],
  ['roberta', tinyRoberta, 1],
] as const) {
  test(`the output is that of the whole encoder but for rounding, sequences are computed once (${name})`, () => {
    const { encoder } = tinyClassifier(undefined, { config: { ...json, num_hidden_layers: 4 } });
    const items = tinyExamples(9).map(({ ids }, i) => ({ ids, typeIds: ids.map((_, place) => (place + i) % types) }));
    const batch = packSequences(items, encoder.positionIds);
    const valuesOf = (of: PackedBatch) => tidy(() => Array.from(encoder.forward(of).dataSync()));
    const whole = valuesOf(batch);
    for (const count of [1, 2, 3, 4]) {
      let computed = 0;
      const compute = (of: PackedBatch) => {
        computed++;
        return encoder.inputOf(count, of);
      };
      encoder.frozen = new FrozenLayers(count, compute, new ActivationCache(), 'tiny');
      const shape = [whole.length];
      const first = valuesOf(batch);
      assertClose({ shape, values: first }, { shape, values: whole }, 1e-5);
      const texts = new Set(items.map((item) => JSON.stringify(item))).size;
      assert.equal(computed, texts);
      // In another order and in parts, the states are the same bits.
      const half = packSequences(items.slice(4), encoder.positionIds);
      valuesOf(half);
      assert.equal(computed, texts);
      assert.deepEqual(valuesOf(batch), first);
      encoder.frozen = null;
    }
  });
}

test('weights that are trained in a layer without a part of the adapter are not below it', async () => {
  const adapter = { kind: 'lora', rank: 2, leaveOut: [0, 1], modulesToSave: ['layer.1.output'] };
  const cache = new RunCache();
  const [all, none] = [
    await outcome({ ...settings, adapter }, cache),
    await outcome({ ...settings, adapter }, new RunCache(0)),
  ];
  assert.deepEqual(all.numbers, none.numbers);
  assert.ok(cache.activations.bytes > 0);
  cache.dispose();
});

test('a run that was stopped goes on to the same bits, and its folder gives the same scores', async () => {
  const whole = await outcome(settings);
  assert.deepEqual((await evaluateRun(whole.output)).metrics, whole.numbers.metrics);
  const output = join(temporaryFolder(), 'stopped');
  const stopped = await stoppedRun(output, 2, { settings });
  assert.equal(stopped.status, 'stopped');
  await tinyRun(output, { settings, resume: true });
  assert.deepEqual(readFileSync(join(output, WEIGHTS)), whole.numbers.weights);
});

test('without dropout below the numbers are others than with it', async () => {
  const { cacheFrozenLayers: _, ...usual } = settings;
  const [without, with_] = [await outcome(settings), await outcome(usual)];
  assert.notDeepEqual(without.numbers.epoch_losses, with_.numbers.epoch_losses);
});

test('where nothing lies below the adapter, and in BART, it is refused', async () => {
  const refused: [GivenSettings, RegExp][] = [
    [
      { adapter: { kind: 'houlsby' } },
      /No frozen layer lies below the adapter.*give the layers below with --leave-out/,
    ],
    [{ adapter: { kind: 'houlsby', leaveOut: [1] } }, /No frozen layer lies below/],
    [{ adapter: { kind: 'full' }, ...dense }, /No frozen layer lies below/],
    [{ adapter: { kind: 'ln-tuning' }, ...dense }, /No frozen layer lies below/],
    [
      { adapter: { kind: 'lora', leaveOut: [0], modulesToSave: ['word_embeddings'] } },
      /^InputError: No frozen layer lies below what is trained, as bert\.embeddings\.word_embeddings\.weight is; train without --cache-frozen-layers/,
    ],
    [{ adapter: { kind: 'lora', leaveOut: [0, 1], bias: 'all' } }, /No frozen layer lies below/],
    [
      { adapter: { kind: 'lora', leaveOut: [0, 1], modulesToSave: ['layer.0.attention.output'] } },
      /No frozen layer lies below the adapter/,
    ],
  ];
  for (const [changes, message] of refused) await assert.rejects(outcome({ ...settings, ...changes }), message);
  const data = temporaryFolder({ 'train.jsonl': '{"a":"ant","b":"bee"}\n' });
  const pairs: GivenSettings = {
    cacheFrozenLayers: true,
    maxLength: 16,
    model: tinyBartFolder(),
    adapter: { kind: 'houlsby', leaveOut: [0] },
    ...{ data: join(data, 'train.jsonl'), text: 'a', target: 'b', maxTargetLength: 8 },
  };
  await assert.rejects(outcome(pairs), /left out below the adapter in encoders alone/);
});

test.run();
