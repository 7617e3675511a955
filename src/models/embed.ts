import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { boolean, checkInstance, oneOf, parseWith, strictFields } from '../settings/index.ts';
import { checkSequence, type TokenSequence } from './batch.ts';
import { Encoder } from './encoder.ts';
import { clsPooling, meanPooling, type Pooling } from './heads.ts';

export interface EmbedOptions {
  /** Default `mean`. */
  readonly pooling?: Pooling;
  /** Scale each vector to length 1. Default false. */
  readonly normalize?: boolean;
}
const embedOptions = strictFields({
  pooling: v.optional(oneOf(['cls', 'mean'] as const satisfies readonly Pooling[]), 'mean'),
  normalize: v.optional(boolean, false),
});

/**
 * Returns one vector per sequence: the encoder's output for its first token, or the mean over its tokens.
 *
 * @throws InputError naming a sequence that the model cannot read, an option that there is not, and if a vector is not finite
 */
export async function embed(
  encoder: Encoder,
  sequences: readonly TokenSequence[],
  options: EmbedOptions = {},
): Promise<number[][]> {
  checkInstance('embed', 'encoder', encoder, Encoder);
  const { pooling, normalize } = parseWith(embedOptions, options, 'embed: options');
  if (!Array.isArray(sequences)) throw new InputError('embed: sequences must be an array of encoded texts.');
  if (sequences.length === 0) return [];
  for (const [i, sequence] of sequences.entries()) {
    checkSequence(`sequences[${i}]`, sequence, encoder.config.vocab_size);
  }
  const values = Array.from(await encoder.read(sequences, pooling === 'mean' ? meanPooling : clsPooling));
  const width = encoder.config.hidden_size;
  const rows = sequences.map((_, i) => values.slice(i * width, (i + 1) * width));
  return normalize ? rows.map(unit) : rows;
}

function unit(vector: readonly number[]): number[] {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return length === 0 ? [...vector] : vector.map((x) => x / length);
}
