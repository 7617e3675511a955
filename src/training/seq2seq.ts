import { checkList, checkText } from '../data/encode.ts';
import type { TextPair } from '../data/read-text-pairs.ts';
import {
  type GenerationSettings,
  generate,
  Seq2SeqModel,
  type SequencePair,
  type TokenIds,
} from '../models/browser.ts';
import type { Random } from '../random/index.ts';
import { checkInstance, checkOptions } from '../settings/index.ts';
import { tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Tokenizer } from '../text/browser.ts';
import { type PredictOptions, scaleLogits } from './task.ts';
import { yieldToEvents } from './yield.ts';

/** Longest texts in tokens, with their special tokens; what is longer loses its end. */
export interface TextLengths {
  /** Of what is read. */
  readonly maxLength: number;
  /** Of what is written. */
  readonly maxTargetLength: number;
}

/** Both texts of each pair as token ids. @throws InputError naming the pair and the field that is no string */
export function encodePairs(
  pairs: readonly TextPair[],
  tokenizer: Tokenizer,
  { maxLength, maxTargetLength }: TextLengths,
): SequencePair[] {
  checkList('pairs', pairs);
  pairs.forEach((pair: Partial<TextPair> | null, i) => {
    checkText(`pairs[${i}].text`, pair?.text);
    checkText(`pairs[${i}].target`, pair?.target);
  });
  return pairs.map(({ text, target }) => ({
    ids: tokenizer.encode(text, null, { maxLength }).ids,
    targetIds: tokenizer.encode(target, null, { maxLength: maxTargetLength }).ids,
  }));
}

/** Tokens of both texts. */
export const pairTokenCount = ({ ids, targetIds }: SequencePair): number => ids.length + targetIds.length;

/** The mean over all tokens to be written of -log p(token | text to read, tokens before it). The temperature divides the logits. */
export function seq2seqLoss(
  model: Seq2SeqModel,
  batch: readonly SequencePair[],
  random?: Random,
  temperature = 1,
): Tensor {
  const packed = model.pack(batch);
  return tidyInside(() => model.loss(scaleLogits(model.forward(packed, random), temperature), packed));
}

/** How a model writes: as its checkpoint says, but for what is asked for. A text may be as long as those it was trained on. */
export function generationSettings(
  { config }: Seq2SeqModel,
  maxTargetLength: number,
  asked: Partial<GenerationSettings>,
): Partial<GenerationSettings> {
  // One more for the start token, which no text of the training data has.
  const maxLength = Math.min(maxTargetLength + 1, config.max_position_embeddings);
  const { numBeams = 1, minLength = 0, ...own } = config.generation;
  return {
    ...own,
    numBeams: asked.sampling ? 1 : numBeams,
    numReturnSequences: 1,
    minLength: Math.min(minLength, maxLength),
    maxLength,
    ...asked,
  };
}

export interface WriteOptions extends PredictOptions {
  /** Where tokens are drawn from when they are sampled. */
  readonly random?: Random;
  /** The number of the first text, where a longer list is given in parts. Default 0. */
  readonly firstItem?: number;
  /** Told each token of the first text of an item as soon as it is certain. */
  readonly onToken?: (item: number, id: number) => void;
}

/** A text that a model has written. */
export interface WrittenText {
  readonly text: string;
  readonly tokens: number;
  /** The mean log-probability of its tokens, by the length penalty's measure; null without beams. */
  readonly score: number | null;
}

/**
 * What a model writes for texts.
 *
 * @param ids token ids of each text, with special tokens
 * @returns for each of them the generated texts, the best first
 * @throws InputError for settings that do not fit, and if the model's output is not finite
 */
export async function writeTexts(
  model: Seq2SeqModel,
  tokenizer: Tokenizer,
  ids: readonly TokenIds[],
  settings: Partial<GenerationSettings>,
  options: WriteOptions = {},
): Promise<WrittenText[][]> {
  checkInstance('writeTexts', 'model', model, Seq2SeqModel);
  checkOptions('writeTexts', options);
  const { batchSize, onBatch, signal, random, firstItem: firstSource, onToken } = options;
  const beforeStep = async () => {
    await yieldToEvents();
    signal?.throwIfAborted();
  };
  const own = { batchSize, random, firstSource, onDone: onBatch, onToken, beforeStep };
  const texts = await generate(model, ids, settings, own);
  return texts.map((some) =>
    some.map(({ ids: written, score }) => ({ text: tokenizer.decode(written).trim(), tokens: written.length, score })),
  );
}
