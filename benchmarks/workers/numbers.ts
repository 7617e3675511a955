/**
 * Weights and token ids that every peer computes by itself from the same formula, so that all do the same arithmetic on the same
 * numbers and their results can be compared. pytorch.py has the same functions.
 */

/** FNV-1a of a name. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A bijection of 32-bit integers that scrambles them (Wellons, "lowbias32", 2018). */
function scramble(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Number `i` of the stream `name`, uniform in [0, 1). */
const uniform = (seed: number, i: number): number => (scramble((seed + i) | 0) >>> 8) / 2 ** 24;

/** Half the width of a uniform distribution with the standard deviation 0.02. */
const HALF_WIDTH = 0.02 * Math.sqrt(3);

/** The gain of a layer norm, in BERT and in BART. */
const gain = /(LayerNorm|layer_?norm\w*)\.weight$/;

/** A weight: around 1 for the gain of a layer norm, around 0 for all others, with the standard deviation 0.02. */
export function weight(name: string, length: number): Float32Array<ArrayBuffer> {
  const seed = seedOf(name);
  const center = gain.test(name) ? 1 : 0;
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = center + HALF_WIDTH * (2 * uniform(seed, i) - 1);
  return values;
}

/** 1 for a weight that is kept, 0 for one of the fraction `sparsity`. */
export function mask(name: string, length: number, sparsity: number): Float32Array<ArrayBuffer> {
  const seed = seedOf(`${name}.mask`);
  return Float32Array.from({ length }, (_, i) => (uniform(seed, i) < sparsity ? 0 : 1));
}

/** Token `i` of sequence `sequence` of batch `batch`. */
export function tokenId(batch: number, sequence: number, i: number, vocabulary: number): number {
  return scramble((batch * 1_000_003 + sequence * 1009 + i) | 0) % vocabulary;
}

/** The class of a sequence. */
export const label = (sequence: number): number => sequence % 2;
