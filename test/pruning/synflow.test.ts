import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { attachAdapter, houlsby, lora, mam, prefix } from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { prune, type ScoreContext, synflow } from '../../src/pruning/index.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { maskOf } from '../support/parameters.ts';
import { forAllAsync } from '../support/property.ts';
import { tinyClassifier } from '../support/tiny-model.ts';
import { range, total } from '../support/values.ts';

const test = suite('pruning: SynFlow');
useBackend(test, 'reference', { dtype: 'float64' });

/** A chain of linear layers of these widths with random weights, and about a fifth of them masked. */
function chain(widths: readonly number[], seed: number): Parameter[] {
  const random = new Random(seed);
  return widths.slice(1).map((out, i) => {
    const size = out * widths[i];
    const parameter = new Parameter(
      `w${i}`,
      range(size).map(() => random.normal()),
      [out, widths[i]],
    );
    parameter.setMask(range(size).map(() => Number(random.uniform() > 0.2)));
    return parameter;
  });
}

const contextOf = (...chains: Parameter[][]): ScoreContext => ({
  parameters: chains.flat(),
  chains,
  losses: [],
  random: new Random(0),
});

/** |w| times the number of ones in and out that flow through it: rows of what is above it times columns of what is below. */
function byHand(layers: readonly Parameter[]): number[][] {
  const weights = layers.map(({ value, shape: [out, inner] }) => {
    const w = value.dataSync();
    return range(out).map((i) => range(inner).map((j) => Math.abs(w[i * inner + j])));
  });
  const below: number[][] = [range(layers[0].shape[1]).map(() => 1)];
  for (const w of weights) below.push(w.map((row) => total(row.map((x, j) => x * (below.at(-1) as number[])[j]))));
  let above = range(layers[layers.length - 1].shape[0]).map(() => 1);
  const scores: number[][] = [];
  for (let l = layers.length - 1; l >= 0; l--) {
    scores.unshift(weights[l].flatMap((row, i) => row.map((x, j) => above[i] * x * below[l][j])));
    above = range(layers[l].shape[1]).map((j) => total(weights[l].map((row, i) => row[j] * above[i])));
  }
  return scores;
}

const near = (found: number, expected: number) => Math.abs(found - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
const widths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 5 });

test('the score is the part of the flow through each weight', () =>
  forAllAsync(fc.tuple(widths, fc.nat()), async ([sizes, seed]) => {
    const layers = chain(sizes, seed);
    const scores = await synflow(contextOf(layers));
    byHand(layers).forEach((expected, l) => {
      expected.forEach((z, i) => {
        assert.ok(near(scores[l][i], z), `${scores[l][i]}, not ${z}`);
      });
    });
  }));

test('conservation: all layers of a chain have the same sum of scores, and so have the two sides of every hidden unit', () =>
  forAllAsync(fc.tuple(widths, fc.nat()), async ([sizes, seed]) => {
    const layers = chain(sizes, seed);
    const scores = await synflow(contextOf(layers));
    const sums = scores.map((z) => total(Array.from(z)));
    for (const sum of sums) assert.ok(near(sum, sums[0]), String(sums));
    for (let l = 0; l + 1 < layers.length; l++) {
      const [inner, out] = [layers[l].shape[1], layers[l + 1].shape[0]];
      for (const unit of range(layers[l].shape[0])) {
        const into = total(range(inner).map((j) => scores[l][unit * inner + j]));
        const from = total(range(out).map((i) => scores[l + 1][i * layers[l].shape[0] + unit]));
        assert.ok(near(into, from), `unit ${unit}: ${into}, ${from}`);
      }
    }
  }));

