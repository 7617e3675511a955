import { environmentVariable } from '../../environment.ts';
import { baseline, baselineId, relaxed, relaxedId } from './binary.ts';
import { engineFuses } from './fused-multiply-add.ts';
import type { KernelName } from './kernels.ts';
import { applyPatch, type Patch } from './patch.ts';
import { decodePrintable } from './printable.ts';

/** A kernel as the module exports it: its arguments, the range [start, end), and the address of its scratch if it has one. */
export type RawKernel = (...args: number[]) => void;

/** Bytes of scratch that a thread needs for calls of kernels. */
export interface ScratchSizes {
  /** For a product. */
  gemmScratch(): number;
  /** For a product of 8-bit matrices of this depth. */
  int8Scratch(depth: number): number;
  /** For a sparse product with so many features in tiles of its own. */
  sparseScratch(features: number): number;
  /** For attention and its derivatives in sequences of up to so many queries and keys. */
  attentionScratch(queries: number, keys: number): number;
  attentionBackwardScratch(queries: number, keys: number, headDim: number): number;
  attentionDoubleBackwardScratch(queries: number, keys: number): number;
}

/** The exports of the compiled module. */
export interface Exports extends Readonly<Record<KernelName, RawKernel>>, ScratchSizes {
  /** The first byte of the memory that the host may use. */
  heapBase(): number;
  /** Chooses the tile of a product; each module has its own. */
  setTile(rows: number, columns: number): void;
}

/** The exports of one module: some of the kernels, and its own choice of the tile. */
type OfModule = Partial<Exports> & Pick<Exports, 'setTile'>;

/** A module as it is stored: the one with relaxed SIMD, and what makes of it the one without. */
export interface StoredModule {
  readonly relaxed: string;
  readonly baseline: Patch;
}

/** Bundlers may write a constant anew wherever it is named, so its large text is named once. */
const first: StoredModule = { relaxed, baseline };

let compiled: WebAssembly.Module | null = null;
const added = new Map<StoredModule, WebAssembly.Module>();

/** Returns the compiled kernels, the same for all memories and threads. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= compileFirst();
  return compiled;
}

/** The modules of all kernels that there are: those that are always there, and those that were added. */
export const kernelModules = (): readonly WebAssembly.Module[] => [kernelModule(), ...added.values()];

/** Adds the kernels of a module, unless they are there. */
export function addModule(stored: StoredModule): WebAssembly.Module {
  kernelModule();
  const module = added.get(stored) ?? compile(stored);
  added.set(stored, module);
  return module;
}

/** Takes relaxed SIMD where the engine knows it: a module with an unknown instruction does not validate. */
function compileFirst(): WebAssembly.Module {
  isRelaxed = environmentVariable('SPARSE_ADAPTER_FMA') !== '0' && WebAssembly.validate(decodePrintable(first.relaxed));
  fuses = isRelaxed && engineFuses();
  return compile(first);
}

function compile(stored: StoredModule): WebAssembly.Module {
  const bytes = decodePrintable(stored.relaxed);
  return new WebAssembly.Module(isRelaxed ? bytes : applyPatch(bytes, stored.baseline));
}

let isRelaxed = false;
let fuses = false;

/** Returns whether the kernels use relaxed SIMD; known once they are compiled. SPARSE_ADAPTER_FMA=0 leaves it out. */
export const hasRelaxedSimd = (): boolean => isRelaxed;

/** Returns whether the kernels compute a b + c with one rounding; known once they are compiled. */
export const fusesMultiplyAdd = (): boolean => fuses;

/**
 * Returns the id of these kernels: results are the same bits only with the same ones. Known once they are compiled. Those with
 * relaxed SIMD compute what the others do where it rounds twice.
 */
export const kernelsId = (): string => (fuses ? relaxedId : baselineId);

export const isCompiled = (): boolean => compiled !== null;

/** Makes the kernels of some modules on a memory: by default of all that there are. */
export function instantiate(memory: WebAssembly.Memory, modules = kernelModules()): Exports {
  const parts = modules.map(
    (module) => new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as OfModule,
  );
  const setTile: Exports['setTile'] = (rows, columns) => {
    for (const part of parts) part.setTile(rows, columns);
  };
  return Object.assign({}, ...parts, { setTile });
}
