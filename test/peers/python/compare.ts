/** The largest difference of a number. */
export const TOLERANCE = 1e-5;

export type Outputs = readonly (readonly number[])[];

/** The largest difference, infinite where there is another number of numbers or one that is none. */
export function largestDifference(got: Outputs, expected: Outputs): number {
  const lengths = (outputs: Outputs) => String(outputs.map(({ length }) => length));
  if (lengths(got) !== lengths(expected)) return Number.POSITIVE_INFINITY;
  const differences = got.flatMap((numbers, i) => numbers.map((x, j) => Math.abs(x - expected[i][j])));
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...differences);
}
