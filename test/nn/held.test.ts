import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { addInt8 } from '../../src/backends/all-int8.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { int8Backward, int8Forward, quantizeWeights } from '../../src/backends/reference/int8.ts';
import { readFloats, storedNumbersF16 } from '../../src/backends/stored.ts';
import { InputError } from '../../src/errors.ts';
import { add, grad, hvp, linear, matmul, memory, mul, Random, sum, Tensor, tensor, tidy } from '../../src/index.ts';
import { Linear, Parameter, ParameterPath } from '../../src/nn/index.ts';
import { onEveryBackend } from '../support/on-backend.ts';

const test = suite('nn: weights held in fewer bits');

const noise = (length: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
};

/** A frozen layer [in, out] and what its weight was. */
function frozenLayer(inner: number, out: number): { layer: Linear; weight: Float32Array } {
  const layer = new Linear(ParameterPath.root(new Random(3)), inner, out);
  for (const parameter of [layer.weight, layer.bias]) parameter.trainable = false;
  return { layer, weight: Float32Array.from(layer.weight.value.dataSync()) };
}

addInt8();
const holds8 = ({ int8 }: Backend): boolean => int8 !== undefined;

onEveryBackend(test, 'in 8 bits linear and its gradient are those of the format, for any rank of x', (backend) => {
  const [rows, inner, out] = [6, 20, 35];
  const { layer, weight } = frozenLayer(inner, out);
  if (!holds8(backend)) {
    assert.throws(() => layer.weight.hold('int8'), InputError);
    return;
  }
  const before = memory();
  layer.weight.hold('int8');
  assert.equal(memory().tensors, before.tensors);
  assert.ok(layer.weight.isInt8);
  const weights = quantizeWeights(weight, out, inner);
  const x = noise(rows * inner, 1);
  const dy = noise(rows * out, 2);
  for (const lead of [[rows], [2, 3]]) {
    tidy(() => {
      const input = tensor(x, [...lead, inner], { requiresGrad: true });
      const y = layer.forward(input);
      assert.deepEqual(y.shape, [...lead, out]);
      assert.deepEqual(Array.from(y.dataSync()), Array.from(int8Forward(x, rows, weights, new Float32Array(out))));
      const dx = grad(y, input, { gradOutput: tensor(dy, y.shape) });
      assert.deepEqual(Array.from(dx.dataSync()), Array.from(int8Backward(dy, rows, weights)));
    });
  }
});

onEveryBackend(
  test,
  'one input meets several weights, as query, key and value do, and steps leak nothing',
  (backend) => {
    if (!holds8(backend)) return assert.throws(() => frozenLayer(4, 4).layer.weight.hold('int8'), InputError);
    const layers = [16, 40, 16].map((out) => frozenLayer(24, out));
    for (const { layer } of layers) layer.weight.hold('int8');
    const x = noise(5 * 24, 1);
    const before = memory();
    for (let step = 0; step < 3; step++) {
      tidy(() => {
        const input = tensor(x, [5, 24]);
        layers.forEach(({ layer, weight }) => {
          const [out] = layer.weight.shape;
          const expected = int8Forward(x, 5, quantizeWeights(weight, out, 24), null);
          assert.deepEqual(Array.from(layer.forward(input).dataSync()), Array.from(expected));
        });
      });
      assert.deepEqual(memory(), before);
    }
  },
);

onEveryBackend(test, 'a weight in 8 bits takes a byte for a number', (backend) => {
  if (!holds8(backend)) return assert.throws(() => frozenLayer(4, 4).layer.weight.hold('int8'), InputError);
  const { layer } = frozenLayer(320, 640);
  const before = memory().bytes;
  layer.weight.hold('int8');
  const { bytes } = memory();
  const saved = before - bytes;
  const size = 320 * 640;
  const floats = backend.dtype === 'float64' ? 8 : 4;
  assert.ok(saved <= (floats - 1) * size && saved > (floats - 1.1) * size);
  layer.weight.dispose();
});

