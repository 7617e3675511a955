import { chunks } from '../data/batches.ts';
import type { SentenceEncoder, TokenIds } from '../models/browser.ts';
import { unitRows } from '../models/cosine-similarity.ts';
import { matmul } from '../ops/matmul.ts';
import { tensor } from '../tensor/create.ts';
import { tidy } from '../tensor/scope.ts';
import type { PredictOptions } from './task.ts';
import { yieldToEvents } from './yield.ts';

/**
 * Returns the vectors of texts, one after the other [texts · width].
 *
 * @throws InputError if the model's output is not finite
 */
export async function embedTexts(
  model: SentenceEncoder,
  texts: readonly TokenIds[],
  { batchSize = 32, onBatch, signal }: PredictOptions = {},
): Promise<Float32Array> {
  const width = model.config.hidden_size;
  const vectors = new Float32Array(texts.length * width);
  let done = 0;
  for (const batch of chunks(texts, batchSize)) {
    await yieldToEvents();
    signal?.throwIfAborted();
    vectors.set(await model.read(batch.map((ids) => ({ ids }))), done * width);
    done += batch.length;
    onBatch?.(done);
  }
  return vectors;
}

/** The cosine of each pair of neighbours: of vectors 0 and 1, 2 and 3, ... */
export function cosines(vectors: Float32Array, width: number): number[] {
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += vectors[a * width + i] * vectors[b * width + i];
    return sum;
  };
  return Array.from({ length: vectors.length / width / 2 }, (_, pair) => {
    const [a, b] = [2 * pair, 2 * pair + 1];
    return dot(a, b) / Math.max(Math.sqrt(dot(a, a) * dot(b, b)), Number.MIN_VALUE);
  });
}

/** A document that was found. */
export interface Found {
  /** Its number. */
  readonly index: number;
  /** The cosine of its vector with that of the query. */
  readonly score: number;
}

/** Queries whose similarities are computed at once. */
const AT_ONCE = 64;

/**
 * Returns the documents with the largest cosines for each query, in no particular order.
 *
 * @param queries [queries · width]
 * @param documents [documents · width]
 * @param most so many of each query, and those that are as near as the last of them
 */
export async function nearest(
  queries: Float32Array,
  documents: Float32Array,
  width: number,
  most: number,
): Promise<Found[][]> {
  const rows = (values: Float32Array) => tensor(values, [values.length / width, width]);
  const stored = tidy(() => unitRows(rows(documents)));
  try {
    const found: Found[][] = [];
    for (let start = 0; start < queries.length; start += AT_ONCE * width) {
      await yieldToEvents();
      const some = queries.subarray(start, start + AT_ONCE * width);
      const scores = tidy(() => matmul(unitRows(rows(some)), stored, { transposeB: true })); // [some, documents]
      const values = await scores.data();
      const count = scores.shape[1];
      scores.dispose();
      for (let q = 0; q < values.length; q += count) found.push(best(values.subarray(q, q + count), most));
    }
    return found;
  } finally {
    stored.dispose();
  }
}

/** The largest scores, with all that equal the last. */
function best(scores: ArrayLike<number>, most: number): Found[] {
  const sorted = Float32Array.from(scores).sort();
  const least = sorted[Math.max(0, sorted.length - most)];
  return Array.from(scores, (score, index) => ({ index, score })).filter(({ score }) => score >= least);
}
