import { readFloats } from '../backends/stored.ts';
import type { TensorSource } from '../io/index.ts';
import type { WeightSource } from '../nn/index.ts';
import { sizeOf } from '../tensor/shape.ts';

/** Returns whether a parameter has a row for each token. */
export const isTokenTable = (name: string): boolean =>
  /(^|\.)(word_embeddings|tok_embeddings|shared)\.weight$/.test(name);

/** A source whose tables of tokens, and what is added to the scores of tokens, may be asked for more than the checkpoint has: the others are 0. */
export const withMoreTokens = (source: WeightSource, stored: TensorSource): WeightSource => ({
  has: (name) => source.has(name),
  take(name, shape) {
    const own = stored.shapeOf(name);
    const isOfTokens = isTokenTable(name) || name === 'final_logits_bias';
    if (!isOfTokens || own === undefined || sizeOf(shape) <= sizeOf(own)) return source.take(name, shape);
    const values = new Float32Array(sizeOf(shape));
    values.set(readFloats(stored.take(name, own)));
    return values;
  },
});
