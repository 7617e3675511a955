import assert from 'node:assert/strict';
import type { Tensor } from '../../src/index.ts';
import { fromTensor, type Values } from './values.ts';

/** max |got - expected| / max(1, max |expected|); NaN equals NaN only, an infinity itself only. */
export function difference(got: Values, expected: Values): number {
  assert.deepEqual(got.shape, expected.shape, 'the shapes differ');
  assert.equal(got.values.length, expected.values.length, 'the numbers of values differ');
  let scale = 1;
  let error = 0;
  for (let i = 0; i < expected.values.length; i++) {
    const [a, b] = [got.values[i], expected.values[i]];
    if (Number.isFinite(b)) scale = Math.max(scale, Math.abs(b));
    if (!Object.is(a, b) && a !== b) error = Math.max(error, Number.isFinite(a - b) ? Math.abs(a - b) : Infinity);
  }
  return error / scale;
}

/** @throws AssertionError unless the values agree to `tolerance`, relative to the largest of them where that is above 1 */
export function assertClose(got: Tensor | Values, expected: Tensor | Values, tolerance: number, what = 'value'): void {
  const [a, b] = [got, expected].map((x) => ('dataSync' in x ? fromTensor(x) : x));
  const error = difference(a, b);
  if (error <= tolerance) return;
  assert.fail(
    `${what}: error ${error} above ${tolerance}\n got      ${Array.from(a.values)}\n expected ${Array.from(b.values)}`,
  );
}
