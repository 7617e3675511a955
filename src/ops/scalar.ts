import { Tensor } from '../tensor/tensor.ts';

/** A constant [] on the backend of `like`. */
export function scalarLike(like: Tensor, value: number): Tensor {
  return Tensor.fromBuffer(like.backend, like.backend.fill(1, value), []);
}
