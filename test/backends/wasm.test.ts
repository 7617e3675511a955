import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import type { Backend, BinaryOp, Buffer, ReduceOp, Shape, View } from '../../src/backends/backend.ts';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { sizeOf } from '../../src/backends/shapes.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { instantiate } from '../../src/backends/wasm/module.ts';
import { difference } from '../support/compare.ts';
import { arrays, blocks, broadcastingShapes, rowNumbers, shapes } from '../support/strategies.ts';
import { commonShape, range, type Values } from '../support/values.ts';

const test = suite('wasm: primitives');
const wasm = new WasmBackend();
const oracle = new ReferenceBackend('float64');

/** Runs a primitive on a backend with arrays put there. */
type Primitive = (backend: Backend, views: View[]) => Buffer;

function run(backend: Backend, inputs: readonly Values[], primitive: Primitive): Values {
  const views = inputs.map(({ values, shape }) => ({ buffer: backend.upload(values), shape }));
  const output = primitive(backend, views);
  const values = backend.readSync!(output);
  for (const buffer of [output, ...views.map((view) => view.buffer)]) backend.free(buffer);
  return { shape: [values.length], values };
}

/** The kernels give what the oracle gives and leave nothing allocated. */
function agree(inputs: readonly Values[], primitive: Primitive, tolerance = 0, backend = wasm): void {
  const error = difference(run(backend, inputs, primitive), run(oracle, inputs, primitive));
  assert.ok(error <= tolerance, `error ${error} above ${tolerance}`);
  assert.equal(backend.bytes(), 0);
}

function property<T>(name: string, values: fc.Arbitrary<T>, holds: (value: T) => void, numRuns = 60): void {
  test(name, () => fc.assert(fc.property(values, holds), { seed: 1, numRuns }));
}

/** Shapes with an axis of length 0 now and then. */
const anyShape = fc.oneof(
  { weight: 9, arbitrary: shapes('large') },
  { weight: 1, arbitrary: fc.constantFrom([0], [3, 0], [0, 5], [2, 0, 3]) },
);
const anyArray = anyShape.chain((shape) => arrays([shape]).map(([x]) => x));
/** Arrays whose shapes broadcast. */
const broadcasting = (count: number) => broadcastingShapes('large', count).chain((list) => arrays(list));

property('upload and read keep every number', anyArray, (x) => agree([x], (b, [v]) => b.upload(b.readSync!(v.buffer))));

property('fill', fc.nat({ max: 300 }), (n) => agree([], (b) => b.fill(n, 1.25)));

const smooth: readonly BinaryOp[] = ['add', 'sub', 'mul', 'maximum', 'minimum', 'equal', 'less'];
for (const op of [...smooth, 'div', 'pow'] as const) {
  const exact = smooth.includes(op);
  property(`${op} broadcasts`, broadcasting(2), ([a, b]) => {
    const left = op === 'pow' ? { ...a, values: Array.from(a.values, (x) => Math.abs(x) + 0.25) } : a;
    agree([left, b], (on, [x, y]) => on.binary(op, x, y, commonShape(a, b)), exact ? 1e-7 : 3e-7);
  });
}

test('pow takes negative bases with integer exponents', () => {
  const base = { shape: [7], values: [-2, -2, -0.5, -1.5, 0, 3, -2] };
  const exponent = { shape: [7], values: [2, 3, -3, 0, 2, -2, 0.5] };
  agree([base, exponent], (b, [x, y]) => b.binary('pow', x, y, [7]), 2e-7);
});

test('binary operations on arrays that both are repeated, and on empty ones', () => {
  const one = { shape: [1], values: [3] };
  agree([one, one], (b, [x, y]) => b.binary('add', x, y, [2, 5]));
  agree([one, { shape: [0], values: [] }], (b, [x, y]) => b.binary('add', x, y, [0]));
});

test('NaN reaches the result', () => {
  const [x, y] = [
    { shape: [5], values: [NaN, 1, 2, NaN, 4] },
    { shape: [5], values: [1, NaN, 2, NaN, 5] },
  ];
  for (const op of ['add', 'maximum', 'minimum', 'div', 'equal'] as const) {
    agree([x, y], (b, [u, v]) => b.binary(op, u, v, [5]), 1e-7);
  }
  for (const op of ['sum', 'max'] as const) agree([x], (b, [u]) => b.reduce(op, u, [0]));
});

