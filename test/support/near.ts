import assert from 'node:assert/strict';

/** Two values of the same form, their numbers equal but for rounding; NaN is equal to NaN. */
export function assertNear(got: unknown, expected: unknown, tolerance = 1e-12): void {
  if (typeof got === 'number' && typeof expected === 'number') {
    const agrees = Object.is(got, expected) || Math.abs(got - expected) <= tolerance * Math.max(1, Math.abs(expected));
    assert.ok(agrees, `got ${got}, expected ${expected}`);
  } else if (typeof got === 'object' && got !== null && typeof expected === 'object' && expected !== null) {
    assert.deepEqual(Object.keys(got).sort(), Object.keys(expected).sort());
    for (const key of Object.keys(got)) assertNear(Reflect.get(got, key), Reflect.get(expected, key), tolerance);
  } else {
    assert.deepEqual(got, expected);
  }
}
