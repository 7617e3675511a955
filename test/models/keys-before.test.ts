import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { noGrad, Random, type Tensor, tensor, tidy } from '../../src/index.ts';
import { ProjectionPoint } from '../../src/models/attachments.ts';
import { packSequences } from '../../src/models/index.ts';
import { DisentangledAttention } from '../../src/models/parts/disentangled.ts';
import type { Scheme } from '../../src/models/parts/key-value-attention.ts';
import { localAttention } from '../../src/models/parts/local-attention.ts';
import { bucketOf, RelativeBias } from '../../src/models/parts/relative-bias.ts';
import { Rotary } from '../../src/models/parts/rotary.ts';
import { Pass } from '../../src/models/pass.ts';
import { Embedding, normalInit, ParameterPath } from '../../src/nn/index.ts';
import { packedAttention } from '../../src/ops/attention.ts';
import { useBackend } from '../support/on-backend.ts';

const test = suite('models: keys before those of tokens');
useBackend(test, 'wasm');

const [HEADS, WIDTH, SCALE] = [2, 4, 0.5];
const HEAD = WIDTH / HEADS;
const REACH = 1;

const random = new Random(2);
const drawn = (rows: number) =>
  Array.from({ length: rows }, () => Array.from({ length: WIDTH }, () => random.normal()));
type Rows = number[][];

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, d) => sum + value * b[d], 0);
const headOf = (row: readonly number[], head: number) => row.slice(head * HEAD, (head + 1) * HEAD);
const turned = ([x, y]: readonly number[], angle: number) => [
  x * Math.cos(angle) - y * Math.sin(angle),
  y * Math.cos(angle) + x * Math.sin(angle),
];
const valuesOf = (t: Tensor): Rows => {
  const values = Array.from(t.dataSync());
  return Array.from({ length: t.shape[0] }, (_, i) => values.slice(i * t.shape[1], (i + 1) * t.shape[1]));
};
interface Case {
  readonly scheme: Scheme;
  /** The score of the query and key of a head in columns i and j, null before those of tokens; undefined where the key is not seen. */
  score(
    query: readonly number[],
    i: number,
    key: readonly number[],
    j: number | null,
    head: number,
  ): number | undefined;
}

const rotaryScore: Case['score'] = (query, i, key, j) =>
  SCALE * dot(turned(query, i), j === null ? key : turned(key, j));
const toAll: Scheme = (query, key, value, options) => packedAttention(query, key, value, options);

function distanceNumbers(): Case {
  const buckets = { count: 4, farthest: 8, isTwoSided: true };
  const root = ParameterPath.root(new Random(1));
  const { scheme } = new RelativeBias(root, buckets, HEADS, normalInit(1));
  const numbers = valuesOf(root.parameters()[0].value);
  return {
    scheme,
    score: (query, i, key, j, head) =>
      SCALE * dot(query, key) + (j === null ? 0 : numbers[bucketOf(j - i, buckets)][head]),
  };
}

function distanceVectors(): Case {
  const root = ParameterPath.root(new Random(1));
  const [query, key] = ['query', 'key'].map((name) => new ProjectionPoint(root.at(name), WIDTH, WIDTH));
  const table = new Embedding(root.at('distances'), 6, WIDTH, undefined, normalInit(1));
  const rowOf = (distance: number) => Math.min(Math.max(distance + 3, 0), 5);
  const terms = { c2p: true, p2c: true, shared: true };
  const { attend } = new DisentangledAttention(root, WIDTH, { table, norm: null, rowOf, dropout: 0 }, terms);
  const [ofKeys, ofQueries] = [key, query].map(({ linear }) =>
    tidy(() => noGrad(() => valuesOf(linear.forward(table.weight.tensor())))),
  );
  return {
    scheme(q, k, v, options, columns, pass) {
      const lengths = Array.from(options.keyCounts, (_, s) => pass.offsets[s + 1] - pass.offsets[s]);
      const batch = packSequences(
        lengths.map((length) => ({ ids: Array<number>(length).fill(1) })),
        (ids) => [...ids.keys()],
      );
      assert.deepEqual(batch.columns, columns.queries);
      return attend(q, k, v, options, { batch, pass, query, key });
    },
    score(q, i, k, j, head) {
      const scale = 1 / Math.sqrt(HEAD * 3);
      if (j === null) return scale * dot(q, k);
      const [ofKey, ofQuery] = [ofKeys, ofQueries].map((rows) => headOf(rows[rowOf(i - j)], head));
      return scale * (dot(q, k) + dot(q, ofKey) + dot(k, ofQuery));
    },
  };
}

