import fc from 'fast-check';
import { attention, packedAttention, type Tensor } from '../../../src/index.ts';
import { counterUniform } from '../../../src/random/counter.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import { arrays, length, type Size } from '../strategies.ts';
import { range, softmaxOf, total, type Values } from '../values.ts';
import type { Case, Cases, Operations } from './case.ts';

const SCALE = 0.75;

/** The bias of a score and the factor of a probability, by query and key. */
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
      fc.constantFrom('mask', 'bias', null),
    )
    .chain(([batch, queries, keys, width, name]) =>
      arrays([
        [...batch, queries, width],
        [...batch, keys, width],
        [...batch, keys, width],
        ...(name ? [[1, keys]] : []),
      ]).map(
        (inputs): Case => ({
          inputs,
          apply: (q, k, v, added?: Tensor) => attention(q, k, v, { scale: SCALE, ...(name && { [name]: added }) }),
          expected: (q, k, v, added?: Values) => {
            const contexts = range(sizeOf(batch)).map((b) =>
              attend(
                block(q, width, b * queries, queries),
                block(k, width, b * keys, keys),
                block(v, width, b * keys, keys),
                { added: (_, j) => added?.values[j] ?? 0 },
              ),
            );
            return { shape: q.shape, values: contexts.flat(2) };
          },
        }),
      ),
    );

const packedAttentionCases: Cases = (size) =>
  fc
    .record({
      sequences: fc.array(packedSequence(size), { minLength: 1, maxLength: 3 }),
      heads: fc.integer({ min: 1, max: 3 }),
      headDim: fc.integer({ min: 1, max: size === 'small' ? 2 : 9 }),
      causal: fc.boolean(),
      dropout: fc.option(fc.record({ p: fc.constantFrom(0.25, 0.5), seed: fc.nat() }), { nil: undefined }),
    })
    .chain(({ sequences, heads, headDim, causal, dropout }) => {
      // The first of several queries must see a key.
      const fitting = sequences.map((own) => (causal ? { ...own, queries: Math.min(own.queries, own.keys) } : own));
      const offsetsOf = (counts: readonly number[]) =>
        Int32Array.from([0, ...counts.map((_, s) => total(counts.slice(0, s + 1)))]);
      const queryOffsets = offsetsOf(fitting.map(({ queries }) => queries));
      const keyOffsets = offsetsOf(fitting.map(({ keys, unseen }) => keys + unseen));
      const keyCounts = Int32Array.from(fitting, ({ keys }) => keys);
      const width = heads * headDim;
      const shape = [queryOffsets[fitting.length], width];
      const keyShape = [keyOffsets[fitting.length], width];
      const spec = { heads, scale: SCALE, queryOffsets, keyOffsets, keyCounts, causal, dropout };
      const kept = (i: number) => {
        if (!dropout) return 1;
        return counterUniform(dropout.seed, i) < dropout.p ? 0 : 1 / (1 - dropout.p);
      };
      return arrays([shape, keyShape, keyShape]).map(
        (inputs): Case => ({
          inputs,
          apply: (q, k, v) => packedAttention(q, k, v, spec),
          expected: (q, k, v) => {
            const contexts = fitting.map(({ queries, keys }, s) => {
              const byHead = range(heads).map((h) => {
                const part = (x: Values, start: number, n: number) => block(x, width, start, n, h * headDim, headDim);
                const rows = part(q, queryOffsets[s], queries);
                return attend(rows, part(k, keyOffsets[s], keys), part(v, keyOffsets[s], keys), {
                  added: (i, j) => (causal && j > keys - queries + i ? Number.NEGATIVE_INFINITY : 0),
                  factor: (i, j) => kept(((queryOffsets[s] + i) * heads + h) * Math.max(...keyCounts) + j),
                });
              });
              return range(queries).map((r) => byHead.map((context) => context[r]));
            });
            return { shape, values: contexts.flat(3) };
          },
        }),
      );
    });

/** Rows of one sequence; in half of the cases queries and keys are the same ones, as in self-attention. */
const packedSequence = (size: Size) =>
  fc
    .tuple(fc.record({ queries: length(size), keys: length(size), unseen: fc.nat({ max: 3 }) }), fc.boolean())
    .map(([own, same]) => (same ? { ...own, queries: own.keys + own.unseen } : own));

export const attentions: Operations = {
  attention: { cases: attentionCases },
  packedAttention: { cases: packedAttentionCases },
};
