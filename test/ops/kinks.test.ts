import assert from 'node:assert/strict';
import { suite } from 'uvu';
import * as S from '../../src/index.ts';
import { useBackend } from '../support/on-backend.ts';

/**
 * Values, gradients of the sum of all values, and the Hessian of that sum times vectors 1, 2, 3, ..., where a function has a kink, a
 * pole or an infinite argument. The numbers are those of PyTorch 2.13 in float32, but where a comment gives PyTorch's: there a
 * gradient of 0 meets an infinite factor, and the engine selects the 0.
 */
interface Kink {
  readonly name: string;
  readonly f: (...inputs: S.Tensor[]) => S.Tensor;
  readonly inputs: readonly (readonly number[])[];
  readonly value: readonly number[];
  readonly gradients: readonly (readonly number[])[];
  readonly second: readonly (readonly number[])[];
}

const kinks: readonly Kink[] = [
  {
    name: 'neg',
    f: S.neg,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [Infinity, 10000, 1, 0, -0, -1, -10000, -Infinity],
    gradients: [[-1, -1, -1, -1, -1, -1, -1, -1]],
    second: [[0, 0, 0, 0, 0, 0, 0, 0]],
  },
  {
    name: 'exp',
    f: S.exp,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [0, 0, 0.3678795, 1, 1, Math.E, Infinity, Infinity],
    gradients: [[0, 0, 0.3678795, 1, 1, Math.E, Infinity, Infinity]],
    second: [[0, 0, 1.103638, 4, 5, 16.30969, Infinity, Infinity]],
  },
  {
    name: 'log',
    f: S.log,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [NaN, NaN, NaN, -Infinity, -Infinity, 0, 9.21034, Infinity],
    gradients: [[-0, -0.0001, -1, -Infinity, Infinity, 1, 0.0001, 0]],
    second: [[-0, -2e-8, -3, -Infinity, -Infinity, -6, -7e-8, -0]],
  },
  {
    name: 'tanh',
    f: S.tanh,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [-1, -1, -0.7615942, -0, 0, 0.7615942, 1, 1],
    gradients: [[0, 0, 0.4199743, 1, 1, 0.4199743, 0, 0]],
    second: [[0, 0, 1.9191, 0, -0, -3.8382, -0, -0]],
  },
  {
    name: 'sigmoid',
    f: S.sigmoid,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [0, 0, 0.2689414, 0.5, 0.5, 0.7310586, 1, 1],
    gradients: [[0, 0, 0.1966119, 0.25, 0.25, 0.1966119, 0, 0]],
    second: [[0, 0, 0.2725732, 0, 0, -0.5451465, -0, -0]],
  },
  {
    name: 'relu',
    f: S.relu,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [0, 0, 0, -0, 0, 1, 10000, Infinity],
    gradients: [[0, 0, 0, 0, 0, 1, 1, 1]],
    second: [[0, 0, 0, 0, 0, 0, 0, 0]],
  },
  {
    name: 'sqrt',
    f: S.sqrt,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [NaN, NaN, NaN, -0, 0, 1, 100, Infinity],
    gradients: [[NaN, NaN, NaN, -Infinity, Infinity, 0.5, 0.005, 0]],
    second: [[NaN, NaN, NaN, Infinity, -Infinity, -1.5, -1.75e-6, -0]],
  },
  {
    name: 'rsqrt',
    f: S.rsqrt,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [NaN, NaN, NaN, -Infinity, Infinity, 1, 0.01, 0],
    gradients: [[NaN, NaN, NaN, Infinity, -Infinity, -0.5, -5e-7, -0]],
    second: [[NaN, NaN, NaN, -Infinity, Infinity, 4.5, 5.25e-10, 0]],
  },
  {
    name: 'abs',
    f: S.abs,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [Infinity, 10000, 1, 0, 0, 1, 10000, Infinity],
    gradients: [[-1, -1, -1, 0, 0, 1, 1, 1]],
    second: [[0, 0, 0, 0, 0, 0, 0, 0]],
  },
  {
    name: 'sign',
    f: S.sign,
    inputs: [[-Infinity, -10000, -1, -0, 0, 1, 10000, Infinity]],
    value: [-1, -1, -1, 0, 0, 1, 1, 1],
    gradients: [[0, 0, 0, 0, 0, 0, 0, 0]],
    second: [[0, 0, 0, 0, 0, 0, 0, 0]],
  },
  {
    name: 'relu of NaN',
    f: S.relu,
    inputs: [[NaN, 1]],
    value: [NaN, 1],
    gradients: [[1, 1]],
    second: [[0, 0]],
  },
  {
    name: 'erf',
    f: S.erf,
    inputs: [[-10000, -1, -0, 0, 1, 10000]],
    value: [-1, -0.8427008, -0, 0, 0.8427008, 1],
    gradients: [[0, 0.4151075, 1.128379, 1.128379, 0.4151075, 0]],
    second: [[0, 1.66043, 0, -0, -4.151075, -0]],
  },
  {
    name: 'gelu',
    f: S.gelu,
    inputs: [[-10000, -1, -0, 0, 1, 10000]],
    value: [-0, -0.1586553, -0, 0, 0.8413447, 10000],
    gradients: [[0, -0.08331543, 0.5, 0.5, 1.083315, 1]],
    second: [[0, 0.4839415, 2.393654, 3.191538, 1.209854, 0]],
  },
  {
    name: 'geluTanh',
    f: S.geluTanh,
    inputs: [[-10000, -1, -0, 0, 1, 10000]],
    value: [-0, -0.158808, -0, 0, 0.841192, 10000],
    gradients: [[0, -0.08296409, 0.5, 0.5, 1.082964, 1]],
    second: [[0, 0.4842964, 2.393654, 3.191538, 1.210741, 0]],
  },
  {
    name: 'silu',
    f: S.silu,
    inputs: [[-10000, -1, -0, 0, 1, 10000]],
    value: [-0, -0.2689414, -0, 0, 0.7310586, 10000],
    gradients: [[-0, 0.07232948, 0.5, 0.5, 0.9276705, 1]],
    second: [[0, 0.6047323, 1.5, 2, 1.511831, 0]],
  },
  {
    name: 'sqrt of relu',
    f: (x) => S.sqrt(S.relu(x)),
    inputs: [[-1, 0, 4]],
    value: [0, 0, 2],
    gradients: [[0, 0, 0.25]],
    second: [[0, 0, -0.09375]],
  },
  {
    // torch: NaN for 0
    name: 'sqrt of abs',
    f: (x) => S.sqrt(S.abs(x)),
    inputs: [[-1, 0, 4]],
    value: [1, 0, 2],
    gradients: [[-0.5, 0, 0.25]],
    second: [[-0.25, 0, -0.09375]],
  },
  {
    name: 'sqrt of sign',
    f: (x) => S.sqrt(S.sign(x)),
    inputs: [[-1, 0, 4]],
    value: [NaN, 0, 1],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'sqrt of tanh',
    f: (x) => S.sqrt(S.tanh(x)),
    inputs: [[-1, 0, 4]],
    value: [NaN, 0, 0.9996646],
    gradients: [[NaN, Infinity, 0.0006706715]],
    second: [[NaN, NaN, -0.00402268]],
  },
  {
    name: 'sqrt of exp',
    f: (x) => S.sqrt(S.exp(x)),
    inputs: [[-1, 0, 4]],
    value: [0.6065307, 1, 7.389056],
    gradients: [[0.3032653, 0.5, 3.694528]],
    second: [[0.1516327, 0.5, 5.541793]],
  },
  {
    name: 'sqrt of sqrt',
    f: (x) => S.sqrt(S.sqrt(x)),
    inputs: [[-1, 0, 4]],
    value: [NaN, 0, Math.SQRT2],
    gradients: [[NaN, Infinity, 0.08838835]],
    second: [[NaN, -Infinity, -0.04971845]],
  },
  {
    name: 'log of relu',
    f: (x) => S.log(S.relu(x)),
    inputs: [[-1, 0, 4]],
    value: [-Infinity, -Infinity, 1.386294],
    gradients: [[0, 0, 0.25]],
    second: [[0, 0, -0.1875]],
  },
  {
    // torch: NaN for 0
    name: 'log of abs',
    f: (x) => S.log(S.abs(x)),
    inputs: [[-1, 0, 4]],
    value: [0, -Infinity, 1.386294],
    gradients: [[-1, 0, 0.25]],
    second: [[-1, 0, -0.1875]],
  },
  {
    name: 'log of sign',
    f: (x) => S.log(S.sign(x)),
    inputs: [[-1, 0, 4]],
    value: [NaN, -Infinity, 0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'log of tanh',
    f: (x) => S.log(S.tanh(x)),
    inputs: [[-1, 0, 4]],
    value: [NaN, -Infinity, -0.0006708964],
    gradients: [[-0.5514411, Infinity, 0.001341793]],
    second: [[-1.144036, NaN, -0.008050759]],
  },
  {
    name: 'log of exp',
    f: (x) => S.log(S.exp(x)),
    inputs: [[-1, 0, 4]],
    value: [-1, 0, 4],
    gradients: [[1, 1, 1]],
    second: [[0, 0, -2.03394e-7]],
  },
  {
    name: 'log of sqrt',
    f: (x) => S.log(S.sqrt(x)),
    inputs: [[-1, 0, 4]],
    value: [NaN, -Infinity, Math.LN2],
    gradients: [[NaN, Infinity, 0.125]],
    second: [[NaN, -Infinity, -0.09375]],
  },
  {
    name: 'rsqrt of relu',
    f: (x) => S.rsqrt(S.relu(x)),
    inputs: [[-1, 0, 4]],
    value: [Infinity, Infinity, 0.5],
    gradients: [[0, 0, -0.0625]],
    second: [[0, 0, 0.0703125]],
  },
  {
    name: 'division by relu',
    f: (x) => S.div(1, S.relu(x)),
    inputs: [[-1, 0, 4]],
    value: [Infinity, Infinity, 0.25],
    gradients: [[0, 0, -0.0625]],
    second: [[0, 0, 0.09375]],
  },
  {
    name: 'maximum',
    f: S.maximum,
    inputs: [
      [-1, 0, -0, 4, Infinity, -Infinity, NaN, 1],
      [0, 0, 0, 0, Infinity, 0, 0, NaN],
    ],
    value: [0, 0, -0, 4, Infinity, 0, NaN, NaN],
    gradients: [
      [0, 0.5, 0.5, 1, 0.5, 0, 1, 1],
      [1, 0.5, 0.5, 0, 0.5, 1, 1, 1],
    ],
    second: [
      [0, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ],
  },
  {
    name: 'sqrt of maximum',
    f: (a, b) => S.sqrt(S.maximum(a, b)),
    inputs: [
      [-1, 0, -0, 4, Infinity, -Infinity, NaN, 1],
      [0, 0, 0, 0, Infinity, 0, 0, NaN],
    ],
    value: [0, 0, -0, 2, Infinity, 0, NaN, NaN],
    gradients: [
      [0, Infinity, -Infinity, 0.25, 0, 0, NaN, NaN],
      [Infinity, Infinity, -Infinity, 0, 0, Infinity, NaN, NaN],
    ],
    second: [
      [0, -Infinity, Infinity, -0.125, -0, 0, NaN, NaN],
      [-Infinity, -Infinity, Infinity, 0, -0, -Infinity, NaN, NaN],
    ],
  },
  {
    name: 'log of maximum',
    f: (a, b) => S.log(S.maximum(a, b)),
    inputs: [
      [-1, 0, -0, 4, Infinity, -Infinity, NaN, 1],
      [0, 0, 0, 0, Infinity, 0, 0, NaN],
    ],
    value: [-Infinity, -Infinity, -Infinity, 1.386294, Infinity, -Infinity, NaN, NaN],
    gradients: [
      [0, Infinity, -Infinity, 0.25, 0, 0, NaN, NaN],
      [Infinity, Infinity, -Infinity, 0, 0, Infinity, NaN, NaN],
    ],
    second: [
      [0, -Infinity, -Infinity, -0.25, -0, 0, NaN, NaN],
      [-Infinity, -Infinity, -Infinity, 0, -0, -Infinity, NaN, NaN],
    ],
  },
  {
    name: 'minimum',
    f: S.minimum,
    inputs: [
      [-1, 0, -0, 4, Infinity, -Infinity, NaN, 1],
      [0, 0, 0, 0, Infinity, 0, 0, NaN],
    ],
    value: [-1, 0, -0, 0, Infinity, -Infinity, NaN, NaN],
    gradients: [
      [1, 0.5, 0.5, 0, 0.5, 1, 1, 1],
      [0, 0.5, 0.5, 1, 0.5, 0, 1, 1],
    ],
    second: [
      [0, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ],
  },
  {
    name: 'sqrt of minimum',
    f: (a, b) => S.sqrt(S.minimum(a, b)),
    inputs: [
      [-1, 0, -0, 4, Infinity, -Infinity, NaN, 1],
      [0, 0, 0, 0, Infinity, 0, 0, NaN],
    ],
    value: [NaN, 0, -0, 0, Infinity, NaN, NaN, NaN],
    gradients: [
      [NaN, Infinity, -Infinity, 0, 0, NaN, NaN, NaN],
      [0, Infinity, -Infinity, Infinity, 0, 0, NaN, NaN],
    ],
    second: [
      [NaN, -Infinity, Infinity, 0, -0, NaN, NaN, NaN],
      [0, -Infinity, Infinity, -Infinity, -0, 0, NaN, NaN],
    ],
  },
  {
    name: 'log of minimum',
    f: (a, b) => S.log(S.minimum(a, b)),
    inputs: [
      [-1, 0, -0, 4, Infinity, -Infinity, NaN, 1],
      [0, 0, 0, 0, Infinity, 0, 0, NaN],
    ],
    value: [NaN, -Infinity, -Infinity, -Infinity, Infinity, NaN, NaN, NaN],
    gradients: [
      [-1, Infinity, -Infinity, 0, 0, -0, NaN, NaN],
      [0, Infinity, -Infinity, Infinity, 0, 0, NaN, NaN],
    ],
    second: [
      [-1, -Infinity, -Infinity, 0, -0, -0, NaN, NaN],
      [0, -Infinity, -Infinity, -Infinity, -0, 0, NaN, NaN],
    ],
  },
  {
    name: 'sqrt of maximum with a number',
    f: (x) => S.sqrt(S.maximum(x, 0)),
    inputs: [[-1, 0, 4]],
    value: [0, 0, 2],
    gradients: [[0, Infinity, 0.25]],
    second: [[0, -Infinity, -0.09375]],
  },
  {
    name: 'sqrt of minimum with a number',
    f: (x) => S.sqrt(S.minimum(x, 0)),
    inputs: [[-1, 0, 4]],
    value: [NaN, 0, 0],
    gradients: [[NaN, Infinity, 0]],
    second: [[NaN, -Infinity, 0]],
  },
  {
    name: 'pow(x, 0)',
    f: (x) => S.pow(x, 0),
    inputs: [[-1, 0, 2]],
    value: [1, 1, 1],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'pow(x, 1)',
    f: (x) => S.pow(x, 1),
    inputs: [[-1, 0, 2]],
    value: [-1, 0, 2],
    gradients: [[1, 1, 1]],
    second: [[0, 0, 0]],
  },
  {
    name: 'pow(x, 2)',
    f: (x) => S.pow(x, 2),
    inputs: [[-1, 0, 2]],
    value: [1, 0, 4],
    gradients: [[-2, 0, 4]],
    second: [[2, 4, 6]],
  },
  {
    name: 'pow(x, 3)',
    f: (x) => S.pow(x, 3),
    inputs: [[-1, 0, 2]],
    value: [-1, 0, 8],
    gradients: [[3, 0, 12]],
    second: [[-6, 0, 36]],
  },
  {
    name: 'pow(x, 0.5)',
    f: (x) => S.pow(x, 0.5),
    inputs: [[-1, 0, 2]],
    value: [NaN, 0, Math.SQRT2],
    gradients: [[NaN, Infinity, 0.3535534]],
    second: [[NaN, -Infinity, -0.265165]],
  },
  {
    name: 'pow(x, -1)',
    f: (x) => S.pow(x, -1),
    inputs: [[-1, 0, 2]],
    value: [-1, Infinity, 0.5],
    gradients: [[-1, -Infinity, -0.25]],
    second: [[-2, Infinity, 0.75]],
  },
  {
    name: 'log of pow(x, 0)',
    f: (x) => S.log(S.pow(x, 0)),
    inputs: [[-1, 0, Infinity]],
    value: [0, 0, 0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    // torch: second NaN but for the last
    name: 'pow(0, b)',
    f: (b) => S.pow(S.tensor([0, 0, 0, 0]), b),
    inputs: [[0, 1, 2, -1]],
    value: [1, 0, 0, Infinity],
    gradients: [[0, 0, 0, -Infinity]],
    second: [[0, 0, 0, Infinity]],
  },
  {
    name: 'pow(2, b)',
    f: (b) => S.pow(S.tensor([2, 2, 2]), b),
    inputs: [[0, 1, -1]],
    value: [1, 2, 0.5],
    gradients: [[Math.LN2, 1.386294, 0.3465736]],
    second: [[0.480453, 1.921812, 0.7206795]],
  },
  {
    name: 'max',
    f: (x) => S.max(x),
    inputs: [[-1, 0, -4]],
    value: [0],
    gradients: [[0, 1, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'sqrt of max',
    f: (x) => S.sqrt(S.max(x)),
    inputs: [[-1, 0, -4]],
    value: [0],
    gradients: [[0, Infinity, 0]],
    second: [[0, -Infinity, 0]],
  },
  {
    name: 'log of max',
    f: (x) => S.log(S.max(x)),
    inputs: [[-1, 0, -4]],
    value: [-Infinity],
    gradients: [[0, Infinity, 0]],
    second: [[0, -Infinity, 0]],
  },
  {
    name: 'max of equal numbers',
    f: (x) => S.max(x),
    inputs: [[0, 0, -4]],
    value: [0],
    gradients: [[0.5, 0.5, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'sqrt of max of equal numbers',
    f: (x) => S.sqrt(S.max(x)),
    inputs: [[0, 0, -4]],
    value: [0],
    gradients: [[Infinity, Infinity, 0]],
    second: [[-Infinity, -Infinity, 0]],
  },
  {
    name: 'log of max of equal numbers',
    f: (x) => S.log(S.max(x)),
    inputs: [[0, 0, -4]],
    value: [-Infinity],
    gradients: [[Infinity, Infinity, 0]],
    second: [[-Infinity, -Infinity, 0]],
  },
  {
    name: 'max with NaN',
    f: (x) => S.max(x),
    inputs: [[1, NaN, 2]],
    value: [NaN],
    gradients: [[0, 1, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'sqrt of max with NaN',
    f: (x) => S.sqrt(S.max(x)),
    inputs: [[1, NaN, 2]],
    value: [NaN],
    gradients: [[0, NaN, 0]],
    second: [[0, NaN, 0]],
  },
  {
    name: 'log of max with NaN',
    f: (x) => S.log(S.max(x)),
    inputs: [[1, NaN, 2]],
    value: [NaN],
    gradients: [[0, NaN, 0]],
    second: [[0, NaN, 0]],
  },
  {
    name: 'max of -Infinity',
    f: (x) => S.max(x),
    inputs: [[-Infinity, -Infinity]],
    value: [-Infinity],
    gradients: [[0.5, 0.5]],
    second: [[0, 0]],
  },
  {
    name: 'sqrt of max of -Infinity',
    f: (x) => S.sqrt(S.max(x)),
    inputs: [[-Infinity, -Infinity]],
    value: [NaN],
    gradients: [[NaN, NaN]],
    second: [[NaN, NaN]],
  },
  {
    name: 'log of max of -Infinity',
    f: (x) => S.log(S.max(x)),
    inputs: [[-Infinity, -Infinity]],
    value: [NaN],
    gradients: [[-0, -0]],
    second: [[-0, -0]],
  },
  {
    name: 'max of Infinity',
    f: (x) => S.max(x),
    inputs: [[Infinity, 1, Infinity]],
    value: [Infinity],
    gradients: [[0.5, 0, 0.5]],
    second: [[0, 0, 0]],
  },
  {
    name: 'sqrt of max of Infinity',
    f: (x) => S.sqrt(S.max(x)),
    inputs: [[Infinity, 1, Infinity]],
    value: [Infinity],
    gradients: [[0, 0, 0]],
    second: [[-0, 0, -0]],
  },
  {
    name: 'log of max of Infinity',
    f: (x) => S.log(S.max(x)),
    inputs: [[Infinity, 1, Infinity]],
    value: [Infinity],
    gradients: [[0, 0, 0]],
    second: [[-0, 0, -0]],
  },
  {
    name: 'softmax',
    f: (x) => S.mul(S.softmax(x), S.tensor([1, 2, 3])),
    inputs: [[0, -Infinity, 1]],
    value: [0.2689414, 0, 2.193176],
    gradients: [[-0.3932239, -0, 0.3932239]],
    second: [[0.3634311, -0, -0.3634307]],
  },
  {
    name: 'logSoftmax',
    f: (x) => S.slice(S.logSoftmax(x), [0], [1]),
    inputs: [[0, -Infinity, 1]],
    value: [-1.313262],
    gradients: [[0.7310586, 0, -0.7310586]],
    second: [[0.3932239, 0, -0.3932239]],
  },
  {
    name: 'crossEntropy of class 0',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [0]),
    inputs: [[0, -Infinity, 1]],
    value: [1.313262],
    gradients: [[-0.7310586, 0, 0.7310586]],
    second: [[-0.3932239, 0, 0.3932239]],
  },
  {
    name: 'crossEntropy of class 1',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [1]),
    inputs: [[0, -Infinity, 1]],
    value: [Infinity],
    gradients: [[0.2689414, -1, 0.7310586]],
    second: [[-0.3932239, 0, 0.3932239]],
  },
  {
    name: 'crossEntropy of no row, mean',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [-100], { reduction: 'mean' }),
    inputs: [[0, -Infinity, 1]],
    value: [NaN],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'crossEntropy of no row, sum',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [-100], { reduction: 'sum' }),
    inputs: [[0, -Infinity, 1]],
    value: [0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'crossEntropy with a row left out',
    f: (x) => S.crossEntropy(S.reshape(x, [2, 3]), [-100, 1]),
    inputs: [[0, -Infinity, 1, 0, 1, 2]],
    value: [1.407606],
    gradients: [[0, 0, 0, 0.09003058, -0.7552715, 0.665241]],
    second: [[0, 0, 0, -0.1418171, -0.1407704, 0.2825869]],
  },
  {
    name: 'softmax',
    f: (x) => S.mul(S.softmax(x), S.tensor([1, 2, 3])),
    inputs: [[10000, -10000, 0]],
    value: [1, 0, 0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'logSoftmax',
    f: (x) => S.slice(S.logSoftmax(x), [0], [1]),
    inputs: [[10000, -10000, 0]],
    value: [0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'crossEntropy of class 0',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [0]),
    inputs: [[10000, -10000, 0]],
    value: [0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'crossEntropy of class 1',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [1]),
    inputs: [[10000, -10000, 0]],
    value: [20000],
    gradients: [[1, -1, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'crossEntropy of no row, mean',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [-100], { reduction: 'mean' }),
    inputs: [[10000, -10000, 0]],
    value: [NaN],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'crossEntropy of no row, sum',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [-100], { reduction: 'sum' }),
    inputs: [[10000, -10000, 0]],
    value: [0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    name: 'crossEntropy with a row left out',
    f: (x) => S.crossEntropy(S.reshape(x, [2, 3]), [-100, 1]),
    inputs: [[10000, -10000, 0, 0, 1, 2]],
    value: [1.407606],
    gradients: [[0, 0, 0, 0.09003058, -0.7552715, 0.665241]],
    second: [[0, 0, 0, -0.1418171, -0.1407704, 0.2825869]],
  },
  {
    name: 'softmax',
    f: (x) => S.mul(S.softmax(x), S.tensor([1, 2, 3])),
    inputs: [[-Infinity, -Infinity, -Infinity]],
    value: [NaN, NaN, NaN],
    gradients: [[NaN, NaN, NaN]],
    second: [[NaN, NaN, NaN]],
  },
  {
    name: 'logSoftmax',
    f: (x) => S.slice(S.logSoftmax(x), [0], [1]),
    inputs: [[-Infinity, -Infinity, -Infinity]],
    value: [NaN],
    gradients: [[NaN, NaN, NaN]],
    second: [[NaN, NaN, NaN]],
  },
  {
    name: 'crossEntropy of class 0',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [0]),
    inputs: [[-Infinity, -Infinity, -Infinity]],
    value: [NaN],
    gradients: [[NaN, NaN, NaN]],
    second: [[NaN, NaN, NaN]],
  },
  {
    name: 'crossEntropy of class 1',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [1]),
    inputs: [[-Infinity, -Infinity, -Infinity]],
    value: [NaN],
    gradients: [[NaN, NaN, NaN]],
    second: [[NaN, NaN, NaN]],
  },
  {
    // torch: NaN
    name: 'crossEntropy of no row, mean',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [-100], { reduction: 'mean' }),
    inputs: [[-Infinity, -Infinity, -Infinity]],
    value: [NaN],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    // torch: NaN
    name: 'crossEntropy of no row, sum',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [-100], { reduction: 'sum' }),
    inputs: [[-Infinity, -Infinity, -Infinity]],
    value: [0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    // torch: NaN for the first three
    name: 'crossEntropy with a row left out',
    f: (x) => S.crossEntropy(S.reshape(x, [2, 3]), [-100, 1]),
    inputs: [[-Infinity, -Infinity, -Infinity, 0, 1, 2]],
    value: [1.407606],
    gradients: [[0, 0, 0, 0.09003058, -0.7552715, 0.665241]],
    second: [[0, 0, 0, -0.1418171, -0.1407704, 0.2825869]],
  },
  {
    name: 'softmax',
    f: (x) => S.mul(S.softmax(x), S.tensor([1, 2, 3])),
    inputs: [[Infinity, 0, 1]],
    value: [NaN, NaN, NaN],
    gradients: [[NaN, NaN, NaN]],
    second: [[NaN, NaN, NaN]],
  },
  {
    name: 'logSoftmax',
    f: (x) => S.slice(S.logSoftmax(x), [0], [1]),
    inputs: [[Infinity, 0, 1]],
    value: [NaN],
    gradients: [[NaN, NaN, NaN]],
    second: [[NaN, NaN, NaN]],
  },
  {
    name: 'crossEntropy of class 0',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [0]),
    inputs: [[Infinity, 0, 1]],
    value: [NaN],
    gradients: [[NaN, NaN, NaN]],
    second: [[NaN, NaN, NaN]],
  },
  {
    name: 'crossEntropy of class 1',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [1]),
    inputs: [[Infinity, 0, 1]],
    value: [NaN],
    gradients: [[NaN, NaN, NaN]],
    second: [[NaN, NaN, NaN]],
  },
  {
    // torch: NaN
    name: 'crossEntropy of no row, mean',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [-100], { reduction: 'mean' }),
    inputs: [[Infinity, 0, 1]],
    value: [NaN],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    // torch: NaN
    name: 'crossEntropy of no row, sum',
    f: (x) => S.crossEntropy(S.reshape(x, [1, 3]), [-100], { reduction: 'sum' }),
    inputs: [[Infinity, 0, 1]],
    value: [0],
    gradients: [[0, 0, 0]],
    second: [[0, 0, 0]],
  },
  {
    // torch: NaN for the first three
    name: 'crossEntropy with a row left out',
    f: (x) => S.crossEntropy(S.reshape(x, [2, 3]), [-100, 1]),
    inputs: [[Infinity, 0, 1, 0, 1, 2]],
    value: [1.407606],
    gradients: [[0, 0, 0, 0.09003058, -0.7552715, 0.665241]],
    second: [[0, 0, 0, -0.1418171, -0.1407704, 0.2825869]],
  },
  {
    name: 'layerNorm of equal numbers',
    f: (x) => S.mul(S.layerNorm(x, S.tensor([1, 2, 3]), S.tensor([1, 1, 1]), 1e-5), S.tensor([1, 2, 3])),
    inputs: [[2, 2, 2]],
    value: [1, 2, 3],
    gradients: [[-1159.502, -210.8186, 1370.32]],
    second: [[0, 0, -0]],
  },
  {
    name: 'layerNorm of large numbers',
    f: (x) => S.mul(S.layerNorm(x, S.tensor([1, 2, 3]), S.tensor([1, 1, 1]), 1e-5), S.tensor([1, 2, 3])),
    inputs: [[10000, -10000, 0]],
    value: [2.224745, -2.89898, 3],
    gradients: [[-0.0002653614, -0.0002653615, 0.0005307227]],
    second: [[-6.225787e-8, 1.735055e-8, 4.490732e-8]],
  },
  {
    name: 'sqrt of where',
    f: (x) => S.sqrt(S.where(S.tensor([0, 1]), x, S.tensor([0, 0]))),
    inputs: [[0, 1]],
    value: [0, 1],
    gradients: [[0, 0.5]],
    second: [[0, -0.5]],
  },
  {
    name: 'sqrt of maskedFill',
    f: (x) => S.sqrt(S.maskedFill(x, S.tensor([1, 0]), 0)),
    inputs: [[0, 1]],
    value: [0, 1],
    gradients: [[0, 0.5]],
    second: [[0, -0.5]],
  },
  {
    name: 'sqrt of a sum of relu',
    f: (x) => S.sqrt(S.sum(S.relu(x))),
    inputs: [[-1, -2]],
    value: [0],
    gradients: [[0, 0]],
    second: [[0, 0]],
  },
  {
    name: 'mean of nothing',
    f: (x) => S.mean(x),
    inputs: [[]],
    value: [NaN],
    gradients: [[]],
    second: [[]],
  },
  {
    name: 'attention with a hidden key',
    f: (q) =>
      S.attention(
        S.reshape(q, [1, 2]),
        S.tensor([
          [1, 0],
          [0, 1],
        ]),
        S.tensor([
          [1, 2],
          [3, 4],
        ]),
        { scale: Math.SQRT1_2, mask: S.tensor([-Infinity, 0]) },
      ),
    inputs: [[1, 2]],
    value: [3, 4],
    gradients: [[0, 0]],
    second: [[0, 0]],
  },
  {
    name: 'attention with hidden keys alone',
    f: (q) =>
      S.attention(
        S.reshape(q, [1, 2]),
        S.tensor([
          [1, 0],
          [0, 1],
        ]),
        S.tensor([
          [1, 2],
          [3, 4],
        ]),
        { scale: Math.SQRT1_2, mask: S.tensor([-Infinity, -Infinity]) },
      ),
    inputs: [[1, 2]],
    value: [0, 0],
    gradients: [[0, 0]],
    second: [[0, 0]],
  },
  {
    name: 'gelu of numbers whose square is infinite',
    f: S.gelu,
    inputs: [[-1e20, 1e20]],
    value: [-0, 1e20],
    gradients: [[0, 1]],
    second: [[0, 0]],
  },
  {
    name: 'sqrt of a bottleneck with relu',
    f: (x) => {
      const weights = { down: S.ones([1, 2]), downBias: S.zeros([1]), up: S.ones([2, 1]), upBias: S.zeros([2]) };
      return S.sqrt(S.bottleneck(S.reshape(x, [1, 2]), weights, { activation: 'relu' }));
    },
    inputs: [[-1, -2]],
    value: [0, 0],
    gradients: [[0, 0]],
    second: [[0, 0]],
  },
];

function assertSame(got: ArrayLike<number>, expected: readonly number[], what: string): void {
  const same = (x: number, y: number) =>
    x === y || (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= 2e-5 * Math.abs(y) + 3e-7;
  assert.ok(
    got.length === expected.length && expected.every((x, i) => same(got[i], x)),
    `${what}: ${Array.from(got).join(' ')}, not ${expected.join(' ')}`,
  );
}

const choices: [S.BackendName, S.BackendOptions][] = [
  ['reference', { dtype: 'float64' }],
  ['reference', {}],
  ['wasm', {}],
];

for (const [backend, options] of choices) {
  const test = suite(`ops: kinks and infinities on ${backend} ${options.dtype ?? ''}`);
  useBackend(test, backend, options);
  for (const { name, f, inputs, value, gradients, second } of kinks) {
    test(`${name} of ${inputs.map((x) => x.join(' ')).join(' and ')}`, () => {
      S.tidy(() => {
        const xs = inputs.map((values) => S.tensor(values, [values.length], { requiresGrad: true }));
        const total = () => S.sum(f(...xs));
        assertSame(f(...xs).dataSync(), value, 'value');
        S.grad(total(), xs).forEach((g, i) => {
          assertSame(g.dataSync(), gradients[i], `gradient ${i}`);
        });
        S.hvp(
          total,
          xs,
          xs.map(({ size }) => S.tensor(Array.from({ length: size }, (_, i) => i + 1))),
        ).forEach((g, i) => {
          assertSame(g.dataSync(), second[i], `second ${i}`);
        });
      });
    });
  }
  test.run();
}
