import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { memory } from '../tensor/memory.ts';
import type { AdapterParts, AdapterSettings } from './family.ts';

/** The bytes that 32-bit addresses reach: the memory of the fast backend. */
const MAX_BYTES = 2 ** 32;
/** The part of them that arrays can fill: the allocator finds a block that is free if it is a sixteenth larger than the array. */
const USABLE = 15 / 16;
const inGiB = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** An adapter smaller than this is never called large, even on a tiny model. */
const LARGE = 10_000_000;

/** What an adapter is built for. */
export interface AdapterUse {
  /** Whether it is to be trained: then its gradients and their two moments must fit into memory too. Default false. */
  readonly isTrained?: boolean;
  /** Whether its weights are loaded before anything is computed: then none are drawn. Default false. */
  readonly isLoaded?: boolean;
  /** Sequences of the largest batch. Default 1. */
  readonly sequences?: number;
  /** The setting that its size follows from, with its value, where that is none of its options. */
  readonly sizedBy?: readonly [name: string, value: unknown];
  /** Given the parameters before any of them is made. @throws InputError for those that cannot be filled */
  readonly check?: (parameters: readonly Parameter[]) => void;
  /** Told in one line, before any of it is made, of an adapter that is larger than its model. */
  readonly onWarning?: (message: string) => void;
}

const sizeOf = (parameters: readonly Parameter[]): number => parameters.reduce((sum, { size }) => sum + size, 0);

/** The option that most likely makes the adapter large. */
function largestOption({ kind: _, ...options }: AdapterSettings): readonly [name: string, value: unknown] {
  const sizes = Object.entries(options).filter(([, value]) => Number.isSafeInteger(value));
  return sizes.reduce((a, b) => (Number(b[1]) > Number(a[1]) ? b : a), ['the size', '']);
}

/**
 * Checks, before any of it is taken, that an adapter fits into memory: its weights, and what passes compute of them.
 *
 * @param backbone parameters of the model without it
 * @throws InputError naming the option that makes the adapter larger than the memory that is left
 */
export function assertFitsMemory(
  settings: AdapterSettings,
  own: readonly Parameter[],
  { computed = 0, held = () => computed }: Pick<AdapterParts, 'computed' | 'held'>,
  backbone: readonly Parameter[],
  { isTrained = false, sequences = 1, sizedBy = largestOption(settings), onWarning }: AdapterUse,
): void {
  const [name, value] = sizedBy;
  const cause = `${settings.kind}: ${`${name} ${value}`.trim()}`;
  const weights = sizeOf(own);
  const inPass = held({ sequences, isTrained });
  // The gradients of all weights are there when what the pass has computed is not any more.
  const numbers = isTrained ? 3 * weights + Math.max(weights, inPass) : weights + inPass;
  const needed = Float32Array.BYTES_PER_ELEMENT * numbers;
  const left = USABLE * (MAX_BYTES - memory().bytes);
  if (needed > left) {
    throw new InputError(
      `${cause} makes arrays of ${inGiB(needed)}, and ${inGiB(left)} of memory are left; lower ${name}.`,
    );
  }
  const [size, model] = [weights + computed, sizeOf(backbone)];
  if (size < LARGE || size < model) return;
  onWarning?.(
    `${cause} makes the adapter ${(size / model).toFixed(1)} times as large as the model, so that each step takes long; lower ${name}.`,
  );
}

/** So that another name can be put in its place. @throws InputError unless the name is one part of each parameter's name */
export function assertNames(name: string, parameters: readonly Parameter[]): void {
  for (const parameter of parameters) {
    const count = parameter.name.split('.').filter((part) => part === name).length;
    if (count > 1) throw new InputError(`'${name}' cannot name an adapter: ${parameter.name} has it twice.`);
    if (count === 0) throw new Error(`${parameter.name} must contain '${name}', the name of its adapter.`);
  }
}