const rotary = (next: Scheme) => new Rotary({ speeds: [1], scale: 1 }).before(next);

const cases: Readonly<Record<string, () => Case>> = {
  'numbers for distances': distanceNumbers,
  'rotary positions': () => ({ scheme: rotary(toAll), score: rotaryScore }),
  'rotary positions, local attention': () => ({
    scheme: rotary(localAttention(REACH)),
    score: (query, i, key, j, head) =>
      j !== null && Math.abs(i - j) > REACH ? undefined : rotaryScore(query, i, key, j, head),
  }),
  'vectors for distances': distanceVectors,
};

interface Sequence {
  readonly rows: number;
  readonly before: number;
  readonly query: Rows;
  readonly key: Rows;
  readonly value: Rows;
}

const sequences: readonly Sequence[] = [
  { rows: 3, before: 1 },
  { rows: 40, before: 3 },
  { rows: 3, before: 0 },
  { rows: 3, before: 1 },
].map(({ rows, before }) => ({
  rows,
  before,
  query: drawn(rows),
  key: drawn(rows + before),
  value: drawn(rows + before),
}));

/** What a scheme gives for sequences in one batch. */
function run(scheme: Scheme, some: readonly Sequence[]): number[] {
  const offsets = (lengths: readonly number[]) =>
    Int32Array.from([0, ...lengths.map((_, s) => lengths.slice(0, s + 1).reduce((a, b) => a + b))]);
  const own = offsets(some.map(({ rows }) => rows));
  const keyCounts = Int32Array.from(some, ({ rows, before }) => rows + before);
  const keyOffsets = offsets([...keyCounts]);
  const options = { heads: HEADS, scale: SCALE, queryOffsets: own, keyOffsets, keyCounts, causal: false };
  const columns = Int32Array.from(some.flatMap(({ rows }) => Array.from({ length: rows }, (_, column) => column)));
  const packed = (name: 'query' | 'key' | 'value') => {
    const rows = some.flatMap((one) => one[name]);
    return tensor(rows.flat(), [rows.length, WIDTH]);
  };
  const where = { queries: columns, keys: columns, keyOffsets: own };
  return tidy(() =>
    noGrad(() => [
      ...scheme(packed('query'), packed('key'), packed('value'), options, where, new Pass(own)).dataSync(),
    ]),
  );
}

/** The same from the scores, one after the other. */
const expected = ({ score }: Case, { before, query, key, value }: Sequence): number[] =>
  query.flatMap((row, i) =>
    Array.from({ length: HEADS }, (_, head) => {
      const weights = key.map((other, j) => {
        const at = j < before ? null : j - before;
        const one = score(headOf(row, head), i, headOf(other, head), at, head);
        return one === undefined ? 0 : Math.exp(one);
      });
      const total = weights.reduce((a, b) => a + b);
      return Array.from({ length: HEAD }, (_, d) =>
        weights.reduce((sum, weight, j) => sum + (weight / total) * headOf(value[j], head)[d], 0),
      );
    }).flat(),
  );

for (const [name, make] of Object.entries(cases)) {
  test(`${name}: those before have no position, and each sequence its own`, () => {
    const one = make();
    const together = run(one.scheme, sequences);
    const formula = sequences.flatMap((sequence) => expected(one, sequence));
    const alone = sequences.flatMap((sequence) => run(one.scheme, [sequence]));
    assert.equal(together.length, formula.length);
    together.forEach((value, i) => {
      assert.ok(Math.abs(value - formula[i]) < 1e-5, `${i}: ${value} and ${formula[i]}`);
      assert.ok(Math.abs(value - alone[i]) < 1e-5, `${i}: ${value} and ${alone[i]} alone`);
    });
  });
}

test.run();
