import type { Device, FunctionSource, KernelArgument, KernelRun, Texture } from './gpujs.ts';
import { helpers } from './sources.ts';

/**
 * Types of arguments: an array on the device, one of blocks of four numbers, one of the host that is uploaded with the call, an
 * integer, a float.
 */
const types = {
  texture: 'ArrayTexture(1)',
  blocks: 'ArrayTexture(4)',
  array: 'Array',
  int: 'Integer',
  float: 'Float',
} as const;
export type ArgumentType = keyof typeof types;

/** A kernel function and the types of its arguments. */
export interface Program extends FunctionSource {
  readonly types: readonly ArgumentType[];
}

/** Constants that a kernel is compiled with. */
export interface Variant {
  /** The scalar function that it calls as `apply`. */
  readonly apply?: FunctionSource;
  /** At least the number of rounds of its loop. */
  readonly rounds?: number;
}

/** Rounds of loops that kernels are compiled for. Some drivers end every loop after 65,535. */
const BOUNDS = [16, 64, 512, 4096, 65_535] as const;

/**
 * Rows that one thread adds up: more are reduced in several passes, which is faster and rounds less. One of the bounds, as a
 * pass takes as many rows as its loop has rounds.
 */
export const REDUCED_ROWS = 64;

/**
 * The kernels of a device. Shapes are arguments, so a kernel serves all of them, whatever the lengths of the sequences of a
 * batch: there are as many as programs, scalar functions and loop bounds, and no more to keep.
 */
export class Programs {
  readonly #device: Device;
  readonly #kernels = new Map<string, KernelRun>();

  constructor(device: Device) {
    this.#device = device;
  }

  /**
   * Queues a kernel for `length` > 0 results.
   *
   * @returns a texture that the caller deletes
   * @throws Error if the device has no texture of that size, or no loop that is long enough
   */
  run(program: Program, length: number, values: readonly KernelArgument[], variant: Variant = {}): Texture {
    this.#device.assertHolds(length);
    const kernel = this.#kernelOf(program, variant);
    kernel.setOutput([length]);
    const result = kernel(...values);
    this.#device.assertOnDevice(kernel);
    // The kernel would keep this result alive until its next call.
    kernel.kernel.texture?.delete();
    kernel.kernel.texture = null;
    return result;
  }

  #kernelOf(program: Program, { apply, rounds = 0 }: Variant): KernelRun {
    const bound = boundOf(rounds);
    // Those that only call strideDot, whose loop is as long as any, are the same for all bounds.
    const own = program.source.includes('constants.bound') ? bound : 'any';
    const key = `${program.name} ${apply?.name ?? ''} ${own}`;
    const known = this.#kernels.get(key);
    if (known) return known;
    const kernel = this.#device.createKernel(program.source, {
      argumentTypes: program.types.map((type) => types[type]),
      functions: withHelpers(program, apply),
      constants: { bound },
    });
    this.#kernels.set(key, kernel);
    return kernel;
  }
}

/** The functions that a kernel needs beside its own. */
function withHelpers({ source }: Program, apply: FunctionSource | undefined): FunctionSource[] {
  const functions = apply ? [apply] : [];
  // A helper may call one before it.
  for (const helper of helpers.toReversed()) {
    const called = [source, ...functions.map((fn) => fn.source)].some((text) => text.includes(`${helper.name}(`));
    if (called) functions.push(helper);
  }
  return functions;
}

/** @throws Error if no driver could run so many rounds */
function boundOf(rounds: number): number {
  const bound = BOUNDS.find((most) => rounds <= most);
  if (bound === undefined)
    throw new Error(`Backend 'gpu': a sum of ${rounds} products is longer than its loops can be.`);
  return bound;
}
