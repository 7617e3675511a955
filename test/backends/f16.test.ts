import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import type { AttentionSpec, Backend, Buffer, FusedAttributes, FusedName, Shape } from '../../src/backends/backend.ts';
import { sizeOf } from '../../src/backends/shapes.ts';
import { readFloats } from '../../src/backends/stored.ts';
import { WasmBackend, type WasmBuffer } from '../../src/backends/wasm/index.ts';
import { Random } from '../../src/index.ts';
import { selfAttention } from '../support/attention.ts';
import { halfBits, storedNumbers } from '../support/stored.ts';
import { range } from '../support/values.ts';

const test = suite('wasm: matrices of float16');
const wasm = new WasmBackend();

/** An array on the backend, and how it came there: as float16 or as floats. */
type Kind = 'f16' | 'f32';
type WasmView = { buffer: WasmBuffer; shape: Shape };

/** The same numbers of either kind. */
function put(backend: WasmBackend, kind: Kind, shape: Shape, seed: number): WasmView {
  const length = sizeOf(shape);
  const numbers = storedNumbers('F16', halfBits(length, seed));
  const buffer = kind === 'f16' ? backend.uploadStored(numbers, [1, length]) : backend.upload(readFloats(numbers));
  assert.equal(buffer.isF16, kind === 'f16');
  return { buffer, shape };
}

function noise(backend: WasmBackend, shape: Shape, seed: number): WasmView {
  const random = new Random(seed);
  return { buffer: backend.upload(Float32Array.from({ length: sizeOf(shape) }, () => random.normal())), shape };
}

/** The bits of the result for floats and for float16 must agree. */
function agree(backend: WasmBackend, compute: (kind: Kind) => WasmBuffer[], what = ''): void {
  const bits = (kind: Kind) =>
    compute(kind).map((buffer) => {
      const values = backend.readSync(buffer);
      backend.free(buffer);
      return new Uint32Array(values.buffer);
    });
  assert.deepEqual(bits('f16'), bits('f32'), what);
  assert.equal(backend.bytes(), 0, what);
}

const few = fc.integer({ min: 1, max: 12 });
const sizes = fc.oneof(
  fc.tuple(few, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70 })),
  // beyond the blocks of the kernels
  fc.constantFrom([3, 300, 50], [1, 3072, 40], [50, 270, 515], [100, 600, 33], [5, 8, 1030]),
);
for (const [what, backend] of [
  ['8 columns', wasm],
  ['tiles of 4x8', new WasmBackend({ tile: '4x8' })],
  ['tiles of 6x8', new WasmBackend({ tile: '6x8' })],
  ['tiles of 6x16', new WasmBackend({ tile: '6x16' })],
  ['one thread', new WasmBackend({ threads: 1 })],
] as const) {
  test(`a product reads its second operand as float16, ${what}`, () =>
    fc.assert(
      fc.property(sizes, fc.boolean(), fc.boolean(), ([m, k, n], transposeA, transposeB) =>
        agree(backend, (kind) => {
          const [a, b] = [noise(backend, [m * k], 1), put(backend, kind, [k, n], 2)];
          const out = backend.matmul(a.buffer, b.buffer, { batch: 1, m, k, n, transposeA, transposeB });
          assert.equal(b.buffer.isF16, kind === 'f16', 'they stay float16');
          for (const { buffer } of [a, b]) backend.free(buffer);
          return [out];
        }),
      ),
      { seed: 1, numRuns: 100 },
    ));
}

test('linear and its gradient read the weight as float16', () =>
  fc.assert(
    fc.property(sizes, fc.boolean(), ([m, k, n], biased) =>
      agree(wasm, (kind) => {
        const [x, w, b] = [noise(wasm, [m, k], 1), put(wasm, kind, [n, k], 2), noise(wasm, [n], 3)];
        const y = wasm.linear(x, w, biased ? b : null);
        const dx = wasm.matmul(y, w.buffer, { batch: 1, m, k: n, n: k, transposeA: false, transposeB: false });
        assert.equal(w.buffer.isF16, kind === 'f16');
        for (const { buffer } of [x, w, b]) wasm.free(buffer);
        return [y, dx];
      }),
    ),
    { seed: 1, numRuns: 60 },
  ));

