import { type Dataset, readTextPairs, type TextPair } from '../../data/browser.ts';
import { checkList, checkText } from '../../data/encode.ts';
import { InputError } from '../../errors.ts';
import { droppedLetters, rougeTokenizers } from '../../metrics/rouge-letters.ts';
import {
  checkGenerationSettings,
  type GenerationSettings,
  generate,
  generationFrom,
  generationOptions,
  Seq2SeqModel,
  type SequencePair,
  seq2SeqRecipe,
  type TokenIds,
} from '../../models/browser.ts';
import { Random } from '../../random/index.ts';
import {
  belongingTo,
  checkInstance,
  checkOptions,
  factsOf,
  nonEmptyText,
  oneOf,
  option,
  positiveInteger,
} from '../../settings/index.ts';
import { tidyInside } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Tokenizer } from '../../text/browser.ts';
import type { RunSettings } from '../settings-table.ts';
import {
  type ColumnSettings,
  type Evaluation,
  type Judgement,
  type LossOptions,
  type PredictOptions,
  scaleLogits,
  type Task,
} from '../task.ts';
import { textLength } from '../text-length.ts';
import { yieldToEvents } from '../yield.ts';

/** The tasks whose models write texts. */
const task = ['text2text-generation', 'translation'] as const;

/** Settings of models that write texts. */
export const textGenerationSettings = {
  maxTargetLength: option(positiveInteger, {
    description: 'longest text to write; what a model learns from is cut to it',
    placeholder: '<tokens>',
    default: 128,
    for: { task },
  }),
  sourceLang: option(nonEmptyText, {
    description: 'language of the texts to read, by its code in the tokenizer: en_XX of mBART',
    placeholder: '<code>',
    defaultText: 'as the tokenizer says',
    for: { task },
  }),
  targetLang: option(nonEmptyText, {
    description: 'language to write; of a Marian with several, that of its codes >>fra<<',
    placeholder: '<code>',
    defaultText: 'as the model says',
    for: { task },
  }),
  rougeTokenizer: option(oneOf(rougeTokenizers), {
    description: 'words that ROUGE compares: ascii as the official scorer (a-z and 0-9), unicode for all scripts',
    placeholder: '<name>',
    default: 'ascii',
    for: { task: ['text2text-generation'] },
  }),
};

/** Tokens of the longest text to write. */
export const targetLengthOf = ({ maxTargetLength }: { readonly maxTargetLength?: number }): number =>
  maxTargetLength ?? factsOf(textGenerationSettings.maxTargetLength).default ?? 0;

/** Settings of generation when a model is evaluated. */
export const decodingSettings = belongingTo({ task }, generationOptions);

/** Of XSum the paper gives the second. */
const metrics = ['rouge2', 'rouge1', 'rougeL', 'rougeLsum'] as const;

/** Texts to read, each with the one to write. */
export type Pairs<Metric extends string = (typeof metrics)[number]> = Dataset<TextPair, Metric>;

/** With a warning where the scores will mean little. */
function judged(pairs: Pairs, { rougeTokenizer }: ColumnSettings): Pairs {
  const warning = droppedLetters(
    pairs.examples.map(({ target }) => target),
    rougeTokenizer,
  );
  return warning ? { ...pairs, warnings: [...pairs.warnings, warning] } : pairs;
}

/** The column with the text to read. @throws InputError if two are named */
export function textColumn({ text }: ColumnSettings): string | undefined {
  const [first, second] = [text ?? []].flat();
  if (second !== undefined) throw new InputError('text names two columns; it is one, with the text to read.');
  return first;
}

/** A task whose models write texts. */
export type WritingTask<Metric extends string> = Task<{
  model: Seq2SeqModel;
  dataset: Pairs<Metric>;
  item: SequencePair;
}>;

/** What tasks whose models write texts have in common: the network, its loss, and that it is judged by the texts that it writes. */
const writing = {
  recipe: (_settings, _labels, { head }) => seq2SeqRecipe(head),
  lengths: ({ text, target }, tokenizer, { maxLength, ...settings }) => [
    textLength(tokenizer, text, undefined, maxLength),
    textLength(tokenizer.targets, target, undefined, targetLengthOf(settings)),
  ],
  encode: ({ examples }, tokenizer, { maxLength, ...settings }) =>
    encodePairs(examples, tokenizer, { maxLength, maxTargetLength: targetLengthOf(settings) }),
  tokenCount: pairTokenCount,
  loss: seq2seqLoss,
} satisfies Partial<WritingTask<string>>;

/** A task with what all of them have in common. */
export const writingTask = <Metric extends string>(
  own: Omit<WritingTask<Metric>, keyof typeof writing>,
): WritingTask<Metric> => ({ ...writing, ...own });

