import type { BottleneckSpec, Shape } from '../backends/backend.ts';
import type { Random } from '../random/random.ts';
import { define } from '../tensor/define.ts';
import { ArgumentError, formatShape, sameShape } from '../tensor/shape.ts';
import { isSparse, type SparseMatrix, type SparsePattern } from '../tensor/sparse.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type ActivationName, activations } from './activations.ts';
import { add, mul } from './arithmetic.ts';
import { drawDropout, dropoutBySeed } from './dropout.ts';
import { linear } from './linear.ts';
import { fusedOperation } from './operation.ts';
import { reshape } from './reduce.ts';

export interface BottleneckWeights {
  /** D, [inner, hidden] */
  readonly down: Tensor | SparseMatrix;
  /** d, [inner] */
  readonly downBias: Tensor;
  /** U, [hidden, inner] */
  readonly up: Tensor | SparseMatrix;
  /** u, [hidden] */
  readonly upBias: Tensor;
  /** m_d and m_u: what the weights are multiplied with, of their shapes. Default: nothing. A sparse matrix has none. */
  readonly downMask?: Tensor | null;
  readonly upMask?: Tensor | null;
}

export interface BottleneckOptions {
  /** f */
  readonly activation: ActivationName;
  /** s; default 1. */
  readonly scale?: number;
  /** A tensor of the shape of x, such as x itself, to which the result is added. Default: none. */
  readonly residual?: Tensor | null;
  /** Dropout of what f gives: with the probability p in [0, 1), and a generator that gives the seed of this call's mask. */
  readonly dropout?: { readonly p: number; readonly random: Random } | null;
}

/** The kernels of the activations. */
const kernels: { [Name in ActivationName]: BottleneckSpec['activation'] } = {
  gelu: 'gelu',
  gelu_fast: 'geluTanh',
  gelu_new: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  tanh: 'tanh',
};

/**
 * A bottleneck adapter (Houlsby et al., 2019) with masks on its weights, or sparse ones: residual + s · (f(x (m_d ⊙ D)ᵀ + d) (m_u ⊙ U)ᵀ + u).
 *
 * @param x [..., hidden]
 * @returns [..., hidden]
 * @throws Error if shapes do not fit, or the probability of dropout is outside [0, 1)
 */
export const bottleneck = define(
  'bottleneck',
  (x: Tensor, weights: BottleneckWeights, { activation, scale = 1, residual, dropout }: BottleneckOptions): Tensor => {
    assertFit(x, weights, residual);
    const { down, downBias, up, upBias, downMask, upMask } = weights;
    const [downPattern, upPattern] = [down, up].map((matrix) => (isSparse(matrix) ? matrix.pattern : null));
    const asRows = (t: Tensor) => (t.rank === 2 ? t : reshape(t, [-1, upBias.shape[0]]));
    const inputs = [asRows(x), valuesOf(down), downBias, valuesOf(up), upBias];
    const place = (optional: Tensor | null | undefined) => (optional ? inputs.push(optional) - 1 : null);
    const spec: BottleneckSpec = {
      activation: kernels[activation],
      scale,
      dropout: dropout ? drawDropout(dropout.p, dropout.random) : null,
      residual: residual === x ? 0 : place(residual && asRows(residual)),
      downMask: place(downMask),
      upMask: place(upMask),
      downPlaces: downPattern?.places,
      upPlaces: upPattern?.places,
    };
    const composition = (...given: Tensor[]) => {
      const [rows, d, dBias, u, uBias] = given;
      const weight = (values: Tensor, mask: number | null, pattern: SparsePattern | null) =>
        pattern ? { pattern, values } : mask === null ? values : mul(values, given[mask]);
      const inner = activations[activation](linear(rows, weight(d, spec.downMask, downPattern), dBias)); // [rows, inner]
      const kept = spec.dropout ? dropoutBySeed(inner, spec.dropout) : inner;
      const product = linear(kept, weight(u, spec.upMask, upPattern), uBias); // [rows, hidden]
      const added = scale === 1 ? product : mul(product, scale);
      return spec.residual === null ? added : add(given[spec.residual], added);
    };
    const places = [downPattern, upPattern].flatMap((pattern) => (pattern ? [pattern.places] : []));
    const y = fusedOperation('bottleneck', inputs, inputs[0].shape, spec, composition, places);
    return x.rank === 2 ? y : reshape(y, x.shape);
  },
);

const shapeOf = (matrix: Tensor | SparseMatrix): Shape => (isSparse(matrix) ? matrix.pattern : matrix).shape;
const valuesOf = (matrix: Tensor | SparseMatrix): Tensor => (isSparse(matrix) ? matrix.values : matrix);

function assertFit(x: Tensor, weights: BottleneckWeights, residual: Tensor | null | undefined): void {
  const { down, downBias, up, upBias, downMask, upMask } = weights;
  const [downShape, upShape] = [shapeOf(down), shapeOf(up)];
  const [inner, hidden] = downShape;
  const fits =
    downShape.length === 2 &&
    x.rank > 0 &&
    x.shape[x.rank - 1] === hidden &&
    sameShape(downBias.shape, [inner]) &&
    sameShape(upShape, [hidden, inner]) &&
    sameShape(upBias.shape, [hidden]) &&
    (!downMask || (!isSparse(down) && sameShape(downMask.shape, downShape))) &&
    (!upMask || (!isSparse(up) && sameShape(upMask.shape, upShape))) &&
    (!residual || sameShape(residual.shape, x.shape));
  if (fits) return;
  const given = Object.entries({ x, ...weights, residual }).flatMap(([name, t]) =>
    t ? [`${name} ${formatShape(shapeOf(t))}`] : [],
  );
  throw new ArgumentError(
    `${given.join(', ')} do not fit: x is [..., hidden], down [inner, hidden], up [hidden, inner]; a sparse matrix has no mask.`,
  );
}
