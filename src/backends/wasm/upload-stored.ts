import type { Shape } from '../backend.ts';
import { type StoredNumbers, storedBytes } from '../stored.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';
import type { Calls } from './kernels.ts';

/** Bytes that are read at a time where they must be converted. */
const CHUNK = 1 << 20;
const converters = { F16: 'widenF16', BF16: 'widenBf16', F64: 'narrowF64' } as const;

/**
 * Reads numbers of a file straight into the linear memory: F32 as they are, and so F16 in a matrix (see {@link WasmBuffer});
 * others piece by piece through a scratch, from where a kernel converts them.
 */
export function uploadStored(backend: WasmBackend, numbers: StoredNumbers, shape: Shape): WasmBuffer {
  const { dtype, length } = numbers;
  const staysHalf = dtype === 'F16' && shape.length > 1;
  const out = staysHalf ? backend.allocateF16(length) : backend.allocate(length);
  try {
    if (dtype === 'F32' || staysHalf) numbers.readInto(backend.memory.bytes(out.stored, out.bytes), 0);
    else convert(backend, numbers, backend.kernels[converters[dtype]], out.address);
  } catch (error) {
    backend.free(out);
    throw error;
  }
  return out;
}

function convert(
  backend: WasmBackend,
  { dtype, length, readInto }: StoredNumbers,
  kernel: Calls['widenF16'],
  to: number,
): void {
  const size = storedBytes(dtype);
  const step = CHUNK / size;
  backend.memory.borrow(CHUNK, (scratch) => {
    for (let first = 0; first < length; first += step) {
      const count = Math.min(step, length - first);
      readInto(backend.memory.bytes(scratch, count * size), first * size);
      kernel(scratch, to + 4 * first, count);
    }
  });
}
