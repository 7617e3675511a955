import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AdapterSettings, configOf, lora, loraSizes } from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import {
  type MergedPart,
  type MergeOptions,
  mergeLora,
  mergeMethods,
  type Weight,
} from '../../src/interchange/index.ts';
import { type Matrix, product, transposed, truncated, truncatedProduct } from '../../src/interchange/small-svd.ts';
import { assertInputError } from '../io/input-error.ts';
import { forAll } from '../support/property.ts';

const test = suite('interchange: merging of LoRA');

const layers = ['bert.encoder.layer.0.attention.self.query', 'bert.encoder.layer.1.attention.self.query'];
const [OUT, IN] = [5, 7];

/** An adapter of random numbers. */
function part(seed: string | number, settings: Partial<AdapterSettings> = {}, masked = false): MergedPart {
  const own = lora.configure({ rank: 2, alpha: 3, targetModules: ['query'], ...settings });
  const random = new Random(seed);
  const weight = (name: string, shape: readonly [number, number]): Weight => ({
    name,
    shape,
    values: Float32Array.from({ length: shape[0] * shape[1] }, () =>
      masked && random.uniform() < 0.5 ? 0 : random.normal(0, 1),
    ),
    masked,
  });
  const weights = layers.flatMap((layer) => {
    const { rank } = sizesOf(own, layer);
    return [weight(`${layer}.lora_A.*.weight`, [rank, IN]), weight(`${layer}.lora_B.*.weight`, [OUT, rank])];
  });
  return { label: `adapter ${seed}`, settings: own, weights };
}

const sizesOf = (settings: AdapterSettings, layer: string) =>
  loraSizes(configOf(settings) as Parameters<typeof loraSizes>[0], layer);

const matrixOf = ({ shape: [rows, columns], values }: Weight): Matrix => ({
  rows,
  columns,
  values: Float64Array.from(values),
});

/** s B A of every layer, one after the other. */
const changeOf = ({ settings, weights }: Pick<MergedPart, 'settings' | 'weights'>): number[] =>
  layers.flatMap((layer) => {
    const [a, b] = ['A', 'B'].map((letter) => {
      const found = weights.find(({ name }) => name === `${layer}.lora_${letter}.*.weight`);
      assert.ok(found);
      return matrixOf(found);
    });
    const { rank, scale } = sizesOf(settings, layer);
    assert.deepEqual([a.rows, b.columns], [rank, rank]);
    return Array.from(product(b, a).values, (x) => x * scale);
  });

const sumOf = (parts: readonly MergedPart[], weights: readonly number[]): number[] =>
  changeOf(parts[0]).map((_, at) => parts.reduce((sum, own, i) => sum + weights[i] * changeOf(own)[at], 0));

function assertNear(got: readonly number[], expected: readonly number[], what = ''): void {
  const largest = Math.max(1, ...expected.map(Math.abs));
  got.forEach((x, i) => {
    assert.ok(Math.abs(x - expected[i]) <= 1e-5 * largest, `${what}: ${x} at ${i}, expected ${expected[i]}`);
  });
  assert.equal(got.length, expected.length);
}

const seed = fc.nat(1000);
const weight = fc.double({ min: -2, max: 2, noNaN: true });

for (const method of mergeMethods) {
  test(`${method}: one adapter with the weight 1, of which all is kept, changes what it did`, () => {
    const density = /^(linear|cat|svd)/.test(method) ? undefined : 1;
    forAll(seed, (of) => {
      const own = part(of, { rankPattern: ['layer.1.attention.self.query=3'] });
      assertNear(changeOf(mergeLora([own], { method, weights: [1], density })), changeOf(own), method);
    });
  });
}

for (const method of ['cat', 'svd'] as const) {
  test(`${method}: before it is cut, the change is the weighted sum of the changes`, () => {
    forAll(fc.tuple(seed, fc.tuple(weight, weight, weight)), ([of, weights]) => {
      const parts = [part(of), part(of + 1, { rank: 1 }), part(of + 2, { alpha: 9, rslora: true })];
      const given: MergeOptions = { method, weights, ...(method === 'svd' && { svdRank: 5 }) };
      assertNear(changeOf(mergeLora(parts, given)), sumOf(parts, weights), method);
    });
  });
}

test('svd: what is left is the nearest change of that rank', () => {
  const parts = [part(1), part(2)];
  const change = changeOf(mergeLora(parts, { method: 'svd', weights: [1, 1], svdRank: 1 }));
  const sum = sumOf(parts, [1, 1]);
  const error = (other: readonly number[]) => Math.hypot(...other.map((x, i) => x - sum[i]));
  assert.ok(error(change) > 0.1);
  for (let i = 0; i < 20; i++) {
    const { settings, weights } = mergeLora(parts, { method: 'svd', weights: [1, 1], svdRank: 1 });
    const random = new Random(i);
    const moved = weights.map((own) => ({ ...own, values: own.values.map((x) => x + random.normal(0, 0.02)) }));
    assert.ok(error(changeOf({ settings, weights: moved })) > error(change));
  }
});

