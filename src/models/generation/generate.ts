import { InputError } from '../../errors.ts';
import type { Random } from '../../random/random.ts';
import { checkInstance, checkOptions } from '../../settings/index.ts';
import { checkSequence, packSequences, type TokenIds } from '../batch.ts';
import { Seq2SeqModel } from '../seq2seq.ts';
import { beamSearch, type ScoredText } from './beam-search.ts';
import { CachedDecoding } from './decoding.ts';
import { argmax, type ChooseToken, greedyOrSampling } from './greedy-or-sampling.ts';
import { constraintProcessors, expScores, samplingProcessors } from './logits-processors.ts';
import { checkGenerationSettings, type GenerationSettings, type Sampling } from './settings.ts';

export interface GenerationOptions {
  /** The generator of sampled tokens; needed to sample. Each text has its own stream, whatever the batches are. */
  readonly random?: Random;
  /** The number of the first source, which decides its stream, where a longer list is given in parts. Default 0. */
  readonly firstSource?: number;
  /** Sources that are worked on together at most; they are fewer where each has many texts. Default 8. */
  readonly batchSize?: number;
  /** Told each token as soon as it is certain: in a beam search when the search of its source is over. */
  readonly onToken?: (source: number, id: number) => void;
  /** Told how many sources are done. */
  readonly onDone?: (done: number) => void;
  /** Awaited before each token: a place to let others work, or to stop by throwing. */
  readonly beforeStep?: () => Promise<void>;
}

/** The scores of all texts of a batch that are computed at once are at most so many: 256 MiB of them. */
const MOST_SCORES = 2 ** 26;

/** The sources of a batch: as many as asked for, unless the scores of their texts are too many. */
function sourcesTogether(batchSize: number, { numBeams, numReturnSequences }: GenerationSettings, vocabulary: number) {
  const texts = Math.max(numBeams, numReturnSequences);
  return Math.max(1, Math.min(batchSize, Math.floor(MOST_SCORES / (texts * vocabulary))));
}

/** Draws tokens with the probabilities softmax(scores), narrowed as the settings say. */
function sampler(sampling: Sampling, randomOf: (text: number) => Random): ChooseToken {
  const warp = samplingProcessors(sampling);
  const streams = new Map<number, Random>();
  return (scores, tokens, text) => {
    const random = streams.get(text) ?? randomOf(text);
    streams.set(text, random);
    const weights = expScores(warp(scores, tokens));
    let left = random.uniform() * weights.reduce((sum, weight) => sum + weight, 0);
    const id = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    // Rounding can leave a remainder after the last token.
    return id >= 0 ? id : weights.findLastIndex((weight) => weight > 0);
  };
}

/**
 * Texts for sources: by greedy search, beam search or sampling. What is generated for a source does not depend on the others.
 *
 * @param sources token ids with their special tokens
 * @param settings those that are left out have Hugging Face's defaults
 * @returns for each source its texts, the best first in a beam search
 * @throws InputError for settings that are out of range or contradict each other, for ids that the model does not know, and if the model's
 *   output is not finite
 */
export async function generate(
  model: Seq2SeqModel,
  sources: readonly TokenIds[],
  settings: Partial<GenerationSettings> = {},
  options: GenerationOptions = {},
): Promise<ScoredText[][]> {
  checkInstance('generate', 'model', model, Seq2SeqModel);
  checkOptions('generate', settings);
  checkOptions('generate', options);
  const complete = checkGenerationSettings(settings, model.config);
  const { batchSize = 8, onDone } = options;
  if (!(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new RangeError(`generate: batchSize is ${batchSize}; it must be a whole number above 0.`);
  }
  if (!Array.isArray(sources))
    throw new InputError('generate: sources must be an array with the token ids of each text.');
  for (const [i, ids] of sources.entries()) checkSequence(`sources[${i}]`, { ids }, model.config.vocab_size);
  const texts: ScoredText[][] = [];
  const together = sourcesTogether(batchSize, complete, model.config.decoder_vocab_size);
  while (texts.length < sources.length) {
    const first = texts.length;
    texts.push(...(await generateBatch(model, sources.slice(first, first + together), complete, first, options)));
    onDone?.(texts.length);
  }
  return texts;
}

/** @param first the number of the batch's first source */
async function generateBatch(
  model: Seq2SeqModel,
  sources: readonly TokenIds[],
  settings: GenerationSettings,
  first: number,
  { random, firstSource = 0, onToken, beforeStep }: GenerationOptions,
): Promise<ScoredText[][]> {
  const { config, transformer } = model;
  const { maxLength, numBeams, numReturnSequences, sampling } = settings;
  const constrain = constraintProcessors(settings, config);
  const ends = {
    decoder_start_token_id: settings.decoderStartTokenId ?? config.decoder_start_token_id,
    eos_token_id: config.eos_token_id,
  };
  const source = packSequences(
    sources.map((ids) => ({ ids })),
    transformer.positionIds,
  );
  const decoding = new CachedDecoding(model, source);
  try {
    if (numBeams > 1) {
      const texts = await beamSearch(decoding, ends, { sources: sources.length, settings, constrain, beforeStep });
      texts.forEach(([{ ids }], s) => {
        for (const id of ids.slice(1)) onToken?.(first + s, id);
      });
      return texts;
    }
    const textsPerSource = numReturnSequences;
    const texts = await greedyOrSampling(decoding, ends, {
      sources: sources.length,
      textsPerSource,
      maxLength,
      constrain,
      choose: sampling
        ? sampler(sampling, (text) => streamOf(random, (firstSource + first) * textsPerSource + text))
        : argmax,
      onToken: (text, id) => {
        if (text % textsPerSource === 0) onToken?.(first + text / textsPerSource, id);
      },
      beforeStep,
    });
    return sources.map((_, s) =>
      texts.slice(s * textsPerSource, (s + 1) * textsPerSource).map((ids) => ({ ids, score: null })),
    );
  } finally {
    decoding.dispose();
  }
}

function streamOf(random: Random | undefined, text: number): Random {
  if (!random) throw new Error('Sampling needs a generator of random numbers: give generate() one.');
  return random.fork(`text ${text}`);
}
