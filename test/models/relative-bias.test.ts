import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { noGrad, Random, type Tensor, tensor, tidy } from '../../src/index.ts';
import { RelativeBias } from '../../src/models/parts/relative-bias.ts';
import { Pass } from '../../src/models/pass.ts';
import { normalInit, ParameterPath } from '../../src/nn/index.ts';
import { useBackend } from '../support/on-backend.ts';

const test = suite('models: relative positions');
useBackend(test, 'wasm');

test('sequences with other numbers of keys before them give in one batch what each gives alone', () => {
  const buckets = { count: 4, farthest: 8, isTwoSided: true };
  const bias = new RelativeBias(ParameterPath.root(new Random(1)), buckets, 2, normalInit(1));
  const random = new Random(2);
  const columns = (length: number) => Array.from({ length }, (_, column) => column);
  const drawn = (rows: number) => Array.from({ length: rows * 4 }, () => random.normal());
  const sequences = [
    { rows: 3, before: 1 },
    { rows: 2, before: 3 },
    { rows: 3, before: 0 },
  ].map(({ rows, before }) => ({
    rows,
    before,
    query: drawn(rows),
    key: drawn(rows + before),
    value: drawn(rows + before),
  }));
  const run = (some: typeof sequences): number[] =>
    tidy(() =>
      noGrad(() => {
        const offsets = (lengths: readonly number[]) => {
          let end = 0;
          return Int32Array.from([0, ...lengths.map((length) => (end += length))]);
        };
        const own = offsets(some.map(({ rows }) => rows));
        const keyCounts = Int32Array.from(some, ({ rows, before }) => rows + before);
        const options = {
          heads: 2,
          scale: 0.5,
          queryOffsets: own,
          keyOffsets: offsets([...keyCounts]),
          keyCounts,
          causal: false,
        };
        const places = Int32Array.from(some.flatMap(({ rows }) => columns(rows)));
        const rowsOf = (name: 'query' | 'key' | 'value'): Tensor => {
          const numbers = some.flatMap((one) => one[name]);
          return tensor(numbers, [numbers.length / 4, 4]);
        };
        const where = { queries: places, keys: places, keyOffsets: own };
        return [
          ...bias.scheme(rowsOf('query'), rowsOf('key'), rowsOf('value'), options, where, new Pass(own)).dataSync(),
        ];
      }),
    );
  const alone = sequences.flatMap((one) => run([one]));
  const together = run(sequences);
  assert.equal(together.length, alone.length);
  together.forEach((value, i) => {
    assert.ok(Math.abs(value - alone[i]) < 1e-6, `${value} and ${alone[i]}`);
  });
});

test.run();
