import { addressOf, type WasmBuffer } from './buffer.ts';
import type { Kernel } from './declaration.ts';
import { type Calls, kernelNames, kernels } from './kernels.ts';
import type { Memory } from './memory.ts';
import type { Exports, RawKernel } from './module.ts';

/** Below this many elementwise operations a kernel stays on the calling thread: handing it out would cost more. */
const LEAST_WORK = 1 << 16;

type Argument = WasmBuffer | number | boolean | null;

/** A call with a range worth dividing: its kernel, by its place in the list of names, and the arguments as that takes them. */
export interface LargeCall {
  readonly kernel: number;
  /** The arguments up to the range [0, end), which are the last two. */
  readonly args: number[];
  readonly work: number;
  /** Bytes of scratch for each thread. */
  readonly scratch: number;
}

/**
 * Makes the calls of the kernels that there are: arrays are replaced by their addresses, and scratch is found. Where threads may
 * share a call, `computeLarge` gets it.
 */
export function callsOf(exports: Exports, memory: Memory, computeLarge: (call: LargeCall) => void): Calls {
  const calls = kernelNames.flatMap((name, kernel) => {
    if (!exports[name]) return [];
    const declared = kernels[name] as Kernel<Argument[]>;
    const large = (args: number[], scratch: number) => {
      const work = declared.work(...args.slice(0, -2), args[args.length - 1], scratch);
      computeLarge({ kernel, args, work, scratch });
    };
    return [[name, call(exports[name], declared, memory, large)]];
  });
  return Object.fromEntries(calls);
}

/** Calls a kernel for all of its range on this thread. */
export function computeAlone(kernel: RawKernel, args: number[], scratch: number, memory: Memory): void {
  if (scratch === 0) kernel(...args);
  else memory.borrow(scratch, (address) => kernel(...args, address));
}

/** Returns an argument as kernels take it. */
const raw = (x: Argument): number => (typeof x === 'object' ? addressOf(x) : Number(x));

type Call = (...args: Argument[]) => void;

function call(
  kernel: RawKernel,
  { unit, work, scratch }: Kernel<Argument[]>,
  memory: Memory,
  computeLarge: (args: number[], scratch: number) => void,
): Call {
  const isSmall = (range: Argument) => (range as number) < 2 * unit;
  const large = (...args: number[]) => computeLarge(args, 0);
  // An array of the arguments would cost a tenth of a small operation: up to a number of them, calls do without. The last one is
  // the range, [0, n) for the kernel.
  // biome-ignore format: two lines for each number of arguments
  switch (scratch ? 0 : kernel.length) {
    case 4: return (a, b, n) =>
      (isSmall(n) || work(a, b, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), 0, raw(n));
    case 5: return (a, b, c, n) =>
      (isSmall(n) || work(a, b, c, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), raw(c), 0, raw(n));
    case 6: return (a, b, c, d, n) =>
      (isSmall(n) || work(a, b, c, d, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), raw(c), raw(d), 0, raw(n));
    case 7: return (a, b, c, d, e, n) =>
      (isSmall(n) || work(a, b, c, d, e, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), raw(c), raw(d), raw(e), 0, raw(n));
    case 8: return (a, b, c, d, e, f, n) =>
      (isSmall(n) || work(a, b, c, d, e, f, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), raw(c), raw(d), raw(e), raw(f), 0, raw(n));
    case 9: return (a, b, c, d, e, f, g, n) =>
      (isSmall(n) || work(a, b, c, d, e, f, g, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), raw(c), raw(d), raw(e), raw(f), raw(g), 0, raw(n));
    case 10: return (a, b, c, d, e, f, g, h, n) =>
      (isSmall(n) || work(a, b, c, d, e, f, g, h, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), raw(c), raw(d), raw(e), raw(f), raw(g), raw(h), 0, raw(n));
    case 11: return (a, b, c, d, e, f, g, h, i, n) =>
      (isSmall(n) || work(a, b, c, d, e, f, g, h, i, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), raw(c), raw(d), raw(e), raw(f), raw(g), raw(h), raw(i), 0, raw(n));
    case 12: return (a, b, c, d, e, f, g, h, i, j, n) =>
      (isSmall(n) || work(a, b, c, d, e, f, g, h, i, j, n) < LEAST_WORK ? kernel : large)(raw(a), raw(b), raw(c), raw(d), raw(e), raw(f), raw(g), raw(h), raw(i), raw(j), 0, raw(n));
  }
  return (...all) => {
    const bytes = scratch ? raw(all.pop() as Argument) : 0;
    const last = all.length - 1;
    const range = raw(all[last]);
    const isLarge = !isSmall(range) && work(...all) >= LEAST_WORK;
    const args = all as number[];
    for (let i = 0; i < last; i++) args[i] = raw(args[i]);
    args[last] = 0;
    args.push(range);
    if (isLarge) computeLarge(args, bytes);
    else computeAlone(kernel, args, bytes, memory);
  };
}