property('select broadcasts', broadcasting(3), ([c, a, b]) => {
  const condition = { ...c, values: Array.from(c.values, (x) => Math.max(x, 0)) };
  agree([condition, a, b], (on, [u, v, w]) => on.select(u, v, w, commonShape(c, a, b)));
});

property(
  'broadcast',
  broadcastingShapes('large', 2).chain((list) => fc.tuple(fc.constant(list), arrays(list))),
  ([list, [x]]) => {
    const shape = commonShape(...list.map((own) => ({ shape: own })));
    agree([x], (b, [v]) => b.broadcast(v, shape));
  },
);

const reduced = anyArray.chain((x) =>
  fc.tuple(fc.constant(x), fc.subarray(range(x.shape.length)), fc.constantFrom<ReduceOp>('sum', 'max')),
);
property('reduce over any axes', reduced, ([x, axes, op]) => agree([x], (b, [v]) => b.reduce(op, v, axes), 1e-6), 200);

test('a sum of a million numbers keeps its digits', () => {
  const shape = [1000, 1003];
  const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) => 1 + ((i * 7919) % 1000) / 1000);
  for (const axes of [[0, 1], [0], [1]]) agree([{ shape, values }], (b, [v]) => b.reduce('sum', v, axes), 1e-6);
});

const matrixSizes = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 4 }), ...range(3).map(() => fc.integer({ min: 0, max: 40 }))),
  // beyond the blocks of the kernel
  fc.constantFrom(
    [1, 67, 270, 515],
    [1, 5, 600, 20],
    [1, 130, 3, 1030],
    [1, 1, 300, 40],
    [2, 3, 40, 1],
    [1, 20, 520, 33],
  ),
);
const products = fc.tuple(matrixSizes, fc.boolean(), fc.boolean());
function noise(length: number, seed: number): Values {
  return { shape: [length], values: Array.from({ length }, (_, i) => Math.fround(Math.sin(i * 1.7 + seed) * 2)) };
}
for (const [tile, backend] of [
  ['8 columns', wasm],
  ['tiles of 4x8', new WasmBackend({ tile: '4x8' })],
  ['tiles of 6x8', new WasmBackend({ tile: '6x8' })],
  ['tiles of 6x16', new WasmBackend({ tile: '6x16' })],
] as const) {
  property(
    `matmul with ${tile} tiles`,
    products,
    ([[batch, m, k, n], transposeA, transposeB]) => {
      const inputs = [noise(batch * m * k, 1), noise(batch * k * n, 2)];
      const spec = { batch, m, k, n, transposeA, transposeB };
      agree(inputs, (b, [x, y]) => b.matmul(x.buffer, y.buffer, spec), 1e-6 * (1 + Math.sqrt(k)), backend);
    },
    100,
  );
}

property(
  'linear',
  fc.tuple(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 40 }),
    fc.boolean(),
  ),
  ([rows, inner, columns, biased]) => {
    const inputs = [noise(rows * inner, 1), noise(columns * inner, 2), noise(columns, 3)];
    agree(
      inputs,
      (b, [x, weight, bias]) =>
        b.linear({ ...x, shape: [rows, inner] }, { ...weight, shape: [columns, inner] }, biased ? bias : null),
      1e-6 * (1 + Math.sqrt(inner)),
    );
  },
);

test('a number of a product does not depend on the range that is computed', () => {
  const [m, n, k] = [37, 53, 801];
  const [a, b] = [noise(m * k, 1), noise(k * n, 2)].map((x) => wasm.upload(x.values));
  const whole = wasm.matmul(a, b, { batch: 1, m, n, k, transposeA: false, transposeB: false });
  const { gemmRows, gemmColumns } = instantiate(wasm.memory.wasm);
  for (const [gemm, bounds] of [
    [gemmRows, [0, 3, 22, 37]],
    [gemmColumns, [0, 16, 48, 53]],
  ] as const) {
    const parts = wasm.fill(m * n, 0);
    wasm.memory.borrow(wasm.gemmScratch, (scratch) => {
      bounds.slice(1).forEach((end, i) => {
        gemm(a.address, 0, b.address, 0, 0, 0, 0, parts.address, m, n, k, bounds[i], end, scratch);
      });
    });
    assert.deepEqual(wasm.readSync(parts), wasm.readSync(whole));
    wasm.free(parts);
  }
  for (const buffer of [a, b, whole]) wasm.free(buffer);
});

