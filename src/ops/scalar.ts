import { Tensor } from '../tensor/tensor.ts';

/** Zeros of the shape of `like`, a constant. */
export function zerosLike(like: Tensor): Tensor {
  return Tensor.fromBuffer(like.backend, like.backend.fill(like.size, 0), like.shape);
}

/** A constant [] on the backend of `like`. */
export function scalarLike(like: Tensor, value: number): Tensor {
  return Tensor.fromBuffer(like.backend, like.backend.fill(1, value), []);
}