/** The sides of examples, and what a model wrote for each. */
export interface WrittenExamples {
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  readonly written: readonly string[];
}

/**
 * Examples made ready to judge models by the texts that they write for them.
 *
 * @param judge scores what was written
 */
export function writingEvaluation(
  examples: readonly TextPair[],
  tokenizer: Tokenizer,
  { maxLength, seed, ...asked }: RunSettings,
  judge: (texts: WrittenExamples) => Promise<Judgement>,
): Evaluation<Seq2SeqModel> {
  const ids = examples.map(({ text }) => tokenizer.encode(text, null, { maxLength }).ids);
  const settingsFor = (model: Seq2SeqModel) =>
    generationSettings(model, targetLengthOf(asked), { ...generationFrom(asked), numReturnSequences: 1 }, tokenizer);
  return {
    size: examples.length,
    check: (model) => void checkGenerationSettings(settingsFor(model), model.config),
    judge: async (model, options) => {
      const random = new Random(seed).fork('generation');
      const texts = await writeTexts(model, tokenizer, ids, settingsFor(model), { ...options, random });
      return judge({
        sources: examples.map(({ text }) => text),
        targets: examples.map(({ target }) => target),
        written: texts.map(([{ text }]) => text),
      });
    },
  };
}

/** A text to be written for a text, such as its summary. A model is judged by the texts that it writes. */
// Without the mark a bundle of a page that only answers would have the task too.
export const textGeneration = /* @__PURE__ */ writingTask<(typeof metrics)[number]>({
  name: 'text2text-generation',
  maxLength: 512,

  async read(source, split, { known, ...columns }) {
    const rows = source.open(split);
    if (!rows) return null;
    const options = {
      ...columns,
      text: textColumn(columns),
      known: known?.task === 'text2text-generation' ? known : undefined,
    };
    const pairs = await readTextPairs(rows, options, metrics);
    return split === 'train' ? pairs : judged(pairs, columns);
  },

  judged,

  evaluation: ({ examples }, tokenizer, settings) =>
    writingEvaluation(examples, tokenizer, settings, async ({ sources, targets, written }) => {
      const { rougeTokenizer } = settings;
      // A page that only answers does without.
      const { meanRouge } = await import('../../metrics/rouge.ts');
      const { textParts } = await import('../../report/text-parts.ts');
      // Warnings were told when the data were read.
      const scores = meanRouge(written, targets, { stemmer: true, tokenizer: rougeTokenizer, onWarning: () => {} });
      return {
        scores: Object.fromEntries(metrics.map((name) => [name, scores[name]])),
        ...textParts({ sources, targets, written, tokenizer: rougeTokenizer }),
      };
    }),
});

/** Maximum lengths in tokens, with special tokens; longer texts are truncated at the end. */
export interface TextLengths {
  /** Limit of inputs. */
  readonly maxLength: number;
  /** Limit of targets. */
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
    targetIds: tokenizer.targets.encode(target, null, { maxLength: maxTargetLength }).ids,
  }));
}

/** Tokens of both texts. */
export function pairTokenCount({ ids, targetIds }: SequencePair): number {
  return ids.length + targetIds.length;
}

/** The mean over all tokens to be written of -log p(token | text to read, tokens before it). The temperature divides the logits. */
export function seq2seqLoss(
  model: Seq2SeqModel,
  batch: readonly SequencePair[],
  random?: Random,
  { temperature = 1 }: LossOptions = {},
): Tensor {
  const packed = model.pack(batch);
  return tidyInside(() => model.loss(scaleLogits(model.forward(packed, random), temperature), packed));
}

/**
 * Returns complete generation settings: those given, else the checkpoint's. Texts may be as long as those of training, and begin as the
 * tokenizer says where that tells their language.
 */
export function generationSettings(
  { config, transformer }: Seq2SeqModel,
  maxTargetLength: number,
  asked: Partial<GenerationSettings>,
  tokenizer?: Pick<Tokenizer, 'targetStart'>,
): Partial<GenerationSettings> {
  // One more for the start token, which no text of the training data has.
  const maxLength = Math.min(maxTargetLength + 1, transformer.targetPositions);
  const { numBeams = 1, minLength = 0, ...own } = config.generation;
  return {
    ...own,
    numBeams: asked.sampling ? 1 : numBeams,
    numReturnSequences: 1,
    minLength: Math.min(minLength, maxLength),
    maxLength,
    ...tokenizer?.targetStart,
    ...asked,
  };
}

export interface WriteOptions extends PredictOptions {
  /** Generator for sampling tokens. */
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
 * Generates texts for each input.
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
    some.map(({ ids: written, score }) => ({
      text: tokenizer.targets.decode(written).trim(),
      tokens: written.length,
      score,
    })),
  );
}
