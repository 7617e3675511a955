import type { AttentionSpec } from '../backends/backend.ts';
import { define } from '../tensor/define.ts';
import { ArgumentError, commonShape, formatShape, sameShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { add, mul } from './arithmetic.ts';
import { equal, where } from './compare.ts';
import { dropoutMask } from './dropout.ts';
import { concat, permute, slice, sliceRows } from './layout.ts';
import { matmul } from './matmul.ts';
import { softmax } from './normalization.ts';
import { fusedOperation } from './operation.ts';
import { max, reshape } from './reduce.ts';
import { scalarLike } from './scalar.ts';

export type { AttentionSpec } from '../backends/backend.ts';

/** {@link AttentionSpec} with a default for the scale: 1/√headDim. */
export type PackedAttentionOptions = Omit<AttentionSpec, 'scale'> & { readonly scale?: number };

export interface AttentionOptions {
  readonly scale?: number;
  readonly mask?: Tensor;
  readonly bias?: Tensor;
  readonly dropMask?: Tensor;
}

/**
 * Scaled dot-product attention (Vaswani et al., 2017): softmax(scale · Q Kᵀ + mask) V.
 *
 * @param query [..., queries, headDim]
 * @param key [..., keys, headDim]
 * @param value [..., keys, headDim]
 * @param mask added to the scores, broadcasting to [..., queries, keys]; -∞ or a large negative number hides a key
 * @param bias added to the scores as a mask is, but of finite numbers alone, so that no query sees nothing
 * @param scale default 1/√headDim
 * @param dropMask multiplied with the probabilities [..., queries, keys]
 * @returns [..., queries, headDim]
 */
export const attention = define(
  'attention',
  (query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor => {
    assertAttends(query, key, value);
    const { scale = 1 / Math.sqrt(query.shape[query.rank - 1]), mask, bias, dropMask } = options;
    const products = mul(matmul(query, key, { transposeB: true }), scale);
    assertBroadcasts('mask', mask, products);
    assertBroadcasts('bias', bias, products);
    const scores = bias ? add(products, bias) : products;
    assertBroadcasts('dropMask', dropMask, scores);
    const probabilities = mask ? maskedSoftmax(add(scores, mask)) : softmax(scores); // [..., queries, keys]
    return matmul(dropMask ? mul(probabilities, dropMask) : probabilities, value);
  },
);

/** @throws ArgumentError that names the three shapes */
function assertAttends(...tensors: [query: Tensor, key: Tensor, value: Tensor]): void {
  const [[, headDim], [keys, keyDim], [values]] = tensors.map(({ shape }) => shape.slice(-2));
  const isFit =
    tensors.every(({ rank }) => rank >= 2) &&
    headDim === keyDim &&
    keys === values &&
    commonShape(...tensors.map(({ shape }) => shape.slice(0, -2))) !== null;
  if (isFit) return;
  throw new ArgumentError(
    `query, key and value ${tensors.map(({ shape }) => formatShape(shape)).join(', ')} do not fit; they must be ` +
      '[..., queries, headDim], [..., keys, headDim] and [..., keys, width].',
  );
}

/** A mask with more axes or lengths than the scores would make a larger result. @throws ArgumentError */
function assertBroadcasts(name: string, mask: Tensor | undefined, { shape }: Tensor): void {
  const common = mask && commonShape(mask.shape, shape);
  if (!mask || (common && sameShape(common, shape))) return;
  throw new ArgumentError(`${name} ${formatShape(mask.shape)} does not broadcast to the scores ${formatShape(shape)}.`);
}

/** Softmax, but 0 along a row of -∞ alone: a query that sees no key attends to nothing, as in PyTorch. */
function maskedSoftmax(scores: Tensor): Tensor {
  if (scores.size === 0) return softmax(scores);
  const zero = scalarLike(scores, 0);
  const seesNothing = equal(max(scores.detach(), { axis: -1, keepDims: true }), scalarLike(scores, -Infinity));
  return where(seesNothing, zero, softmax(where(seesNothing, zero, scores)));
}

/** Added to a score it leaves a probability of exactly 0. */
const HIDDEN = -1e30;

/** [queries, keys] for {@link attention}: query i sees the first keys - queries + i + 1 keys. */
function causalMask({ backend }: Tensor, queries: number, keys: number): Tensor {
  const values = Array.from({ length: queries * keys }, (_, cell) => {
    const [query, key] = [Math.floor(cell / keys), cell % keys];
    return key <= keys - queries + query ? 0 : HIDDEN;
  });
  return Tensor.fromBuffer(backend, backend.upload(values), [queries, keys]);
}

/**
 * Multi-head attention inside each sequence of a packed batch: the "varlen" attention of FlashAttention and PyTorch, whose
 * `cu_seqlens_q` and `cu_seqlens_k` are `queryOffsets` and `keyOffsets` here. The query rows of a sequence see the first
 * `keyCounts[s]` of its key rows, or, when `causal`, as many fewer as there are queries after them. In self-attention queries and
 * keys are the same rows.
 *
 * @param query [rows, heads * headDim]
 * @param key [key rows, heads * headDim], likewise `value`
 * @returns [rows, heads * headDim]
 */
export const packedAttention = define(
  'packedAttention',
  (query: Tensor, key: Tensor, value: Tensor, options: PackedAttentionOptions): Tensor => {
    checkAttention(query, key, value, options);
    const { scale = 1 / Math.sqrt(query.shape[1] / options.heads) } = options;
    const spec: AttentionSpec = { ...options, scale };
    return fusedOperation('packedAttention', [query, key, value], query.shape, spec, (q, k, v) =>
      perSequence(q, k, v, spec, (s) => {
        const { queryOffsets, keyCounts, causal } = spec;
        return causal ? causalMask(q, queryOffsets[s + 1] - queryOffsets[s], keyCounts[s]) : undefined;
      }),
    );
  },
);

/** From the first row (inclusive) to the last one (exclusive). */
export type RowRange = readonly [start: number, end: number];

const slices = (x: Tensor, ranges: readonly RowRange[]) => ranges.map(([start, end]) => sliceRows(x, start, end));

/**
 * The composition of {@link packedAttention}: {@link attention} inside each sequence, with its bias [..., queries, keys].
 *
 * @param blocksOf the rows in each range
 */
export function perSequence(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { heads, scale, queryOffsets, keyOffsets, keyCounts, dropout }: AttentionSpec,
  biasOf: (sequence: number) => Tensor | undefined,
  blocksOf: (x: Tensor, ranges: readonly RowRange[]) => Tensor[] = slices,
): Tensor {
  const [rows, hidden] = query.shape;
  // [count, hidden] -> [heads, count, headDim]
  const split = (x: Tensor) => permute(reshape(x, [x.shape[0], heads, hidden / heads]), [1, 0, 2]);
  const queries = blocksOf(
    query,
    rangesOf(
      keyCounts.map((_, s) => queryOffsets[s + 1] - queryOffsets[s]),
      queryOffsets,
    ),
  );
  const [keys, values] = [key, value].map((x) => blocksOf(x, rangesOf(keyCounts, keyOffsets)));
  const drop = dropout && dropoutMask(query, [rows, heads, Math.max(...keyCounts)], dropout.p, dropout.seed);
  const contexts = Array.from(keyCounts, (count, s) => {
    const [start, end] = [queryOffsets[s], queryOffsets[s + 1]];
    const context = attention(split(queries[s]), split(keys[s]), split(values[s]), {
      scale,
      bias: biasOf(s),
      dropMask: drop && permute(slice(drop, [start, 0, 0], [end, heads, count]), [1, 0, 2]),
    });
    return reshape(permute(context, [1, 0, 2]), [end - start, hidden]);
  });
  return concat(contexts, 0);
}

/** So many rows from each offset on. */
const rangesOf = (counts: Int32Array, offsets: ArrayLike<number>) =>
  Array.from(counts, (count, s): RowRange => [offsets[s], offsets[s] + count]);

/** @throws ArgumentError for tensors, offsets and counts that do not fit each other */
export function checkAttention(query: Tensor, key: Tensor, value: Tensor, spec: PackedAttentionOptions): void {
  const fail = (problem: string) => new ArgumentError(`${problem}.`);
  if (query.rank !== 2 || !sameShape(key.shape, value.shape) || key.rank !== 2 || query.shape[1] !== key.shape[1]) {
    const given = [query, key, value].map((t) => formatShape(t.shape)).join(', ');
    throw fail(`query, key and value must be matrices of one width, key and value of one shape, not ${given}`);
  }
  const { heads, queryOffsets, keyOffsets, keyCounts, causal } = spec;
  const width = query.shape[1];
  if (width % heads !== 0) throw fail(`${heads} heads do not divide ${width} columns`);
  for (const [what, offsets, { shape }] of [
    ['query', queryOffsets, query],
    ['key', keyOffsets, key],
  ] as const) {
    if (offsets.length !== keyCounts.length + 1) {
      throw fail(`there are ${keyCounts.length} key counts but ${offsets.length} ${what} offsets, not one more`);
    }
    if (offsets[0] !== 0 || offsets.some((offset, s) => offset < offsets[s - 1])) {
      throw fail(`the ${what} offsets must begin with 0 and not go down, not [${offsets.join(', ')}]`);
    }
    const described = offsets[offsets.length - 1];
    if (described !== shape[0]) {
      throw fail(`the ${what} offsets describe ${described} rows, the tensors have ${shape[0]}`);
    }
  }
  keyCounts.forEach((keys, s) => {
    const [queries, rows] = [queryOffsets, keyOffsets].map((offsets) => offsets[s + 1] - offsets[s]);
    if (keys < 1 || keys > rows) throw fail(`sequence ${s} has ${rows} rows, so it cannot have ${keys} keys`);
    if (causal && keys < queries) {
      throw fail(`the first of ${queries} queries of sequence ${s} sees none of its ${keys} keys`);
    }
  });
}
