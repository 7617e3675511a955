import assert from 'node:assert/strict';
import fc from 'fast-check';
import { memory, tidy } from '../../src/index.ts';

/**
 * `holds` for random values; it fails by throwing. Each run is a scope of its own and must leave no tensor behind.
 * The seed is fixed so that a run can be repeated; PROPERTY_SEED and PROPERTY_RUNS search elsewhere and longer.
 */
export function forAll<T>(values: fc.Arbitrary<T>, holds: (value: T) => void, runs = 20): void {
  const { PROPERTY_SEED = '1', PROPERTY_RUNS } = process.env;
  fc.assert(
    fc.property(values, (value) => {
      const before = memory();
      tidy(() => holds(value));
      assert.deepEqual(memory(), before, 'tensors were left behind');
    }),
    { seed: Number(PROPERTY_SEED), numRuns: Number(PROPERTY_RUNS ?? runs), includeErrorInReport: true },
  );
}

/** The same for an asynchronous property. As others may run in between, tensors are not counted. */
export async function forAllAsync<T>(
  values: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
  runs = 20,
): Promise<void> {
  const { PROPERTY_SEED = '1', PROPERTY_RUNS } = process.env;
  await fc.assert(fc.asyncProperty(values, holds), {
    seed: Number(PROPERTY_SEED),
    numRuns: Number(PROPERTY_RUNS ?? runs),
    includeErrorInReport: true,
  });
}