const tables = shapes('large', 2).chain((shape) =>
  fc.nat({ max: 30 }).chain((count) => fc.tuple(arrays([shape]), rowNumbers(shape[0], count))),
);
property('gather', tables, ([[table], ids]) => agree([table], (b, [v]) => b.gather(v, Int32Array.from(ids))));

const updates = shapes('large', 2).chain((shape) =>
  fc
    .integer({ min: 1, max: 20 })
    .chain((rows) => fc.tuple(arrays([shape]), rowNumbers(rows, shape[0]), fc.constant(rows))),
);
property('scatterAdd', updates, ([[x], ids, rows]) =>
  agree([x], (b, [v]) => b.scatterAdd(v, Int32Array.from(ids), rows), 1e-6),
);

const permuted = fc
  .oneof(anyShape, fc.constantFrom([3, 17, 5, 20], [33, 18], [2, 3, 4, 5, 6]))
  .chain((shape) => fc.tuple(arrays([shape]), fc.shuffledSubarray(range(shape.length), { minLength: shape.length })));
property('permute', permuted, ([[x], order]) => agree([x], (b, [v]) => b.permute(v, order)), 200);

const cut = shapes('large', 1).chain((shape) => fc.tuple(arrays([shape]), blocks(shape)));
property('slice', cut, ([[x], { starts, lengths }]) => agree([x], (b, [v]) => b.slice(v, starts, lengths)));

const placed = shapes('large', 1).chain((shape) =>
  blocks(shape).chain(({ starts, lengths }) => fc.tuple(arrays([lengths]), fc.constant(starts), fc.constant(shape))),
);
property('pad', placed, ([[x], starts, shape]) => agree([x], (b, [v]) => b.pad(v, starts, shape)));

const joined = shapes('large', 1).chain((shape) =>
  fc
    .tuple(fc.nat({ max: shape.length - 1 }), fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }))
    .chain(([axis, lengths]) => {
      const list: Shape[] = lengths.map((length) => shape.map((n, i) => (i === axis ? length : n)));
      return fc.tuple(arrays(list), fc.constant(axis));
    }),
);
property('concat', joined, ([xs, axis]) => agree(xs, (b, views) => b.concat(views, axis)));

property('uniform', fc.tuple(fc.nat({ max: 200 }), fc.nat({ max: 2 ** 32 - 1 })), ([n, seed]) =>
  agree([], (b) => b.uniform(n, seed)),
);

property(
  'dropout',
  fc.tuple(anyArray, fc.constantFrom(0, 0.1, 0.5, 0.875), fc.nat({ max: 2 ** 32 - 1 })),
  ([x, p, seed]) => agree([x], (b, [v]) => b.dropout(v.buffer, p, seed), 1e-6),
);

test('a product starts from init and bias, whatever the number of its rows', () => {
  const wasm = new WasmBackend({ threads: 1 });
  const [n, k] = [2053, 9];
  const numbers = (length: number) => wasm.upload(Float32Array.from({ length }, (_, i) => (i % 13) - 6));
  for (const m of [1, 2, 5, 11]) {
    const [a, b, bias, init, c] = [m * k, k * n, n, m * n, m * n].map(numbers);
    const product = wasm.readSync(wasm.matmul(a, b, { batch: 1, m, n, k, transposeA: false, transposeB: false }));
    wasm.gemm({ a, b, bias, init, c, m, n, k });
    assert.deepEqual(
      wasm.readSync(c),
      product.map((x, i) => x + (((i % n) % 13) - 6) + ((i % 13) - 6)),
    );
  }
});

test('read gives a copy', async () => {
  const x = wasm.upload([1, 2, 3]);
  const copy = await wasm.read(x);
  copy[0] = 9;
  assert.deepEqual(wasm.readSync(x), Float32Array.of(1, 2, 3));
  wasm.free(x);
});

test.run();
