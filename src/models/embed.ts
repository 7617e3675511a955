import { InputError } from '../errors.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import { checkSequence, packSequences, type TokenSequence } from './batch.ts';
import type { BertModel } from './bert.ts';
import { clsPooling, meanPooling, type Pooling } from './heads.ts';

export interface EmbedOptions {
  readonly pooling: Pooling;
  /** Scale each vector to length 1. */
  readonly normalize: boolean;
}

/**
 * Returns one vector per sequence: the encoder's output for its first token, or the mean over its tokens.
 *
 * @throws InputError naming a sequence that the model cannot read
 */
export async function embed(
  encoder: BertModel,
  sequences: readonly TokenSequence[],
  { pooling, normalize }: EmbedOptions,
): Promise<number[][]> {
  if (!Array.isArray(sequences)) throw new InputError('embed: sequences must be an array of encoded texts.');
  if (sequences.length === 0) return [];
  for (const [i, sequence] of sequences.entries()) {
    checkSequence(`sequences[${i}]`, sequence, encoder.config.vocab_size);
  }
  const batch = packSequences(sequences, encoder.positionIds);
  const pool = pooling === 'mean' ? meanPooling : clsPooling;
  const vectors = tidy(() => noGrad(() => pool(encoder.forward(batch), batch))); // [sequences, hidden]
  const values = Array.from(await vectors.data());
  vectors.dispose();
  const width = encoder.config.hidden_size;
  const rows = sequences.map((_, i) => values.slice(i * width, (i + 1) * width));
  return normalize ? rows.map(unit) : rows;
}

function unit(vector: readonly number[]): number[] {
  const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
  return length === 0 ? [...vector] : vector.map((x) => x / length);
}
