import { add, type Backend, grad, hvp, mul, sum, type Tensor } from '../../src/index.ts';
import type { Case } from './cases/case.ts';
import { coefficients, fromTensor, toTensor, type Values } from './values.ts';

/** L = Σ c (y + y²/2): a scalar whose first and second derivatives see every element of y differently. */
export function objective(y: Tensor): Tensor {
  return sum(mul(toTensor(y.backend, coefficients(y.shape)), add(y, mul(mul(y, y), 0.5))));
}

export const valueOn = (backend: Backend, { inputs, apply }: Case): Values =>
  fromTensor(apply(...inputs.map((x) => toTensor(backend, x))));

/** dL/dx for each input. */
export function gradientOn(backend: Backend, { inputs, apply }: Case): Values[] {
  const leaves = inputs.map((x) => toTensor(backend, x, true));
  return grad(objective(apply(...leaves)), leaves).map(fromTensor);
}

/** The directions of {@link productOn}. */
export const directions = (inputs: readonly Values[]): Values[] => inputs.map((x, i) => coefficients(x.shape, i + 1));

/** H u, H the Hessian of L over all inputs jointly. */
export function productOn(backend: Backend, { inputs, apply }: Case): Values[] {
  const leaves = inputs.map((x) => toTensor(backend, x, true));
  const vectors = directions(inputs).map((u) => toTensor(backend, u));
  return hvp(() => objective(apply(...leaves)), leaves, vectors).map(fromTensor);
}
