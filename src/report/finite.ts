/** The number, and null where it is undefined or infinite: JSON has no other numbers. */
export const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
