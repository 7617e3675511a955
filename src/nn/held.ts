import { storedNumbersF16 } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Ways to hold a frozen matrix: as it was read, as float16, or in 8 bits (src/backends/reference/int8.ts). */
export const heldDTypes = ['float32', 'float16', 'int8'] as const;
export type HeldDType = (typeof heldDTypes)[number];

/** Returns a copy of a matrix that is held in fewer bits. @throws InputError on a backend that cannot */
export function heldTensor(x: Tensor, dtype: Exclude<HeldDType, 'float32'>): Tensor {
  const { backend, shape, operand } = x;
  if (!backend.int8 || !backend.readSync) {
    throw new InputError(`The ${backend.name} backend holds weights in float32 alone, not in ${dtype}.`);
  }
  const buffer =
    dtype === 'int8'
      ? backend.int8.pack(operand)
      : backend.uploadStored(storedNumbersF16(backend.readSync(operand.buffer)), shape);
  return Tensor.fromBuffer(backend, buffer, shape);
}
