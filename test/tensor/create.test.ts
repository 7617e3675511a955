import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  type BackendName,
  type BackendOptions,
  eye,
  full,
  getBackend,
  ones,
  Random,
  randomNormal,
  randomUniform,
  setBackend,
  tensor,
  tidy,
  zeros,
} from '../../src/index.ts';
import { build } from '../support/values.ts';

const test = suite('tensor: creation');

const choices: [BackendName, BackendOptions][] = [
  ['reference', { dtype: 'float64' }],
  ['reference', {}],
  // Last, as it is the default of other tests.
  ['wasm', {}],
];

/** One test with each backend as the current one. */
function onEveryBackend(name: string, body: () => void): void {
  for (const [backend, options] of choices) {
    test(`${name} on ${backend} ${options.dtype ?? ''}`, async () => {
      await setBackend(backend, options);
      tidy(body);
    });
  }
}

onEveryBackend('nested arrays give the shape, flat ones take it', () => {
  const nested = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  assert.deepEqual([nested.shape, nested.size, nested.rank], [[2, 3], 6, 2]);
  for (const flat of [[1, 2, 3, 4, 5, 6], Float32Array.of(1, 2, 3, 4, 5, 6), Int32Array.of(1, 2, 3, 4, 5, 6)]) {
    assert.deepEqual(tensor(flat, [2, 3]).dataSync(), nested.dataSync());
    assert.deepEqual(tensor(flat).shape, [6]);
  }
  assert.deepEqual(tensor(7).shape, []);
  assert.equal(tensor(7).item(), 7);
  assert.deepEqual(tensor([]).shape, [0]);
  assert.deepEqual(tensor([[], []]).shape, [2, 0]);
});

onEveryBackend('nested arrays of any shape are read row by row', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
  fc.assert(
    fc.property(shapes, (shape) => {
      const { values } = build(shape, (index) => index.reduce((flat, i, axis) => flat * shape[axis] + i, 0));
      let nested: unknown[] = Array.from(values);
      for (const n of shape.slice(1).reverse()) {
        nested = Array.from({ length: nested.length / n }, (_, i) => nested.slice(i * n, (i + 1) * n));
      }
      const x = tensor((shape.length === 0 ? nested[0] : nested) as number[]);
      assert.deepEqual(x.shape, shape);
      assert.deepEqual(Array.from(x.dataSync()), values);
    }),
    { seed: 1, numRuns: 50 },
  );
});

onEveryBackend('what cannot be a tensor is an error that names the numbers', () => {
  assert.throws(() => tensor([[1, 2], [3]]), /Nested arrays must have the same lengths at each depth/);
  assert.throws(() => tensor([1, [2]]), /Nested arrays must have the same lengths/);
  assert.throws(() => tensor([1, 2, 3], [2, 2]), /3 values do not fit the shape \[2, 2\]/);
});

onEveryBackend('constant tensors', () => {
  assert.deepEqual(Array.from(zeros([2, 2]).dataSync()), [0, 0, 0, 0]);
  assert.deepEqual(Array.from(ones([3]).dataSync()), [1, 1, 1]);
  assert.deepEqual(Array.from(full([2], -2.5).dataSync()), [-2.5, -2.5]);
  assert.deepEqual(Array.from(eye(2).dataSync()), [1, 0, 0, 1]);
  assert.equal(ones([2]).requiresGrad, false);
  for (const x of [tensor([1], undefined, { requiresGrad: true }), zeros([2], { requiresGrad: true })]) {
    assert.ok(x.requiresGrad);
  }
});

onEveryBackend('random tensors depend on the seed alone', () => {
  const draw = (seed: number) => {
    const random = new Random(seed);
    return [randomNormal([50, 40], random, { mean: 3, std: 2 }), randomUniform([50, 40], random, { low: -1, high: 2 })];
  };
  const [normal, uniform] = draw(1);
  const [again, other] = [draw(1)[0], draw(2)[0]];
  assert.deepEqual(again.dataSync(), normal.dataSync());
  assert.notDeepEqual(other.dataSync(), normal.dataSync());
  const moments = (values: ArrayLike<number>) => {
    const list = Array.from(values);
    const mean = list.reduce((a, b) => a + b, 0) / list.length;
    return [mean, Math.sqrt(list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length)];
  };
  const [mean, std] = moments(normal.dataSync());
  assert.ok(Math.abs(mean - 3) < 0.2 && Math.abs(std - 2) < 0.2, `mean ${mean}, std ${std}`);
  const values = Array.from(uniform.dataSync());
  assert.ok(values.every((x) => x >= -1 && x < 2));
  const [middle] = moments(values);
  assert.ok(Math.abs(middle - 0.5) < 0.1, `mean ${middle}`);
  assert.ok(randomNormal([2], new Random(1), { requiresGrad: true }).requiresGrad);
});

onEveryBackend('values are copies, read at once or later', () => {
  const source = Float32Array.of(1, 2);
  const x = tensor(source);
  source[0] = 9;
  const read = x.dataSync();
  read[1] = 9;
  assert.deepEqual(Array.from(x.dataSync()), [1, 2]);
});

test('data() gives what dataSync() gives', async () => {
  for (const [backend, options] of choices) {
    const { dtype } = await setBackend(backend, options);
    const x = tensor([1, 2, 3]);
    const values = await x.data();
    assert.deepEqual(values, x.dataSync());
    assert.equal(values.constructor, dtype === 'float64' ? Float64Array : Float32Array);
    x.dispose();
    assert.throws(() => x.data(), /was freed/);
  }
});

onEveryBackend('item() is for one element', () => {
  assert.equal(tensor([[5]]).item(), 5);
  assert.throws(() => tensor([1, 2]).item(), /^Error: item: it needs one element, this tensor has the shape \[2\]\.$/);
});

onEveryBackend('a tensor tells its shape, type and backend', () => {
  const { name, dtype } = getBackend();
  const x = ones([2, 3]);
  assert.equal(String(x).split('\n')[0], `Tensor [2, 3] (${dtype}, ${name})`);
  assert.equal(x.dtype, dtype);
  assert.equal(x.backend, getBackend());
});

onEveryBackend('detach gives a constant', () => {
  const x = ones([2], { requiresGrad: true });
  assert.equal(x.detach().requiresGrad, false);
  assert.deepEqual(Array.from(x.detach().dataSync()), [1, 1]);
});

test('a backend that is not there is an error that lists those that are', async () => {
  const before = getBackend();
  const unknown = (name: string) => setBackend(name as BackendName);
  await assert.rejects(
    unknown('cuda'),
    /^TypeError: setBackend: name must be one of 'wasm', 'reference', 'gpu', not "cuda"\.$/,
  );
  await assert.rejects(unknown('toString'), /^TypeError: setBackend: name must be .*, not "toString"\.$/);
  await assert.rejects(setBackend('wasm', { dtype: 'float64' }), /wasm backend computes in float32; use 'reference'/);
  assert.equal(getBackend(), before);
});

test.run();
