import { define } from '../tensor/define.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, mul } from './arithmetic.ts';
import { fusedOperation } from './operation.ts';
import { erf, relu, sigmoid, tanh } from './unary.ts';

const SQRT_HALF = Math.SQRT1_2;
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/** x Φ(x) with the normal distribution function Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel, 2016). */
export const gelu = define('gelu', (x: Tensor): Tensor => {
  return fusedOperation('gelu', [x], x.shape, {}, (t) => mul(mul(t, 0.5), add(erf(mul(t, SQRT_HALF)), 1)));
});

/** The tanh approximation of {@link gelu}: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))), `gelu_new` and `gelu_fast` of Hugging Face. */
export const geluTanh = define('geluTanh', (x: Tensor): Tensor => {
  return fusedOperation('geluTanh', [x], x.shape, {}, (t) => {
    const cubic = mul(mul(mul(t, t), t), 0.044715);
    return mul(mul(t, 0.5), add(tanh(mul(add(t, cubic), SQRT_2_OVER_PI)), 1));
  });
});

/** x σ(x), also called swish. */
export const silu = define('silu', (x: Tensor): Tensor => {
  return fusedOperation('silu', [x], x.shape, {}, (t) => mul(t, sigmoid(t)));
});

/** Activations under the names that Hugging Face and AdapterHub configurations use. */
export const activations = {
  gelu,
  gelu_fast: geluTanh,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  silu,
  swish: silu,
  tanh,
} as const satisfies Record<string, (x: Tensor) => Tensor>;
export type ActivationName = keyof typeof activations;

/** @throws Error naming the activations there are */
export function activation(name: string): (x: Tensor) => Tensor {
  if (Object.hasOwn(activations, name)) return activations[name as ActivationName];
  throw new Error(`Unknown activation '${name}'; there are: ${Object.keys(activations).join(', ')}.`);
}
