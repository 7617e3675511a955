import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { memory } from '../tensor/memory.ts';
import type { AdapterSettings } from './family.ts';

/** The bytes that 32-bit addresses reach: the memory of the fast backend. */
const MAX_BYTES = 2 ** 32;
const inGiB = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/**
 * Checks that the weights of an adapter, and what every pass computes of them, fit into memory.
 *
 * @throws InputError naming the option that makes the adapter larger than the memory that is left, before any of it is taken
 */
export function assertFitsMemory(
  { kind, ...options }: AdapterSettings,
  parameters: readonly Parameter[],
  computed = 0,
): void {
  const needed = Float32Array.BYTES_PER_ELEMENT * parameters.reduce((sum, { size }) => sum + size, computed);
  const left = MAX_BYTES - memory().bytes;
  if (needed <= left) return;
  const sizes = Object.entries(options).filter(([, value]) => Number.isSafeInteger(value));
  const [name, value] = sizes.reduce((a, b) => (Number(b[1]) > Number(a[1]) ? b : a), ['the size', '']);
  throw new InputError(
    `${kind}: ${`${name} ${value}`.trim()} makes arrays of ${inGiB(needed)}, and ${inGiB(left)} of memory are left; lower ${name}.`,
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
