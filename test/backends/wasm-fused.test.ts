import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import type { AttentionSpec, FusedAttributes, FusedName } from '../../src/backends/backend.ts';
import { erf } from '../../src/backends/reference/erf.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { counterUniform } from '../../src/random/counter.ts';
import { Random } from '../../src/random/random.ts';
import { selfAttention } from '../support/attention.ts';
import { difference } from '../support/compare.ts';
import { alongRows, range, softmaxOf, total, type Values } from '../support/values.ts';

const test = suite('wasm: fused kernels');
const wasm = new WasmBackend();

/** Relative to the largest entry. */
const VALUE = 2e-6;
const GRADIENT = 1e-5;
/** Step of the central differences, which are taken in float64. */
const STEP = 1e-4;

/** A fused operation on numbers, and what it means in float64 without the engine. */
interface Example<Name extends FusedName = FusedName> {
  readonly name: Name;
  readonly inputs: readonly Values[];
  readonly attributes: FusedAttributes[Name];
  readonly expected: (...inputs: Values[]) => Values;
}

const random = new Random('fused');
/** Normally distributed numbers, as float32 has them. */
function numbers(shape: readonly number[], std = 1): Values {
  const length = shape.reduce((size, n) => size * n, 1);
  return { shape, values: range(length).map(() => Math.fround(random.normal(0, std))) };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => total(Array.from(a, (x, i) => x * b[i]));
const along = (x: Values, direction: Values, step: number): Values => ({
  shape: x.shape,
  values: Array.from(x.values, (v, i) => v + step * direction.values[i]),
});

/**
 * Value, gradients, the omission of gradients that are not needed, and that nothing stays allocated. A gradient g of
 * L = Σ w y is compared with (L(x + h u) - L(x - h u)) / 2h = g · u for random directions u.
 */
function check({ name, inputs, attributes, expected }: Example): void {
  const kernel = wasm.fused[name] as NonNullable<typeof wasm.fused.softmax>;
  const views = inputs.map(({ values, shape }) => ({ buffer: wasm.upload(values), shape }));
  const { output, saved } = kernel.forward(views, attributes as Record<never, never>);
  const wanted = expected(...inputs);
  const got = { shape: wanted.shape, values: wasm.readSync(output) };
  const error = difference(got, wanted);
  assert.ok(error <= VALUE, `${name}: the value is off by ${error}`);

  const weights = numbers(wanted.shape);
  const dy = { buffer: wasm.upload(weights.values), shape: wanted.shape };
  const y = { buffer: output, shape: wanted.shape };
  const gradients = (needs: boolean[]) =>
    kernel.backward(views, y, saved, dy, needs, attributes as Record<never, never>).map((gradient, i) => {
      assert.equal(gradient !== null, needs[i], `${name}: gradient ${i}`);
      const values = gradient && wasm.readSync(gradient);
      if (gradient) wasm.free(gradient);
      return values;
    });

  const all = gradients(inputs.map(() => true));
  inputs.forEach((input, i) => {
    const direction = numbers(input.shape);
    const objective = (step: number) =>
      dot(expected(...inputs.map((x, j) => (i === j ? along(x, direction, step) : x))).values, weights.values);
    const slope = (objective(STEP) - objective(-STEP)) / (2 * STEP);
    const product = dot(all[i]!, direction.values);
    const scale = Math.max(1, Math.sqrt(dot(all[i]!, all[i]!) * dot(direction.values, direction.values)));
    const off = Math.abs(product - slope) / scale;
    assert.ok(off <= GRADIENT, `${name}: the gradient of input ${i} is off by ${off}: ${product} for ${slope}`);
    assert.deepEqual(gradients(inputs.map((_, j) => j === i))[i], all[i]);
  });

  for (const buffer of [...views.map((view) => view.buffer), output, dy.buffer, ...saved]) wasm.free(buffer);
  assert.equal(wasm.bytes(), 0);
}

function property(name: string, examples: fc.Arbitrary<Example>, numRuns = 30): void {
  test(name, () => fc.assert(fc.property(examples, check), { seed: 1, numRuns }));
}

const size = (max: number) => fc.integer({ min: 1, max });
const matrix = fc.tuple(size(9), size(70));

const at = ({ values, shape }: Values, row: number, column: number): number => values[row * shape[1] + column];

property(
  'softmax',
  matrix.map((shape) => ({
    name: 'softmax',
    inputs: [numbers(shape, 4)],
    attributes: {},
    expected: (x) => alongRows(x, softmaxOf),
  })),
);

property(
  'logSoftmax',
  matrix.map((shape) => ({
    name: 'logSoftmax',
    inputs: [numbers(shape, 4)],
    attributes: {},
    expected: (x) => alongRows(x, (row) => softmaxOf(row).map(Math.log)),
  })),
);

test('softmax of large and of equally low numbers', () => {
  const x = wasm.upload([1000, 1000, -1000, -Infinity]);
  const { output } = wasm.fused.softmax.forward([{ buffer: x, shape: [4] }], {});
  assert.deepEqual(wasm.readSync(output), Float32Array.of(0.5, 0.5, 0, 0));
  for (const buffer of [x, output]) wasm.free(buffer);
});

test('no rows at all', () => {
  const [x, vector] = [0, 5].map((length) => wasm.fill(length, 1));
  const [empty, five] = [
    { buffer: x, shape: [0, 5] },
    { buffer: vector, shape: [5] },
  ];
  const results = [
    wasm.fused.softmax.forward([empty], {}),
    wasm.fused.logSoftmax.forward([empty], {}),
    wasm.fused.gelu.forward([empty], {}),
    wasm.fused.layerNorm.forward([empty, five, five], { eps: 1e-5 }),
  ];
  for (const { output, saved } of results) {
    assert.equal(output.length, 0);
    for (const buffer of [output, ...saved]) wasm.free(buffer);
  }
  for (const buffer of [x, vector]) wasm.free(buffer);
  assert.equal(wasm.bytes(), 0);
});

property(
  'layerNorm',
  matrix.map(([rows, n]) => ({
    name: 'layerNorm',
    inputs: [numbers([rows, n], 2), numbers([n]), numbers([n])],
    attributes: { eps: 0.1 },
    expected: (x, w, b) =>
      alongRows(x, (row) => {
        const mean = total(row) / n;
        const deviation = Math.sqrt(total(row.map((v) => (v - mean) ** 2)) / n + 0.1);
        return row.map((v, i) => ((v - mean) / deviation) * w.values[i] + b.values[i]);
      }),
  })),
);

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const activations = {
  gelu: (x: number) => (x / 2) * (1 + erf(x * Math.SQRT1_2)),
  geluTanh: (x: number) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  silu: (x: number) => x * logistic(x),
};
for (const [name, f] of Object.entries(activations)) {
  property(
    name,
    matrix.map((shape) => ({
      name: name as keyof typeof activations,
      inputs: [numbers(shape, 3)],
      attributes: {},
      expected: (x) => ({ shape: x.shape, values: Array.from(x.values, f) }),
    })),
  );

  test(`${name} far from zero`, () => {
    const points = [-30, -12, -9, 9, 12, 30, 0];
    const [x, ones] = [wasm.upload(points), wasm.fill(points.length, 1)];
    const view = { buffer: x, shape: [points.length] };
    const { output } = wasm.fused[name as 'gelu'].forward([view], {});
    const dy = { buffer: ones, shape: view.shape };
    const [dx] = wasm.fused[name as 'gelu'].backward([view], { ...view, buffer: output }, [], dy, [true], {});
    const slope = (v: number) => (f(v + STEP) - f(v - STEP)) / (2 * STEP);
    const closeTo = (got: Float32Array, expected: number[]) => {
      expected.forEach((value, i) => {
        assert.ok(Math.abs(got[i] - value) <= 1e-6 * Math.max(1, Math.abs(value)), `${points[i]}: ${got[i]}`);
      });
    };
    closeTo(wasm.readSync(output), points.map(f));
    closeTo(wasm.readSync(dx!), points.map(slope));
    for (const buffer of [x, ones, output, dx!]) wasm.free(buffer);
  });
}

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

/** softmax(scale q kᵀ) v for each sequence and head, with the causal mask and the dropout that the interface describes. */
function attend(q: Values, k: Values, v: Values, spec: AttentionSpec): Values {
  const { heads, scale, queryOffsets, keyOffsets, keyCounts, causal, dropout } = spec;
  const hidden = q.shape[1];
  const width = hidden / heads;
  const mostKeys = Math.max(...keyCounts);
  const values = new Array<number>(q.values.length).fill(0);
  keyCounts.forEach((keys, s) => {
    for (let r = queryOffsets[s]; r < queryOffsets[s + 1]; r++) {
      const seen = causal ? keys - (queryOffsets[s + 1] - r) + 1 : keys;
      const keyRow = (j: number) => keyOffsets[s] + j;
      for (let h = 0; h < heads; h++) {
        const columns = range(width).map((d) => h * width + d);
        const scores = range(seen).map((j) => scale * total(columns.map((c) => at(q, r, c) * at(k, keyRow(j), c))));
        const kept = softmaxOf(scores).map((probability, j) => {
          if (!dropout) return probability;
          const u = counterUniform(dropout.seed, (r * heads + h) * mostKeys + j);
          return u >= Math.fround(dropout.p) ? probability / (1 - dropout.p) : 0;
        });
        for (const c of columns) values[r * hidden + c] = total(kept.map((p, j) => p * at(v, keyRow(j), c)));
      }
    }
  });
  return { shape: q.shape, values };
}

/** Queries, keys and rows that are no keys; the first query sees a key, causal or not. */
const sequences = fc.array(
  fc.tuple(size(40), size(40), fc.nat({ max: 3 })).map(([a, b, unseen]) => [Math.min(a, b), Math.max(a, b), unseen]),
  { minLength: 1, maxLength: 3 },
);
property(
  'packedAttention',
  fc
    .tuple(
      sequences,
      size(3),
      size(20),
      fc.boolean(),
      fc.option(fc.record({ p: fc.constantFrom(0.1, 0.6), seed: seeds })),
    )
    .map(([counts, heads, width, causal, dropout]) => {
      const offsetsOf = (lengths: readonly number[]) =>
        Int32Array.from([0, ...lengths.map((_, s) => total(lengths.slice(0, s + 1)))]);
      const spec = {
        heads,
        scale: 1 / Math.sqrt(width),
        queryOffsets: offsetsOf(counts.map(([queries]) => queries)),
        keyOffsets: offsetsOf(counts.map(([, keys, unseen]) => keys + unseen)),
        keyCounts: Int32Array.from(counts, ([, keys]) => keys),
        causal,
        dropout: dropout ?? undefined,
      };
      const [shape, keyShape] = [spec.queryOffsets, spec.keyOffsets].map((ends) => [
        ends[counts.length],
        heads * width,
      ]);
      return {
        name: 'packedAttention',
        inputs: [numbers(shape, 1.5), numbers(keyShape, 1.5), numbers(keyShape)],
        attributes: spec,
        expected: (q, k, v) => attend(q, k, v, spec),
      };
    }),
);

test('attention: rows that are no keys get no gradient of key and value', () => {
  const spec = selfAttention({ heads: 1, scale: 1, offsets: [0, 3], keyCounts: [1] });
  const views = range(3).map(() => ({ buffer: wasm.upload(numbers([3, 2]).values), shape: [3, 2] }));
  const { output, saved } = wasm.fused.packedAttention.forward(views, spec);
  const dy = { buffer: wasm.fill(6, 1), shape: [3, 2] };
  const y = { buffer: output, shape: [3, 2] };
  const gradients = wasm.fused.packedAttention.backward(views, y, saved, dy, [true, true, true], spec);
  for (const gradient of gradients.slice(1)) {
    assert.deepEqual(Array.from(wasm.readSync(gradient!).subarray(2)), [0, 0, 0, 0]);
  }
  for (const buffer of [...views.map((view) => view.buffer), output, dy.buffer, ...saved, ...gradients])
    wasm.free(buffer!);
  assert.equal(wasm.bytes(), 0);
});

test.run();
