import { define } from '../tensor/define.ts';
import { show } from '../tensor/kinds.ts';
import { ArgumentError, formatShape, sameShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { mul, sub } from './arithmetic.ts';
import { where } from './compare.ts';
import { type Ids, indexSelect } from './gather.ts';
import { concat } from './layout.ts';
import { logSoftmax } from './normalization.ts';
import { fusedOperation } from './operation.ts';
import { mean, reshape, sum } from './reduce.ts';
import { scalarLike, zerosLike } from './scalar.ts';
import { neg } from './unary.ts';

export interface CrossEntropyOptions {
  /** Rows with this target count for nothing. Default -100, as in PyTorch. */
  readonly ignoreIndex?: number;
  /** `mean` divides by the number of rows that count, or by the sum of the weights of their targets. Default `mean`. */
  readonly reduction?: 'mean' | 'sum';
  /** A weight for each class, by which a row with this target counts. Default: all 1. */
  readonly weight?: readonly number[];
  /** Part ε of a target that is spread evenly over all classes: (1 - ε) · target + ε / classes. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * -Σ log softmax(logits)[target] over the rows whose target is not `ignoreIndex`, or its mean; the options are those of PyTorch.
 *
 * With smoothing and weights w it is Σ (1 - ε) w[target] l[target] + ε / classes · Σ_c w[c] l[c], where l = -log softmax(logits).
 *
 * @param logits [..., classes]
 * @param targets one class per row, row-major
 * @returns a scalar; NaN for the mean over no rows, as in PyTorch
 * @throws Error for a target that is neither a class nor `ignoreIndex`
 */
export const crossEntropy = define(
  'crossEntropy',
  (logits: Tensor, targets: Ids, options: CrossEntropyOptions = {}): Tensor => {
    const { ignoreIndex = -100, reduction = 'mean', weight, labelSmoothing = 0 } = options;
    if (logits.rank === 0) throw new ArgumentError('logits must have an axis of classes, and is a scalar.');
    const classes = logits.shape[logits.rank - 1];
    if (targets.length * classes !== logits.size) {
      throw new ArgumentError(`${targets.length} targets do not fit logits of shape ${formatShape(logits.shape)}.`);
    }
    if (weight && weight.length !== classes) {
      throw new ArgumentError(`weight has ${weight.length} numbers, one for each of the ${classes} classes is needed.`);
    }
    const rows = targets.length;
    const chosen = Int32Array.from(targets, (target) => {
      if (target === ignoreIndex) return -1;
      if (Number.isInteger(target) && target >= 0 && target < classes) return target;
      throw new ArgumentError(`target ${show(target)} is not one of the ${classes} classes.`);
    });
    const z = reshape(logits, [rows, classes]);
    const losses = fusedOperation('crossEntropy', [z], [rows], { targets: chosen }, (x) => {
      // Elements of the flattened log-probabilities; -1 gives 0.
      const places = chosen.map((target, row) => (target < 0 ? -1 : row * classes + target));
      return neg(reshape(indexSelect(reshape(logSoftmax(onlyCounted(x, chosen)), [-1, 1]), places), [rows]));
    });
    const counts = Array.from(chosen, (target) => (target < 0 ? 0 : (weight?.[target] ?? 1)));
    const exact = sum(weight ? mul(losses, constant(z, counts, [rows])) : losses);
    const scale = reduction === 'mean' ? 1 / counts.reduce((total, count) => total + count, 0) : 1;
    if (labelSmoothing === 0) return mul(exact, scale);
    const spread = Array.from({ length: rows * classes }, (_, i) =>
      chosen[Math.floor(i / classes)] < 0 ? 0 : (weight?.[i % classes] ?? 1),
    );
    const even = sum(mul(logSoftmax(onlyCounted(z, chosen)), constant(z, spread, [rows, classes])));
    return mul(sub(mul(exact, 1 - labelSmoothing), mul(even, labelSmoothing / classes)), scale);
  },
);

/** Numbers on the backend of `like`. */
const constant = (like: Tensor, values: readonly number[], shape: readonly number[]): Tensor =>
  Tensor.fromBuffer(like.backend, like.backend.upload(values), shape);

/** x [rows, classes] with zeros in the rows that count for nothing, so that no NaN in them reaches a gradient. */
function onlyCounted(x: Tensor, chosen: Int32Array): Tensor {
  if (!chosen.some((target) => target < 0)) return x;
  const counts = Array.from(chosen, (target) => (target < 0 ? 0 : 1));
  return where(constant(x, counts, [chosen.length, 1]), x, scalarLike(x, 0));
}

/**
 * -y log σ(x) - (1 - y) log(1 - σ(x)) for each logit x with its target y, its mean or its sum; a scalar (`BCEWithLogitsLoss` of PyTorch).
 *
 * @param logits any shape
 * @param targets numbers from 0 to 1, of the same shape
 * @throws Error for targets of another shape
 */
export const binaryCrossEntropyWithLogits = define(
  'binaryCrossEntropyWithLogits',
  (logits: Tensor, targets: Tensor, { reduction = 'mean' }: { readonly reduction?: 'mean' | 'sum' } = {}): Tensor => {
    if (!sameShape(logits.shape, targets.shape)) {
      throw new ArgumentError(
        `targets of shape ${formatShape(targets.shape)} do not fit logits of shape ${formatShape(logits.shape)}.`,
      );
    }
    // log(1 - σ(x)) and log σ(x) are the log-softmax of 0 and x, which has derivatives of every order also where x is 0.
    const [x, y] = [reshape(logits, [-1, 1]), reshape(targets, [-1, 1])];
    const logProbabilities = logSoftmax(concat([zerosLike(x), x], 1)); // [n, 2]
    const losses = mul(logProbabilities, concat([sub(1, y), y], 1)); // [n, 2]
    return mul(sum(losses), reduction === 'mean' ? -1 / logits.size : -1);
  },
);

/** The squared error (a - b)², its mean or its sum; a scalar. */
export const mse = define(
  'mse',
  (a: Tensor, b: Tensor, { reduction = 'mean' }: { readonly reduction?: 'mean' | 'sum' } = {}): Tensor => {
    const difference = sub(a, b);
    const squared = mul(difference, difference);
    return reduction === 'mean' ? mean(squared) : sum(squared);
  },
);
