/** A number as a table shows it: fractions with four digits, counts whole, and `undefined` where there is none. */
export function numberText(value: number | null): string {
  if (value === null || Number.isNaN(value)) return 'undefined';
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return value.toLocaleString('en-US');
  if (size >= 1e6 || size < 1e-4) return value.toExponential(3);
  return value.toFixed(size < 10 ? 4 : 2);
}

/** A score, which always has four digits after the point where it is of the size of a fraction. */
export const scoreText = (value: number | null): string =>
  value !== null && Math.abs(value) <= 1 ? value.toFixed(4) : numberText(value);

/** `3.1 %` */
export const percentText = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;

/** An edge of an interval, with no more digits than it needs. */
export const edgeText = (value: number): string => String(Number(value.toPrecision(6)));
