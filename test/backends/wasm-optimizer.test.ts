import assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { AdamArrays, AdamStep } from '../../src/backends/backend.ts';
import { WasmBackend, type WasmBuffer } from '../../src/backends/wasm/index.ts';
import { Random } from '../../src/random/random.ts';
import { startWorkers } from '../support/threads.ts';
import { range } from '../support/values.ts';

const test = suite('wasm: kernels of optimisers');

/** Empty, shorter than a vector, blocks of 1024 and what is left of them, and enough for several threads. */
const LENGTHS = [5, 0, 1024, 1, 1025, 40_000, 3, 70_001];

const GRADIENT_SCALE = 0.75;
const step: AdamStep = {
  ...{ l2: 0.125, beta1: 0.9, beta2: 0.98 },
  ...{ decay: 0.99, stepSize: 0.01, rootScale: 3.5, eps: 1e-8 },
};

function drawn(backend: WasmBackend, random: Random, length: number, map = (x: number) => x): WasmBuffer {
  return backend.upload(Float32Array.from({ length }, () => map(random.normal())));
}

function arrays(backend: WasmBackend): AdamArrays<WasmBuffer>[] {
  const random = new Random(3);
  return LENGTHS.map((length, i) => ({
    ...{ w: drawn(backend, random, length), g: drawn(backend, random, length), m: drawn(backend, random, length) },
    v: drawn(backend, random, length, Math.abs),
    mask: i % 3 === 0 ? drawn(backend, random, length, (x) => (x > 0 ? 1 : 0)) : null,
  }));
}

function started(threads: number): WasmBackend {
  const backend = new WasmBackend({ threads });
  startWorkers(backend);
  return backend;
}

function afterAdam(threads: number): Float32Array[] {
  const backend = started(threads);
  const all = arrays(backend);
  backend.optimizer.adam(all, step, backend.fill(1, GRADIENT_SCALE));
  return all.flatMap(({ w, m, v }) => [w, m, v].map((buffer) => backend.readSync(buffer)));
}

test('one call of Adam updates each array by the formula, and 0 where there is a mask', () => {
  const backend = new WasmBackend({ threads: 1 });
  const before = arrays(backend).map(({ w, g, m, v, mask }) =>
    [w, g, m, v, mask].map((buffer) => buffer && backend.readSync(buffer)),
  );
  const after = afterAdam(1);
  const f = Math.fround;
  const scaled = (a: number, x: number, b: number, y: number) => f(f(f(a) * x) + f(f(b) * y));
  const { l2, beta1, beta2, decay, stepSize, rootScale, eps } = step;
  before.forEach(([w, g, m, v, mask], k) => {
    const [gotW, gotM, gotV] = after.slice(3 * k);
    for (const i of range(LENGTHS[k])) {
      const gradient = scaled(GRADIENT_SCALE, g![i], l2, w![i]);
      const mean = scaled(beta1, m![i], 1 - beta1, gradient);
      const square = scaled(beta2, v![i], 1 - beta2, f(gradient * gradient));
      const direction = f(mean / f(f(f(Math.sqrt(square)) * f(rootScale)) + f(eps)));
      const weight = mask?.[i] === 0 ? 0 : f(f(f(decay) * w![i]) - f(f(stepSize) * direction));
      assert.deepEqual([gotW[i], gotM[i], gotV[i]], [weight, mean, square], `array ${k}, element ${i}`);
    }
  });
});

test('a mask hides also what is not a number', () => {
  const backend = new WasmBackend({ threads: 1 });
  const [w, g, m, v] = [1, 0, 0, 0].map((value) => backend.fill(3, value));
  const mask = backend.upload([1, 0, 1]);
  backend.optimizer.adam([{ w, g, m, v, mask }], { ...step, l2: 0, eps: 0 }, null);
  assert.deepEqual(Array.from(backend.readSync(w)), [Number.NaN, 0, Number.NaN]);
});

const normOf = (backend: WasmBackend, buffers: readonly WasmBuffer[]): number =>
  backend.readSync(backend.optimizer.norm(buffers))[0];

test('the norm of whole numbers is exact, whatever the lengths', () => {
  const backend = started(2);
  const buffers = LENGTHS.map((length, k) => backend.upload(range(length).map((i) => ((i + k) % 7) - 3)));
  const expected = LENGTHS.flatMap((length, k) => range(length).map((i) => (((i + k) % 7) - 3) ** 2));
  assert.equal(normOf(backend, buffers), Math.fround(Math.sqrt(expected.reduce((a, b) => a + b, 0))));
  assert.equal(normOf(backend, []), 0);
  assert.equal(normOf(backend, [backend.fill(2, Number.NaN)]), Number.NaN);
});

test('no result depends on the number of threads', () => {
  const norm = (threads: number) => {
    const backend = new WasmBackend({ threads });
    startWorkers(backend);
    return normOf(
      backend,
      arrays(backend).map(({ g }) => g),
    );
  };
  const [alone, total] = [afterAdam(1), norm(1)];
  for (const threads of [2, 3]) {
    assert.deepEqual(afterAdam(threads), alone, `Adam with ${threads} threads`);
    assert.equal(norm(threads), total, `the norm with ${threads} threads`);
  }
});

test('both leave nothing allocated', () => {
  const backend = new WasmBackend({ threads: 1 });
  const all = arrays(backend);
  const scale = backend.fill(1, 0.5);
  const before = [backend.bytes(), backend.memory.size];
  for (const _ of range(3)) {
    backend.optimizer.adam(all, step, scale);
    backend.free(backend.optimizer.norm(all.map(({ g }) => g)));
  }
  assert.deepEqual([backend.bytes(), backend.memory.size], before);
});

test.run();
