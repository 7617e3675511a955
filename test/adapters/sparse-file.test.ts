import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { loadSparseTensors, packBits, toSparseTensors, unpackBits } from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import { parseSafetensors, serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { useBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
import { forAllAsync } from '../support/property.ts';

const test = suite('adapters: sparse files');
useBackend(test, 'reference');

interface Weight {
  readonly shape: number[];
  readonly values: Float32Array;
  readonly mask: number[] | null;
}

const shapes = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 40 })),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })),
);

/** A weight of any finite numbers; its mask may be missing, full, empty or anything between. */
const weight: fc.Arbitrary<Weight> = shapes.chain((shape) => {
  const size = shape.reduce((product, n) => product * n, 1);
  const exactly = { minLength: size, maxLength: size };
  return fc.record({
    shape: fc.constant([...shape]),
    values: fc.float32Array({ ...exactly, noNaN: true, noDefaultInfinity: true }),
    mask: fc.oneof(
      fc.constant(null),
      fc.constant(new Array<number>(size).fill(1)),
      fc.constant(new Array<number>(size).fill(0)),
      fc.array(fc.constantFrom(0, 1), exactly),
    ),
  });
});

function build(weights: readonly Weight[]): Parameter[] {
  return weights.map(({ shape, values, mask }, i) => {
    const parameter = new Parameter(`layer.${i}.weight`, values, shape);
    parameter.setMask(mask);
    return parameter;
  });
}

const state = (parameters: readonly Parameter[]) =>
  parameters.map((parameter) => ({
    name: parameter.name,
    bits: Array.from(new Uint32Array(Float32Array.from(weightsOf(parameter)).buffer)),
    mask: maskOf(parameter),
  }));

async function bytesOf(parameters: readonly Parameter[]): Promise<Uint8Array> {
  const { tensors, metadata } = await toSparseTensors(parameters);
  return serializeSafetensors(tensors, metadata);
}

test('a written file gives back weights and masks bit for bit', () =>
  forAllAsync(fc.array(weight, { minLength: 1, maxLength: 4 }), async (weights) => {
    const original = build(weights);
    const file = parseSafetensors(await bytesOf(original), 'adapter');
    const restored = weights.map(
      ({ shape, values }, i) =>
        new Parameter(
          `layer.${i}.weight`,
          values.map(() => 7),
          shape,
        ),
    );
    loadSparseTensors(file, restored);
    assert.deepEqual(state(restored), state(original));
    assert.deepEqual(await bytesOf(restored), await bytesOf(original));
  }));

test('a mask is one bit per weight, the first in the lowest bit of the first byte', () => {
  assert.deepEqual(packBits([1, 0, 0, 0, 0, 0, 0, 1, 0, 1]), Uint8Array.of(0b1000_0001, 0b10));
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1)), (mask) => {
      const bytes = packBits(mask);
      assert.equal(bytes.length, Math.ceil(mask.length / 8));
      assert.deepEqual(Array.from(unpackBits(bytes, mask.length)), mask);
    }),
    { seed: 1 },
  );
});

test('at 80 % sparsity a file is at most 30 % of the dense one', async () => {
  const random = new Random(1);
  const shape = [64, 96];
  const values = Float32Array.from({ length: 64 * 96 }, () => random.normal());
  const mask = Array.from(values, () => Number(random.uniform() >= 0.8));
  const make = (kept: number[] | null) => build([1, 2, 3, 4].map(() => ({ shape, values, mask: kept })));
  const [dense, sparse] = [await bytesOf(make(null)), await bytesOf(make(mask))];
  assert.ok(sparse.length <= 0.3 * dense.length, `${sparse.length} of ${dense.length} bytes`);
});

test('a mask of another type than bytes is an error that names it', async () => {
  const masked = build([{ shape: [3], values: Float32Array.of(1, 2, 3), mask: [1, 0, 1] }]);
  const bytes = await bytesOf(masked);
  bytes[Buffer.from(bytes).indexOf('"U8"') + 1] = 'I'.charCodeAt(0);
  assertInputError(
    () => loadSparseTensors(parseSafetensors(bytes, 'adapter'), masked),
    /^adapter: "layer\.0\.weight\.mask" is I8, not U8; the file is damaged\.$/,
  );
});

