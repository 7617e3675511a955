import fc from 'fast-check';
import { attention, packedAttention, type Tensor } from '../../../src/index.ts';
import { counterUniform } from '../../../src/random/counter.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import { arrays, length } from '../strategies.ts';
import { range, softmaxOf, total, type Values } from '../values.ts';
import type { Case, Cases, Operations } from './case.ts';

const SCALE = 0.75;

/** What is added to a score and what a probability is multiplied with, by query and key. */
interface Changes {
  readonly added?: (query: number, key: number) => number;
  readonly factor?: (query: number, key: number) => number;
}

/** Attention of some rows of `query` over some rows of `key` and `value`; a row is an array of numbers. */
function attend(
  query: number[][],
  key: number[][],
  value: number[][],
  { added = () => 0, factor = () => 1 }: Changes,
): number[][] {
  return query.map((q, i) => {
    const scores = key.map((k, j) => SCALE * total(k.map((x, d) => x * q[d])) + added(i, j));
    const p = softmaxOf(scores).map((x, j) => x * factor(i, j));
    return value[0].map((_, d) => total(value.map((v, j) => p[j] * v[d])));
  });
}

/** Rows [start, start + count) of an array read as a matrix with `width` columns, of which `columns` from `first` on. */
function block(
  { values }: Values,
  width: number,
  start: number,
  count: number,
  first = 0,
  columns = width,
): number[][] {
  return range(count).map((r) => range(columns).map((c) => values[(start + r) * width + first + c]));
}

const attentionCases: Cases = (size) =>
  fc
    .tuple(
      fc.constantFrom<number[]>([], [2], [2, 3]),
      length(size),
      length(size),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
    )
    .chain(([batch, queries, keys, width, masked]) =>
      arrays([
        [...batch, queries, width],
        [...batch, keys, width],
        [...batch, keys, width],
        ...(masked ? [[1, keys]] : []),
      ]).map(
        (inputs): Case => ({
          inputs,
          apply: (q, k, v, mask?: Tensor) => attention(q, k, v, { scale: SCALE, mask }),
          expected: (q, k, v, mask?: Values) => {
            const contexts = range(sizeOf(batch)).map((b) =>
              attend(
                block(q, width, b * queries, queries),
                block(k, width, b * keys, keys),
                block(v, width, b * keys, keys),
                { added: (_, j) => mask?.values[j] ?? 0 },
              ),
            );
            return { shape: q.shape, values: contexts.flat(2) };
          },
        }),
      ),
    );

const packedAttentionCases: Cases = (size) =>
  fc
    .tuple(
      fc.array(
        length(size).chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 1, max: n }))),
        { minLength: 1, maxLength: 3 },
      ),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 1, max: size === 'small' ? 2 : 9 }),
      fc.option(fc.record({ p: fc.constantFrom(0.25, 0.5), seed: fc.nat() }), { nil: undefined }),
    )
    .chain(([sequences, heads, headDim, dropout]) => {
      const ends = sequences.map((_, s) => total(sequences.slice(0, s + 1).map(([n]) => n)));
      const offsets = Int32Array.from([0, ...ends]);
      const keyCounts = Int32Array.from(sequences, ([, keys]) => keys);
      const width = heads * headDim;
      const shape = [offsets[sequences.length], width];
      const kept = (i: number) => {
        if (!dropout) return 1;
        return counterUniform(dropout.seed, i) < dropout.p ? 0 : 1 / (1 - dropout.p);
      };
      return arrays([shape, shape, shape]).map(
        (inputs): Case => ({
          inputs,
          apply: (q, k, v) => packedAttention(q, k, v, { heads, scale: SCALE, offsets, keyCounts, dropout }),
          expected: (q, k, v) => {
            const contexts = sequences.map(([count, keys], s) => {
              const part = (x: Values, n: number, head: number) =>
                block(x, width, offsets[s], n, head * headDim, headDim);
              const byHead = range(heads).map((h) =>
                attend(part(q, count, h), part(k, keys, h), part(v, keys, h), {
                  factor: (i, j) => kept(((offsets[s] + i) * heads + h) * Math.max(...keyCounts) + j),
                }),
              );
              return range(count).map((r) => byHead.map((context) => context[r]));
            });
            return { shape, values: contexts.flat(3) };
          },
        }),
      );
    });

export const attentions: Operations = {
  attention: { cases: attentionCases },
  packedAttention: { cases: packedAttentionCases },
};