test('gather reads a table of float16', () =>
  fc.assert(
    fc.property(
      few,
      fc.integer({ min: 1, max: 70 }),
      fc.array(fc.integer({ min: -1, max: 11 }), { maxLength: 40 }),
      (rows, width, ids) =>
        agree(wasm, (kind) => {
          const table = put(wasm, kind, [rows, width], 1);
          const out = wasm.gather(
            table,
            Int32Array.from(ids, (id) => Math.min(id, rows - 1)),
          );
          assert.equal(table.buffer.isF16, kind === 'f16');
          wasm.free(table.buffer);
          return [out];
        }),
    ),
    { seed: 1, numRuns: 60 },
  ));

/** Calls that move numbers in and out, or create them. */
type NoOperation =
  | ('name' | 'dtype' | 'fused' | 'optimizer' | 'int8' | 'holdsFewerBits' | 'sparse' | 'describe' | 'uniform')
  | 'batchInvariance'
  | ('upload' | 'uploadStored' | 'fill' | 'read' | 'readSync' | 'free' | 'collected' | 'bytes');
type Operation = (w: () => WasmView, x: () => WasmView) => Buffer;
const square = (m: number) => ({ batch: 1, m, k: 6, n: 6, transposeA: false, transposeB: true });

/** Each primitive with w [6, 6], of float16, in each place; x [6, 6] is of floats. */
const primitives: { readonly [Name in Exclude<keyof Backend, NoOperation>]: readonly Operation[] } = {
  unary: [(w) => wasm.unary('exp', w().buffer)],
  binary: [
    (w, x) => wasm.binary('add', w(), x(), [6, 6]),
    (w, x) => wasm.binary('sub', x(), w(), [6, 6]),
    (w) => wasm.binary('mul', w(), w(), [6, 6]),
  ],
  select: [
    (w, x) => wasm.select(w(), x(), x(), [6, 6]),
    (w, x) => wasm.select(x(), w(), x(), [6, 6]),
    (w, x) => wasm.select(x(), x(), w(), [6, 6]),
  ],
  broadcast: [(w) => wasm.broadcast(w(), [2, 6, 6])],
  reduce: [
    (w) => wasm.reduce('sum', w(), [0]),
    (w) => wasm.reduce('max', w(), [1]),
    (w) => wasm.reduce('sum', w(), []),
  ],
  matmul: [
    (w, x) => wasm.matmul(w().buffer, x().buffer, square(6)),
    (w, x) => wasm.matmul(w().buffer, x().buffer, square(1)),
    (w) => wasm.matmul(w().buffer, w().buffer, square(6)),
    (w, x) => wasm.matmul(x().buffer, w().buffer, { ...square(1), batch: 6, m: 1, k: 6, n: 1 }),
    (w, x) => wasm.matmul(w().buffer, x().buffer, { ...square(1), batch: 6, m: 1, k: 6, n: 1 }),
  ],
  linear: [
    (w, x) => wasm.linear(w(), x(), null),
    (w) => wasm.linear(w(), w(), null),
    // A bias that is the weight in another shape.
    (w, x) => wasm.linear({ ...x(), shape: [36, 1] }, { ...w(), shape: [36, 1] }, { ...w(), shape: [36] }),
  ],
  gather: [(w) => wasm.gather(w(), Int32Array.of(5, -1, 0))],
  scatterAdd: [(w) => wasm.scatterAdd(w(), Int32Array.of(0, 1, 1, -1, 2, 0), 3)],
  permute: [(w) => wasm.permute(w(), [1, 0]), (w) => wasm.permute(w(), [0, 1])],
  slice: [(w) => wasm.slice(w(), [1, 2], [3, 3])],
  pad: [(w) => wasm.pad(w(), [1, 2], [9, 9])],
  concat: [(w, x) => wasm.concat([w(), x(), w()], 1)],
  dropout: [(w) => wasm.dropout(w().buffer, 0.3, 7)],
};
for (const [name, operations] of Object.entries(primitives)) {
  test(`${name} takes float16 for the floats they are`, () => {
    for (const operation of operations) {
      agree(wasm, (kind) => {
        const [w, x] = [put(wasm, kind, [6, 6], 1), noise(wasm, [6, 6], 2)];
        const out = operation(
          () => w,
          () => x,
        ) as WasmBuffer;
        for (const { buffer } of [w, x]) wasm.free(buffer);
        return [out];
      });
    }
  });
}