test('a dense file takes the mask off', async () => {
  const dense = build([{ shape: [3], values: Float32Array.of(1, 2, 3), mask: null }]);
  const masked = build([{ shape: [3], values: Float32Array.of(4, 5, 6), mask: [1, 0, 1] }]);
  loadSparseTensors(parseSafetensors(await bytesOf(dense), 'adapter'), masked);
  assert.deepEqual(state(masked), state(dense));
});

test('tensors that belong to something else are left to it', async () => {
  const parameters = build([{ shape: [2], values: Float32Array.of(1, 2), mask: null }]);
  const { tensors, metadata } = await toSparseTensors(parameters);
  const more: TensorData = { name: 'adam.m.x', dtype: 'F32', shape: [1], data: Float32Array.of(1) };
  const file = parseSafetensors(serializeSafetensors([...tensors, more], metadata), 'adapter');
  loadSparseTensors(file, parameters, (name) => name.startsWith('adam.'));
  assertInputError(() => loadSparseTensors(file, parameters), /adapter: tensor "adam\.m\.x" belongs to no parameter/);
});

test('a damaged file is an error that names the tensor, and changes no parameter', async () => {
  const original = build([
    { shape: [2, 5], values: Float32Array.from({ length: 10 }, (_, i) => i + 1), mask: [1, 0, 1, 0, 0, 0, 0, 0, 0, 1] },
    { shape: [3], values: Float32Array.of(1, 2, 3), mask: null },
  ]);
  const { tensors, metadata } = await toSparseTensors(original);
  const replaced = (name: string, change: Partial<TensorData>) =>
    tensors.map((tensor) => (tensor.name === name ? ({ ...tensor, ...change } as TensorData) : tensor));
  const without = (name: string) => tensors.filter((tensor) => tensor.name !== name);
  const [values, mask] = ['layer.0.weight.values', 'layer.0.weight.mask'];
  const damages: [TensorData[], Record<string, string>, RegExp][] = [
    [replaced(values, { shape: [2], data: Float32Array.of(1, 2) }), metadata, /"layer\.0\.weight" .*different counts/],
    [replaced(values, { shape: [4], data: Float32Array.of(1, 2, 3, 4) }), metadata, /different counts/],
    [replaced(mask, { data: Uint8Array.of(0xff, 3) }), metadata, /different counts/],
    [replaced(mask, { shape: [1], data: Uint8Array.of(0b111) }), metadata, /"layer\.0\.weight\.mask" .*\[1\].*\[2\]/],
    [
      replaced(mask, { shape: [3], data: Uint8Array.of(0b101, 2, 0) }),
      metadata,
      /"layer\.0\.weight\.mask" .*\[3\].*\[2\]/,
    ],
    [without(values), metadata, /no tensor "layer\.0\.weight\.values"/],
    [without(mask), metadata, /no tensor "layer\.0\.weight\.mask"/],
    [without('layer.1.weight'), metadata, /no tensor "layer\.1\.weight"/],
    [
      [...tensors, { name: 'layer.2.weight', dtype: 'F32', shape: [1], data: Float32Array.of(1) }],
      metadata,
      /tensor "layer\.2\.weight" belongs to no parameter/,
    ],
    [replaced('layer.1.weight', { shape: [1, 3] }), metadata, /"layer\.1\.weight" has shape \[1, 3\].*\[3\]/],
    [
      replaced('layer.1.weight', { dtype: 'I32', data: Int32Array.of(1, 2, 3) }),
      metadata,
      /"layer\.1\.weight" holds I32/,
    ],
    [tensors, { 'layer.0.weight': '[5,2]' }, /"layer\.0\.weight" has shape \[5,2\], the model needs \[2, 5\]/],
    [tensors, {}, /no tensor "layer\.0\.weight"/],
    [tensors, { 'layer.0.weight': '[2,5' }, /"layer\.0\.weight" has shape \[2,5, the/],
    [tensors, { 'layer.0.weight': '10' }, /"layer\.0\.weight" has shape 10, the/],
  ];
  const parameters = build([
    { shape: [2, 5], values: new Float32Array(10).fill(9), mask: [1, 1, 1, 1, 1, 0, 0, 0, 0, 0] },
    { shape: [3], values: Float32Array.of(7, 8, 9), mask: null },
  ]);
  const before = state(parameters);
  for (const [contents, shapesOf, message] of damages) {
    const file = parseSafetensors(serializeSafetensors(contents, shapesOf), 'adapter');
    assertInputError(() => loadSparseTensors(file, parameters), /^adapter: /, message);
    assert.deepEqual(state(parameters), before, String(message));
  }
});

test.run();
