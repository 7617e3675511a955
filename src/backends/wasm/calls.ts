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
 * Makes the calls of the kernels: arrays are replaced by their addresses, and scratch is found. Where threads may share a call,
 * `computeLarge` gets it.
 */
export function callsOf(exports: Exports, memory: Memory, computeLarge: (call: LargeCall) => void): Calls {
  const calls = kernelNames.map((name, kernel) => {
    const large = (args: number[], work: number, scratch: number) => computeLarge({ kernel, args, work, scratch });
    return [name, call(exports[name], kernels[name] as Kernel<Argument[]>, memory, large)];
  });
  return Object.fromEntries(calls);
}

/** Calls a kernel for all of its range on this thread. */
export function computeAlone(kernel: RawKernel, args: number[], scratch: number, memory: Memory): void {
  if (scratch === 0) kernel(...args);
  else memory.borrow(scratch, (address) => kernel(...args, address));
}

/** An argument as kernels take it. */
const raw = (x: Argument): number => (typeof x === 'object' ? addressOf(x) : Number(x));

function call(
  kernel: RawKernel,
  { unit, work, scratch }: Kernel<Argument[]>,
  memory: Memory,
  large: (args: number[], work: number, scratch: number) => void,
): (...args: never[]) => void {
  // An array of the arguments would cost a tenth of a small operation: kernels with few of them do without.
  switch (scratch ? 0 : kernel.length) {
    case 4:
      return (a: Argument, b: Argument, range: number) => {
        const operations = range < 2 * unit ? 0 : work(a, b, range);
        if (operations < LEAST_WORK) kernel(raw(a), raw(b), 0, range);
        else large([raw(a), raw(b), 0, range], operations, 0);
      };
    case 5:
      return (a: Argument, b: Argument, c: Argument, range: number) => {
        const operations = range < 2 * unit ? 0 : work(a, b, c, range);
        if (operations < LEAST_WORK) kernel(raw(a), raw(b), raw(c), 0, range);
        else large([raw(a), raw(b), raw(c), 0, range], operations, 0);
      };
    case 6:
      return (a: Argument, b: Argument, c: Argument, d: Argument, range: number) => {
        const operations = range < 2 * unit ? 0 : work(a, b, c, d, range);
        if (operations < LEAST_WORK) kernel(raw(a), raw(b), raw(c), raw(d), 0, range);
        else large([raw(a), raw(b), raw(c), raw(d), 0, range], operations, 0);
      };
    default:
      return (...args: Argument[]) => {
        const place = args.length - (scratch ? 2 : 1);
        const range = args[place] as number;
        const operations = range < 2 * unit ? 0 : work(...args);
        const bytes = scratch ? (args.pop() as number) : 0;
        for (let i = 0; i < place; i++) args[i] = raw(args[i]);
        args[place] = 0;
        args.push(range);
        if (operations < LEAST_WORK) computeAlone(kernel, args as number[], bytes, memory);
        else large(args as number[], operations, bytes);
      };
  }
}