test('signs of weights, other chains and data do not matter', () =>
  forAllAsync(fc.tuple(widths, fc.nat()), async ([sizes, seed]) => {
    const layers = chain(sizes, seed);
    const scores = await synflow(contextOf(layers));
    const unused = () => {
      throw new Error('the loss was computed');
    };
    const other = chain([3, 2], seed + 1);
    const beside = await synflow({ ...contextOf(layers, other), losses: [unused] });
    assert.deepEqual(beside.slice(0, layers.length), scores);
    for (const layer of layers)
      layer.load(
        layer.value.dataSync().map((w) => -w),
        maskOf(layer),
      );
    assert.deepEqual(await synflow(contextOf(layers)), scores);
  }));

test('a table whose rows are read flows by rows', async () => {
  const table = new Parameter('table', [1, -2, 3, 4, 5, 6], [2, 3]);
  const reader = new Parameter('reader', [1, 0, 2], [1, 3]);
  const [z] = await synflow(contextOf([table, reader]));
  assert.deepEqual(Array.from(z), [1, 0, 6, 4, 0, 12]);
});

test('in rounds no layer is emptied where a single round empties one', async () => {
  const layers = chain([20, 2, 20], 1);
  for (const layer of layers) layer.setMask(null);
  // A narrow layer between wide ones, of smaller weights.
  layers[0].load(
    layers[0].value.dataSync().map((w) => w * 1e-3),
    null,
  );
  const start = layers.map(({ value }) => value.dataSync());
  const kept = async (method: string, iterations: number) => {
    layers.forEach((layer, i) => {
      layer.load(start[i], null);
    });
    await prune({ ...contextOf(layers), method, sparsity: 0.9, iterations });
    return layers.map((layer) => layer.keptCount());
  };
  assert.deepEqual(await kept('magnitude', 1), [0, 8]);
  assert.ok((await kept('synflow', 100)).every((count) => count > 0));
});

test('by default it prunes in 100 rounds', async () => {
  const layers = chain([4, 3, 4], 1);
  let rounds = 0;
  await prune({ ...contextOf(layers), method: 'synflow', sparsity: 0.5, onBatch: () => void rounds++ });
  assert.equal(rounds, 100);
});

test('the chains of an adapter are its modules', () => {
  const pairs = (model = tinyClassifier(), settings = houlsby.configure({ bottleneck: 4 })) =>
    attachAdapter(model, settings).chains.map((matrices) => matrices.map(({ shape }) => shape.join('x')).join(' '));
  assert.deepEqual(pairs(), Array(4).fill('4x16 16x4'));
  // As wide as the model itself, so that all matrices would fit each other.
  assert.deepEqual(pairs(tinyClassifier(), houlsby.configure({ bottleneck: 16 })), Array(4).fill('16x16 16x16'));
  const targetModules = ['query', 'intermediate.dense', 'output.dense'];
  assert.deepEqual(
    pairs(tinyClassifier(), lora.configure({ rank: 2, targetModules })),
    [0, 1].flatMap(() => ['2x16 16x2', '2x16 16x2', '2x16 32x2', '2x32 16x2']),
  );
  const prefixes = { prefixLength: 3, prefixBottleneck: 5 };
  assert.deepEqual(pairs(tinyClassifier(), prefix.configure(prefixes)), ['3x16 5x16 64x5']);
  const mixed = mam.configure({ ...prefixes, bottleneck: 4 });
  assert.deepEqual(pairs(tinyClassifier(), mixed), ['3x16 5x16 64x5', '4x16 16x4', '4x16 16x4']);
});

test('an adapter that starts as the identity, and matrices without chains, are errors', async () => {
  const { prunable, chains } = attachAdapter(
    tinyClassifier(),
    houlsby.configure({ bottleneck: 4, init: 'mam_adapter' }),
  );
  const options = { method: 'synflow', sparsity: 0.5, parameters: prunable, losses: [], random: new Random(1) };
  await assertRejectsInput(() => prune({ ...options, chains }), /^synflow: all scores are 0, .* init 'bert'/);
  await assertRejectsInput(
    () => prune(options),
    /^synflow: bert.*weight is in no chain of matrices; give the 'chains'/,
  );
});

test.run();