onEveryBackend(test, 'nothing but linear and its first derivative reads a weight in 8 bits', async (backend) => {
  if (!holds8(backend)) return assert.throws(() => frozenLayer(4, 4).layer.weight.hold('int8'), InputError);
  const { layer } = frozenLayer(4, 4);
  layer.weight.hold('int8');
  const { weight } = layer;
  const x = tensor(noise(8, 1), [2, 4], { requiresGrad: true });
  const square = () => {
    const y = layer.forward(x);
    return sum(mul(y, y));
  };
  const refused: (() => unknown)[] = [
    () => matmul(x, weight.value),
    () => add(weight.value, 1),
    () => linear(weight.value, weight.value),
    () => weight.value.dataSync(),
    () => weight.overwrite(),
    () => weight.setMask(new Array(16).fill(1)),
    () => {
      weight.trainable = true;
    },
    () => new Parameter('another', weight.value, [4, 4]),
    () => grad(square(), x, { createGraph: true }),
    () => hvp(square, [x], [x]),
  ];
  for (const attempt of refused) assert.throws(attempt, /8 bits/, String(attempt));
  await assert.rejects(weight.data(), { name: 'InputError', message: /^weight is held in 8 bits/ });
  assert.match(String(weight.value), /held in 8 bits/);
  // A snapshot shares it, and it stays usable.
  const snapshot = weight.snapshot();
  weight.restore(snapshot);
  snapshot.dispose();
  assert.ok(weight.isInt8);
  assert.equal(grad(square(), x).size, 8);
});

onEveryBackend(test, 'what is trained or pruned is not held in fewer bits', () => {
  const layer = new Linear(ParameterPath.root(new Random(3)), 4, 4);
  assert.throws(() => layer.weight.hold('int8'), { name: 'InputError', message: /^weight is trained or pruned/ });
  layer.weight.setMask(new Array(16).fill(1));
  layer.weight.trainable = false;
  assert.throws(() => layer.weight.hold('float16'), InputError);
});

onEveryBackend(test, 'as float16 a weight is rounded to the nearest, and can be read', (backend) => {
  const { layer, weight } = frozenLayer(5, 7);
  if (!holds8(backend)) return assert.throws(() => layer.weight.hold('float16'), InputError);
  layer.weight.hold('float16');
  const rounded = readFloats(storedNumbersF16(weight));
  assert.deepEqual(Array.from(layer.weight.value.dataSync()), Array.from(rounded));
});

test('a backend that holds float32 alone says so in one line', () => {
  const without = new ReferenceBackend();
  Object.defineProperties(without, { holdsFewerBits: { value: false }, name: { value: 'gpu' } });
  const weight = new Parameter('dense.weight', Tensor.fromBuffer(without, without.upload([1, 2]), [1, 2]), [1, 2]);
  weight.trainable = false;
  for (const dtype of ['int8', 'float16'] as const) {
    const message = `The gpu backend holds weights in float32 alone, not in ${dtype}.`;
    assert.throws(() => weight.hold(dtype), { name: 'InputError', message });
  }
});

test('rounding to float16 is to the nearest, ties to even', () => {
  const half = (x: number) => readFloats(storedNumbersF16([x]))[0];
  // Every float16 is itself.
  const all = readFloats({
    dtype: 'F16',
    length: 1 << 16,
    readInto: (target) => target.set(new Uint8Array(Uint16Array.from({ length: 1 << 16 }, (_, i) => i).buffer)),
  });
  const again = readFloats(storedNumbersF16(all));
  all.forEach((x, i) => {
    assert.ok(Object.is(x, again[i]), `${i}`);
  });
  // Between two neighbours the nearer one, in the middle the one with an even last bit.
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7bfe }), fc.double({ min: 0, max: 1, noNaN: true }), (i, share) => {
      const [low, high] = [all[i], all[i + 1]];
      const x = Math.fround(low + share * (high - low));
      const middle = (low + high) / 2;
      const expected = x < middle || (x === middle && i % 2 === 0) ? low : high;
      assert.equal(half(x), expected);
      assert.equal(half(-x), -expected);
    }),
    { seed: 1, numRuns: 2000 },
  );
  assert.equal(half(65519), 65504);
  assert.equal(half(65520), Infinity);
  assert.ok(Number.isNaN(half(Number.NaN)));
});

test.run();
