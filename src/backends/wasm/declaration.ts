import type { WasmBuffer } from './buffer.ts';

/** An array of floats, or the byte address of anything else in the linear memory. */
export type Pointer = WasmBuffer | number;
/** The same; null where there is none. */
export type Optional = Pointer | null;
/** The length of the result that a kernel computes, in rows, columns, ...: what threads divide. */
export type Range = number;
/** Bytes of memory that each thread needs for itself; calls find them. */
export type Scratch = number;

/** The way in which threads may divide the range of a kernel. */
export interface Division {
  /** Numbers of the range that stay together: whole cache lines, or the rows of a tile. */
  readonly unit: number;
  /** Whether small pieces would cost more than large ones. */
  readonly onlyEqualParts?: boolean;
  /** Whether a range must not be computed twice: the kernel adds to what is there, or its result may overwrite an operand. */
  readonly once?: boolean;
  /** Whether the last argument, after the range, is the scratch. */
  readonly scratch?: boolean;
}

/** A declared kernel: its arguments, its division, and the work of a call in elementwise operations. */
export interface Kernel<Arguments extends unknown[]> extends Division {
  readonly work: (...args: Arguments) => number;
}

/** Declares kernels that are divided in this way. */
export const by =
  (division: Division) =>
  <Arguments extends unknown[]>(work: (...args: Arguments) => number): Kernel<Arguments> => ({ ...division, work });

export const byNumbers = by({ unit: 1024 });
/** The same for a result that may overwrite x. */
export const byNumbersInPlace = by({ unit: 1024, once: true });
export const byRows = by({ unit: 1 });
export const byColumns = by({ unit: 16 });
