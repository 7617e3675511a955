import { gelu, geluTanh } from '../ops/activations.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { erf, neg, relu, sigmoid } from '../ops/unary.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { MoreActivation } from './bottleneck.ts';

/** max(x, 0) + slope · min(x, 0) */
const leaky = (x: Tensor, slope: Tensor | number): Tensor => sub(relu(x), mul(relu(neg(x)), slope));

/** x tanh(log(1 + eˣ)) (Misra, 2019). With s = σ(-x) the tangent is (1 - s²) / (1 + s²), in which nothing overflows. */
function mish(x: Tensor): Tensor {
  const s = sigmoid(neg(x));
  const squared = mul(s, s);
  return mul(x, div(sub(1, squared), add(squared, 1)));
}

const SLOPE = 0.01;
const ROOT_OF_TWO = Math.SQRT2;

/** The activations of AdapterHub's bottlenecks that no kernel has, by their names in transformers. `prelu` has a trained slope. */
export const moreActivations: Readonly<Record<MoreActivation, (x: Tensor, slope: Tensor | null) => Tensor>> = {
  gelu_10: (x) => {
    const y = gelu(x);
    return sub(y, relu(sub(y, 10)));
  },
  gelu_accurate: (x) => geluTanh(x),
  gelu_python: (x) => gelu(x),
  gelu_python_tanh: (x) => geluTanh(x),
  // The normal distribution function with mean √½ and standard deviation √(1/(4π)), as in MEGA.
  laplace: (x) => mul(add(erf(mul(sub(x, Math.SQRT1_2), 1 / (0.282095 * ROOT_OF_TWO))), 1), 0.5),
  leaky_relu: (x) => leaky(x, SLOPE),
  leakyrelu: (x) => leaky(x, SLOPE),
  linear: (x) => x,
  mish,
  prelu: (x, slope) => leaky(x, slope ?? SLOPE),
  quick_gelu: (x) => mul(x, sigmoid(mul(x, 1.702))),
  relu2: (x) => mul(relu(x), relu(x)),
  relu6: (x) => sub(relu(x), relu(sub(x, 6))),
  sigmoid: (x) => sigmoid(x),
};