const matrix = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), seed)
  .map(([rows, inner, columns, of]) => {
    const random = new Random(of);
    const numbers = (length: number) => Float64Array.from({ length }, () => random.normal(0, 1));
    return [
      { rows, columns: inner, values: numbers(rows * inner) },
      { rows: inner, columns, values: numbers(inner * columns) },
    ] as const;
  });

test('the decomposition of a product is that of its factors, with orthonormal rows on the right', () => {
  forAll(
    fc.tuple(matrix, fc.integer({ min: 1, max: 6 })),
    ([[left, right], rank]) => {
      const whole = product(left, right);
      const [one, other] = [truncatedProduct(left, right, rank), truncated(whole, rank)];
      const [first, second] = [one, other].map((cut) => [...product(cut.left, cut.right).values]);
      assertNear(first, second);
      if (rank >= Math.min(left.columns, left.rows, right.columns)) assertNear(first, [...whole.values]);
      const square = product(one.right, transposed(one.right));
      square.values.forEach((x, i) => {
        const isDiagonal = i % (square.rows + 1) === 0;
        // A direction of length 0 is 0.
        if (isDiagonal) assert.ok(Math.abs(x - 1) < 1e-9 || x < 1e-9, `${x}`);
        else assert.ok(Math.abs(x) < 1e-6, `${x}`);
      });
    },
    60,
  );
});

test('zeros that all adapters have pruned stay pruned, but for svd', () => {
  const parts = [part(1, {}, true), part(2, {}, true)];
  for (const method of ['linear', 'cat', 'ties', 'magnitude_prune', 'dare_linear', 'dare_ties'] as const) {
    const density = method === 'linear' || method === 'cat' ? undefined : 0.8;
    const { weights } = mergeLora(parts, { method, density });
    assert.ok(
      weights.every(({ masked, values }) => masked && values.includes(0)),
      method,
    );
    if (method === 'cat') continue;
    weights.forEach((own, i) => {
      own.values.forEach((x, at) => {
        if (parts.every(({ weights: all }) => all[i].values[at] === 0)) assert.equal(x, 0, method);
      });
    });
  }
  assert.ok(mergeLora(parts, { method: 'svd' }).weights.every(({ masked }) => !masked));
  assert.ok(mergeLora([parts[0], part(3)]).weights.every(({ masked }) => !masked));
});

test('what dare keeps follows from the seed', () => {
  const merged = (of?: number) =>
    changeOf(mergeLora([part(1), part(2)], { method: 'dare_linear', density: 0.5, seed: of }));
  assert.deepEqual(merged(), merged(42));
  assert.notDeepEqual(merged(1), merged(2));
});

test('layers that an adapter lacks are merged of the others', () => {
  const [one, other] = [part(1), part(2)];
  const half = { ...other, weights: other.weights.slice(0, 2) };
  const expected = sumOf([one, other], [1, 2]).map((x, i) => (i < OUT * IN ? x : changeOf(one)[i]));
  assertNear(changeOf(mergeLora([one, half], { method: 'cat', weights: [1, 2] })), expected);
});

test('adapters that do not fit each other, and options that are wrong, are refused by name', () => {
  const wide = { ...part(3), weights: part(3).weights.map((own) => ({ ...own, shape: [own.shape[0], 9] })) };
  const cases: [readonly MergedPart[], MergeOptions, RegExp][] = [
    [[], {}, /no adapter to merge/],
    [[part(1), { ...part(2), settings: { kind: 'pfeiffer' } }], {}, /adapter 2 is a pfeiffer adapter; only/],
    [[part(1, { dora: true })], {}, /adapter 1 is LoRA with DoRA/],
    [[part(1, { loraBias: true })], {}, /LoRA with a bias/],
    [[part(1, { bias: 'all' })], {}, /trained biases/],
    [[part(1, { modulesToSave: ['word_embeddings'] })], {}, /trained whole/],
    [
      [{ ...part(1), weights: part(1).weights.map((own) => ({ ...own, name: 'table.lora_embedding_A.*' })) }],
      {},
      /adapter 1 is LoRA on a table of embeddings; only/,
    ],
    [[part(1), part(2, { rank: 4 })], {}, /has the rank 2 in adapter 1 and 4 in adapter 2, which linear cannot/],
    [[part(1), wide], { method: 'cat' }, /another rank|is \[5, 7\] in adapter 1, but/],
    [[part(1)], { weights: [1, 2] }, /--weights \(weights\) must be 1 numbers/],
    [[part(1)], { method: 'ties' }, /ties needs --density/],
    [[part(1)], { method: 'ties', density: 0 }, /ties needs --density/],
    [[part(1)], { density: 0.5 }, /--density \(density\) has no effect with linear/],
    [[part(1)], { svdRank: 2 }, /--svd-rank \(svdRank\) has no effect with linear/],
    [[part(1)], { method: 'svd', svdRank: 0.5 }, /whole number above 0, not 0.5/],
    [[part(1)], { majoritySign: 'total' }, /--majority-sign \(majoritySign\) has no effect with linear/],
    [[part(1)], { method: 'nope' as 'cat' }, /"nope" is not known; there are linear, cat/],
  ];
  for (const [parts, options, message] of cases) assertInputError(() => mergeLora(parts, options), message);
});

test.run();
