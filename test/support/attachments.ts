import assert from 'node:assert/strict';
import type { Adapter } from '../../src/adapters/index.ts';
import { grad, hvp, Random, setBackend, type Tensor, tensor, tidy } from '../../src/index.ts';
import type { AttachmentPoints } from '../../src/models/attachments.ts';
import { add, mul } from '../../src/ops/arithmetic.ts';
import { prune } from '../../src/pruning/index.ts';
import { liven } from './adapters.ts';
import { maskOf } from './parameters.ts';

/** The points that pass a tensor, and those that pass keys, each made to add t times fixed numbers. */
function withDirections({ residual, projection, attention, embedding = [] }: AttachmentPoints) {
  const directions = new Map<string, Tensor>();
  const shifted = (name: string, value: Tensor): Tensor => {
    const random = new Random(name);
    const fixed = Array.from({ length: value.size }, () => random.normal());
    return add(value, mul(directions.get(name) as Tensor, tensor(fixed, value.shape)));
  };
  for (const point of [...residual, ...projection, ...embedding]) {
    point.attached = (value: Tensor) => shifted(point.name, value);
  }
  for (const point of attention) {
    point.attached = (value) => ({ ...value, key: shifted(point.name, value.key) });
  }
  const names = [...residual, ...projection, ...embedding, ...attention].map(({ name }) => name);
  return { names: [...new Set(names)], directions };
}

/** Asserts that the derivative through each attachment point is that of a small difference, on float64 loops. */
export async function assertPointDerivatives(
  made: () => { readonly points: AttachmentPoints; readonly loss: () => Tensor },
): Promise<void> {
  await setBackend('reference', { dtype: 'float64' });
  try {
    const { points, loss } = made();
    const { names, directions } = withDirections(points);
    assert.ok(names.length > 0);
    const lossAt = (changed: string, by: number): number =>
      tidy(() => {
        for (const name of names) directions.set(name, tensor(name === changed ? by : 0));
        return loss().dataSync()[0];
      });
    const gradients = tidy(() => {
      for (const name of names) directions.set(name, tensor(0, [], { requiresGrad: true }));
      const all = names.map((name) => directions.get(name) as Tensor);
      return grad(loss(), all).map((gradient) => gradient.dataSync()[0]);
    });
    const step = 1e-4;
    for (const [i, name] of names.entries()) {
      const difference = (lossAt(name, step) - lossAt(name, -step)) / (2 * step);
      assert.ok(Math.abs(difference - gradients[i]) <= 1e-5 * Math.max(1, Math.abs(difference)), name);
    }
  } finally {
    await setBackend('wasm');
  }
}

/** Asserts that reference and wasm give an adapter the same gradients, products with the Hessian and SNIP masks. */
export async function assertSameScores(
  made: () => { readonly adapter: Adapter; readonly loss: () => Tensor },
): Promise<void> {
  const found: { numbers: number[]; masks: (number[] | null)[] }[] = [];
  try {
    for (const name of ['reference', 'wasm'] as const) {
      await setBackend(name);
      const { adapter, loss } = made();
      liven(adapter);
      const matrices = adapter.parameters.filter(({ shape }) => shape.length === 2).map(({ value }) => value);
      const numbers = tidy(() => {
        const first = grad(loss(), matrices);
        const second = hvp(loss, matrices, first);
        return [...first, ...second].flatMap((values) => Array.from(values.dataSync()));
      });
      const { prunable: parameters } = adapter;
      await prune({ method: 'snip', sparsity: 0.5, parameters, losses: [loss], random: new Random(1) });
      found.push({ numbers, masks: parameters.map(maskOf) });
    }
  } finally {
    await setBackend('wasm');
  }
  const [expected, got] = found;
  const largest = Math.max(...expected.numbers.map(Math.abs));
  expected.numbers.forEach((value, i) => {
    assert.ok(Math.abs(got.numbers[i] - value) <= 1e-4 * largest, `${i}: ${got.numbers[i]}, ${value}`);
  });
  assert.ok(expected.masks.some((mask) => mask?.includes(0)));
  assert.deepEqual(got.masks, expected.masks);
}
