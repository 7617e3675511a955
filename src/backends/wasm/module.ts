import { environmentVariable } from '../../environment.ts';
import { baseline, baselineId, relaxed, relaxedId } from './binary.ts';
import type { KernelName } from './kernels.ts';
import { applyPatch } from './patch.ts';
import { decodePrintable } from './printable.ts';

/** A kernel as the module exports it: its arguments, the range [start, end), and the address of its scratch if it has one. */
export type RawKernel = (...args: number[]) => void;

/** The exports of the compiled module. */
export interface Exports extends Readonly<Record<KernelName, RawKernel>> {
  /** The first byte of the memory that the host may use. */
  heapBase(): number;
  /** Bytes of scratch that a thread needs for a product. */
  gemmScratch(): number;
  /** The same for a product of 8-bit matrices of this depth. */
  int8Scratch(depth: number): number;
  /** Columns of a tile of a product: 8, or 16 for engines that fuse pairs of 128-bit operations. */
  readonly tileColumns: WebAssembly.Global<'i32'>;
}
let compiled: WebAssembly.Module | null = null;

/** Returns the compiled kernels, the same for all memories and threads. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= compile();
  return compiled;
}

/**
 * Compiles with relaxed SIMD (fused multiply-add) where the engine knows it: a module with an unknown instruction does not validate.
 * SPARSE_ADAPTER_FMA=0 leaves it out, so that results are those of engines without it: same kernels, and to the bit with the same
 * major version of Node.js.
 */
function compile(): WebAssembly.Module {
  const bytes = decodePrintable(relaxed);
  hasFusedMultiplyAdd = environmentVariable('SPARSE_ADAPTER_FMA') !== '0' && WebAssembly.validate(bytes);
  return new WebAssembly.Module(hasFusedMultiplyAdd ? bytes : applyPatch(bytes, baseline));
}

let hasFusedMultiplyAdd = false;

/** Returns whether the kernels compute a b + c with one rounding; known once they are compiled. */
export const fusesMultiplyAdd = (): boolean => hasFusedMultiplyAdd;

/** Returns the id of these kernels: results are the same bits only with the same ones. Known once they are compiled. */
export const kernelsId = (): string => (hasFusedMultiplyAdd ? relaxedId : baselineId);

export const isCompiled = (): boolean => compiled !== null;

/** Makes the kernels on a memory. */
export function instantiate(memory: WebAssembly.Memory): Exports {
  const { exports } = new WebAssembly.Instance(kernelModule(), { env: { memory } });
  return exports as unknown as Exports;
}