const spec: AttentionSpec = selfAttention({ heads: 2, scale: 0.5, offsets: [0, 4, 6], keyCounts: [3, 2] });
/** The shapes of the inputs; outputs are shaped as the first, where nothing else is said. */
const fused: {
  readonly [Name in FusedName]: { shapes: Shape[]; output?: Shape; attributes: FusedAttributes[Name] };
} = {
  softmax: { shapes: [[6, 6]], attributes: {} },
  logSoftmax: { shapes: [[6, 6]], attributes: {} },
  crossEntropy: { shapes: [[6, 6]], output: [6], attributes: { targets: Int32Array.of(0, 5, 2, 1, 0, 3) } },
  layerNorm: { shapes: [[6, 6], [6], [6]], attributes: { eps: 1e-5 } },
  gelu: { shapes: [[6, 6]], attributes: {} },
  geluTanh: { shapes: [[6, 6]], attributes: {} },
  silu: { shapes: [[6, 6]], attributes: {} },
  bottleneck: {
    shapes: [[6, 6], [4, 6], [4], [6, 4], [6], [6, 6], [4, 6], [6, 4]],
    attributes: { activation: 'gelu', scale: 2, dropout: null, residual: 5, downMask: 6, upMask: 7 },
  },
  packedAttention: { shapes: range(3).map(() => [6, 6]), attributes: spec },
};
for (const [name, { shapes, output: outputShape = shapes[0], attributes }] of Object.entries(fused)) {
  test(`${name} takes float16 for the floats they are, forward and backward`, () => {
    const kernel = wasm.fused[name as 'gelu'];
    for (const place of range(shapes.length + 1)) {
      agree(wasm, (kind) => {
        const make = (shape: Shape, i: number) => put(wasm, i === place ? kind : 'f32', shape, i);
        const inputs = shapes.map(make);
        const dy = make(outputShape, shapes.length);
        const { output, saved } = kernel.forward(inputs, attributes as never);
        const y = { buffer: output, shape: outputShape };
        const needs = shapes.map(() => true);
        const gradients = kernel.backward(inputs, y, saved, dy, needs, attributes as never);
        for (const { buffer } of [...inputs, dy]) wasm.free(buffer);
        return [output, ...saved, ...gradients.map((gradient) => gradient as WasmBuffer)];
      });
    }
  });
}

test('an optimiser step changes weights that were float16', () => {
  agree(wasm, (kind) => {
    const [w, g] = [put(wasm, kind, [50], 1).buffer, noise(wasm, [50], 2).buffer];
    const [m, v] = [wasm.fill(50, 0), wasm.fill(50, 0)];
    const numbers = { l2: 0, beta1: 0.9, beta2: 0.999, decay: 0.99, stepSize: 0.1, rootScale: 1, eps: 1e-8 };
    wasm.optimizer.adam([{ w, g, m, v, mask: null }], numbers, null);
    wasm.free(g);
    return [w, m, v];
  });
});

test('float16 count half, until an operation needs floats', () => {
  const { buffer } = put(wasm, 'f16', [100], 1);
  assert.equal(wasm.bytes(), 200);
  const values = wasm.readSync(buffer);
  assert.equal(wasm.bytes(), 200);
  wasm.free(wasm.unary('neg', buffer));
  assert.equal(wasm.bytes(), 400);
  assert.deepEqual(wasm.readSync(buffer), values);
  wasm.free(buffer);
  assert.equal(wasm.bytes(), 0);
});

test.run();
