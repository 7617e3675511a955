import type { Random } from '../random/index.ts';

/** The size of a batch: so many items, or as many as have no more than `tokens` tokens together. */
export type BatchSize = number | { readonly tokens: number };

/** How items are grouped into batches: at random, or by similar length. */
export type BatchOrder = 'shuffled' | 'bucketed';
export const batchOrders: readonly BatchOrder[] = ['shuffled', 'bucketed'];

export interface BatchOptions<T> {
  readonly size: BatchSize;
  readonly order: BatchOrder;
  /** Tokens of an item. */
  readonly lengthOf: (item: T) => number;
}

/** Cuts a list into runs of at most `size`. @throws RangeError if the size is no whole number above 0 */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  if (!(Number.isInteger(size) && size > 0))
    throw new RangeError(`A batch has ${size} items; it must be a whole number above 0.`);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Fills one batch after the other, in order. An item with more tokens than a batch may have is a batch of its own. */
export function cutBatches<T>(items: readonly T[], { size, lengthOf }: Omit<BatchOptions<T>, 'order'>): T[][] {
  if (typeof size === 'number') return chunks(items, size);
  const batches: T[][] = [];
  let tokens = Number.POSITIVE_INFINITY;
  for (const item of items) {
    tokens += lengthOf(item);
    if (tokens > size.tokens) {
      batches.push([]);
      tokens = lengthOf(item);
    }
    batches[batches.length - 1].push(item);
  }
  return batches;
}

/**
 * The batches of one epoch, every item in one of them.
 * - `shuffled`: the items in random order, cut into batches.
 * - `bucketed`: the items in random order, cut into buckets, each sorted by length and cut into batches, and the batches of all
 *   buckets in random order. A bucket has 50 batches, or fewer so that there are four buckets: one alone would make almost the
 *   same batches in every epoch. Buckets as in Hugging Face's `LengthGroupedSampler`, the batches shuffled as in torchtext's
 *   `BucketIterator` and fairseq.
 */
export function epochBatches<T>(items: readonly T[], options: BatchOptions<T>, random: Random): T[][] {
  const { size, order, lengthOf } = options;
  const mixed = random.shuffle(items);
  const batches = cutBatches(mixed, options);
  if (order === 'shuffled') return batches;
  const inBucket = Math.min(BUCKET, Math.max(1, Math.floor(batches.length / LEAST_BUCKETS)));
  const sorted = chunks(batches, inBucket).map((bucket) => bucket.flat().sort((a, b) => lengthOf(a) - lengthOf(b)));
  return random.shuffle(sorted.flatMap((bucket) => cutBatches(bucket, { size, lengthOf })));
}

/** Batches in a bucket, at most. */
const BUCKET = 50;
const LEAST_BUCKETS = 4;
