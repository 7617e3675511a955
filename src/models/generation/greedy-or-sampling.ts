import type { EncoderDecoderConfig } from '../encoder-decoder-config.ts';
import type { Decoding } from './decoding.ts';
import type { LogitsProcessor } from './logits-processors.ts';
import { readScores } from './scores.ts';

/** Picks the next token of text `text` from scores that are constrained already. */
export type ChooseToken = (scores: Float32Array, tokens: readonly number[], text: number) => number;

/** The token with the highest score; of equals the one with the lower number. */
export const argmax: ChooseToken = (scores) => scores.reduce((top, score, id) => (score > scores[top] ? id : top), 0);

export interface GreedyOrSamplingOptions {
  /** Number of sources. */
  readonly sources: number;
  /** Texts for each. */
  readonly textsPerSource: number;
  readonly maxLength: number;
  readonly constrain: LogitsProcessor;
  readonly choose: ChooseToken;
  /** Told each token as soon as it is there. */
  readonly onToken?: (text: number, id: number) => void;
  /** Awaited before each step. */
  readonly beforeStep?: () => Promise<void>;
}

/**
 * Greedy search and sampling: each text takes the token that `choose` picks, until the end or `maxLength`. Finished texts take no
 * part in further steps.
 *
 * @returns the tokens of each text, those of one source side by side
 */
export async function greedyOrSampling(
  decoding: Decoding,
  { decoder_start_token_id, eos_token_id }: Pick<EncoderDecoderConfig, 'decoder_start_token_id' | 'eos_token_id'>,
  { sources, textsPerSource, maxLength, constrain, choose, onToken, beforeStep }: GreedyOrSamplingOptions,
): Promise<number[][]> {
  const texts = Array.from({ length: sources * textsPerSource }, () => [decoder_start_token_id]);
  let running = [...texts.keys()];
  let parents = running.map((text) => Math.floor(text / textsPerSource));
  while (running.length > 0) {
    await beforeStep?.();
    const scores = await readScores(
      decoding.advance(
        parents,
        running.map((text) => texts[text][texts[text].length - 1]),
      ),
    );
    running.forEach((text, i) => {
      const tokens = texts[text];
      const id = choose(constrain(scores[i], tokens), tokens, text);
      tokens.push(id);
      onToken?.(text, id);
    });
    const goesOn = (text: number) =>
      texts[text][texts[text].length - 1] !== eos_token_id && texts[text].length < maxLength;
    parents = [...running.keys()].filter((i) => goesOn(running[i]));
    running = running.filter(goesOn);
  }
  return texts;
}
