import type { AttentionSpec } from '../backends/backend.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, mul } from './arithmetic.ts';
import { dropoutMask } from './dropout.ts';
import { concat, permute, slice, sliceRows } from './layout.ts';
import { matmul } from './matmul.ts';
import { softmax } from './normalization.ts';
import { fusedOperation } from './operation.ts';
import { reshape } from './reduce.ts';

export type { AttentionSpec } from '../backends/backend.ts';

/**
 * Scaled dot-product attention (Vaswani et al., 2017): softmax(scale · Q Kᵀ + mask) V.
 *
 * @param query [..., queries, headDim]
 * @param key [..., keys, headDim]
 * @param value [..., keys, headDim]
 * @param mask added to the scores, broadcasting to [..., queries, keys]; large negative numbers hide a key
 * @param dropMask multiplied with the probabilities [..., queries, keys]
 * @returns [..., queries, headDim]
 */
export function attention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  { scale, mask, dropMask }: { scale: number; mask?: Tensor; dropMask?: Tensor },
): Tensor {
  const scores = mul(matmul(query, key, { transposeB: true }), scale);
  const probabilities = softmax(mask ? add(scores, mask) : scores); // [..., queries, keys]
  return matmul(dropMask ? mul(probabilities, dropMask) : probabilities, value);
}

/**
 * Multi-head self-attention inside each sequence of a packed batch. Every row is a query; the first `keyCounts[s]` rows of
 * sequence s are its keys.
 *
 * @param query [rows, heads * headDim], likewise `key` and `value`
 * @returns [rows, heads * headDim]
 */
export function packedAttention(query: Tensor, key: Tensor, value: Tensor, spec: AttentionSpec): Tensor {
  const [rows, hidden] = query.shape;
  if (query.rank !== 2 || !sameShape(query.shape, key.shape) || !sameShape(query.shape, value.shape)) {
    const given = [query, key, value].map((t) => formatShape(t.shape)).join(', ');
    throw new Error(`packedAttention: query, key and value must be matrices of one shape, not ${given}.`);
  }
  const { heads, scale, offsets, keyCounts, dropout } = spec;
  if (hidden % heads !== 0) throw new Error(`packedAttention: ${heads} heads do not divide ${hidden} columns.`);
  if (offsets[offsets.length - 1] !== rows || keyCounts.length !== offsets.length - 1) {
    throw new Error(
      `packedAttention: the offsets describe ${offsets[offsets.length - 1]} rows, the tensors have ${rows}.`,
    );
  }
  keyCounts.forEach((keys, s) => {
    const length = offsets[s + 1] - offsets[s];
    if (keys < 1 || keys > length) {
      throw new Error(`packedAttention: sequence ${s} has ${length} rows, so it cannot have ${keys} keys.`);
    }
  });
  return fusedOperation('packedAttention', [query, key, value], query.shape, spec, (q, k, v) => {
    // [count, hidden] -> [heads, count, headDim]
    const split = (x: Tensor, start: number, count: number) =>
      permute(reshape(sliceRows(x, start, start + count), [count, heads, hidden / heads]), [1, 0, 2]);
    const drop = dropout && dropoutMask(q, [rows, heads, Math.max(...keyCounts)], dropout.p, dropout.seed);
    const contexts = Array.from(keyCounts, (keys, s) => {
      const [start, length] = [offsets[s], offsets[s + 1] - offsets[s]];
      const dropMask = drop && permute(slice(drop, [start, 0, 0], [start + length, heads, keys]), [1, 0, 2]);
      const context = attention(split(q, start, length), split(k, start, keys), split(v, start, keys), {
        scale,
        dropMask,
      });
      return reshape(permute(context, [1, 0, 2]), [length, hidden]);
    });
    return concat(contexts, 0);
  });
}
