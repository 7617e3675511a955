import { storedNumbersF16 } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Ways to hold a frozen matrix: as it was read, as float16, or in 8 bits (src/backends/reference/int8.ts). */
export const heldDTypes = ['float32', 'float16', 'int8'] as const;
export type HeldDType = (typeof heldDTypes)[number];

/** Returns a copy of a matrix that is held in fewer bits. @throws InputError on a backend that cannot, or not before `loadInt8` */
export function heldTensor(x: Tensor, dtype: Exclude<HeldDType, 'float32'>): Tensor {
  const { backend, shape, operand } = x;
  if (!backend.holdsFewerBits || !backend.readSync) {
    throw new InputError(`The ${backend.name} backend holds weights in float32 alone, not in ${dtype}.`);
  }
  if (dtype === 'float16') {
    const stored = storedNumbersF16(backend.readSync(operand.buffer));
    return Tensor.fromBuffer(backend, backend.uploadStored(stored, shape), shape);
  }
  const { int8 } = backend;
  if (!int8) throw new InputError('Weights in 8 bits need kernels that are not there; call await loadInt8() before.');
  return Tensor.fromBuffer(backend, int8.pack(operand), shape);
}
