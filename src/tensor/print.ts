import type { Shape } from '../backends/backend.ts';
import { stridesOf } from './shape.ts';

/** A tensor of more numbers is printed with its edges only, as NumPy does. */
const THRESHOLD = 1000;
/** So many numbers at each end of an axis. */
const EDGE = 3;
const LINE = 80;
const DECIMALS = 4;
/** Numbers that are larger, or smaller than 10^-DECIMALS, are written with exponents. */
const LARGEST = 1e7;

/** In a list of indices: here some are left out. */
const GAP = -1;

/** The indices along an axis of `length` numbers that are printed. */
function shownIndices(length: number, isShort: boolean): number[] {
  const all = Array.from({ length: isShort ? Math.min(length, 2 * EDGE + 1) : length }, (_, i) => i);
  if (all.length === length) return all;
  return all.map((i) => (i < EDGE ? i : i === EDGE ? GAP : length - 2 * EDGE - 1 + i));
}

/** A number as `format` writes it, the zero below 0 with its sign, which is that of 1 / -0. */
const signed =
  (format: (value: number) => string) =>
  (value: number): string =>
    Object.is(value, -0) ? `-${format(0)}` : format(value);

/** The same text format for all numbers, of the same length where there is no NaN or infinity among them. */
function formatOf(values: readonly number[]): (value: number) => string {
  const sizes = values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  if (sizes.some((size) => size >= LARGEST || size < 10 ** -DECIMALS))
    return signed((value) => value.toExponential(DECIMALS));
  const decimals = (value: number) =>
    value
      .toFixed(DECIMALS)
      .replace(/\.?0+$/, '')
      .split('.')[1]?.length ?? 0;
  const most = Math.max(0, ...sizes.map(decimals));
  return signed((value) => (Number.isFinite(value) ? value.toFixed(most) : String(value)));
}

/** Nested brackets around the numbers of an array, in aligned columns; of a large one only the edges. */
export function printedValues(values: ArrayLike<number>, shape: Shape): string {
  const strides = stridesOf(shape);
  const indices = shape.map((length) => shownIndices(length, values.length > THRESHOLD));
  let offsets = [0];
  shape.forEach((_, axis) => {
    const steps = indices[axis].filter((i) => i !== GAP);
    offsets = offsets.flatMap((offset) => steps.map((i) => offset + i * strides[axis]));
  });
  const shown = offsets.map((offset) => values[offset]);
  const format = formatOf(shown);
  const width = Math.max(0, ...shown.map((value) => format(value).length));

  const print = (axis: number, offset: number): string => {
    if (axis === shape.length) return format(values[offset]).padStart(axis === 0 ? 0 : width);
    const parts = indices[axis].map((i) => (i === GAP ? '...' : print(axis + 1, offset + i * strides[axis])));
    const indent = ' '.repeat(axis + 1);
    if (axis === shape.length - 1) return `[${inLines(parts, indent)}]`;
    return `[${parts.join(`,${'\n'.repeat(shape.length - 1 - axis)}${indent}`)}]`;
  };
  return print(0, 0);
}

/** Parts with commas between them, in as many lines as they take. */
function inLines(parts: readonly string[], indent: string): string {
  let text = '';
  let column = indent.length;
  parts.forEach((part, i) => {
    const isLast = i === parts.length - 1;
    if (i > 0 && column + part.length + 1 > LINE) {
      text += `\n${indent}`;
      column = indent.length;
    } else if (i > 0) {
      text += ' ';
      column++;
    }
    text += isLast ? part : `${part},`;
    column += part.length + (isLast ? 0 : 1);
  });
  return text;
}
