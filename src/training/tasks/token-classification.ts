import { chunks } from '../../data/batches.ts';
import {
  joinWords,
  type PlacedWord,
  readTaggedWords,
  splitWords,
  type TagDataset,
  wordWindows,
} from '../../data/browser.ts';
import { checkList } from '../../data/encode.ts';
import type { WordWindow } from '../../data/word-windows.ts';
import { InputError } from '../../errors.ts';
import { entityTags, type TaggingScoreName, taggedEntities } from '../../metrics/entity-tags.ts';
import {
  packSequences,
  TokenClassificationModel,
  tokenClassificationRecipe,
  UNLABELLED_TOKEN,
} from '../../models/browser.ts';
import type { Random } from '../../random/index.ts';
import { checkInstance, checkOptions, shown } from '../../settings/index.ts';
import { tidyInside } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Tokenizer } from '../../text/browser.ts';
import { withLabels } from '../relabel.ts';
import { type LossOptions, type PredictOptions, scaleLogits, type Task } from '../task.ts';
import { yieldToEvents } from '../yield.ts';

/** Tokens with their classes: that of each word on its first token, none on others. */
export interface LabelledTokens {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  readonly classes: readonly number[];
}

/** A label for each word of a text, such as the part of a name that it is. */
export const tokenClassification: Task<{
  model: TokenClassificationModel;
  dataset: TagDataset;
  item: LabelledTokens;
}> = {
  name: 'token-classification',
  maxLength: 512,
  labelColumn: 'tags',

  async read(source, split, { text, label, skipInvalid }, labels) {
    const rows = source.open(split);
    if (!rows) return null;
    const [tokens, second] = [text ?? []].flat();
    if (second !== undefined) throw new InputError('text names two columns; it is one, with the words of a sentence.');
    const read = await readTaggedWords(rows, { tokens, tags: label, labels: labels ?? undefined, skipInvalid });
    return withLabels(read, labels ?? null);
  },

  recipe: ({ layeredHead }, labels, { head }) => tokenClassificationRecipe(labels ?? null, head, layeredHead),
  labelsOf: ({ labels }) => labels,
  encode: ({ examples }, tokenizer, { maxLength }) =>
    wordWindows(
      examples.map(({ tokens }) => tokens),
      tokenizer,
      maxLength,
    ).map(({ sentence, ...window }) => labelled(window, examples[sentence].tags ?? [])),
  tokenCount: ({ ids }) => ids.length,
  loss: tokenClassificationLoss,
  classesOf: ({ classes }) => classes.filter((own) => own !== UNLABELLED_TOKEN),

  evaluation({ examples, labels }, tokenizer, { maxLength }) {
    const sentences = examples.map(({ tokens }) => tokens);
    const windows = wordWindows(sentences, tokenizer, maxLength);
    const tags = examples.map((example) => (example.tags ?? []).map((tag) => labels?.[tag] ?? ''));
    return {
      size: windows.length,
      async judge(model, options) {
        const predicted = await predictTags(model, windows, tags, options);
        const marks = entityTags(model.labels);
        const { entityParts } = await import('../../report/entity-parts.ts');
        const { taggingScores } = await scoring();
        return {
          scores: { ...taggingScores(predicted, tags, marks) },
          ...entityParts({ sentences, predictions: predicted, labels: tags }, marks),
        };
      },
    };
  },
};

function labelled(
  { ids, typeIds, firsts, words }: Omit<WordWindow, 'sentence'>,
  tags: readonly number[],
): LabelledTokens {
  const classes = ids.map(() => UNLABELLED_TOKEN);
  for (const [i, place] of firsts.entries()) classes[place] = tags[words[i]];
  return { ids, typeIds, classes };
}

/** The mean loss of all words of a batch; with `random`, dropout is on. */
export function tokenClassificationLoss(
  model: TokenClassificationModel,
  batch: readonly LabelledTokens[],
  random?: Random,
  { temperature = 1, classWeights: weight, labelSmoothing }: LossOptions = {},
): Tensor {
  const packed = packSequences(batch, model.encoder.positionIds);
  const classes = batch.map((item) => item.classes);
  return tidyInside(() => {
    const logits = scaleLogits(model.forward(packed, random), temperature);
    return model.loss(logits, packed, classes, { weight, labelSmoothing });
  });
}

/** The label of a word, and its probability. */
export interface WordLabel {
  readonly label: string;
  readonly score: number;
}

/**
 * The likeliest label of each word of sentences, that of its first token; null for a word without tokens.
 *
 * @param windows of these sentences
 * @param lengths the number of words of each sentence
 * @throws InputError if the model's output is not finite
 */
export async function labelWords(
  model: TokenClassificationModel,
  windows: readonly WordWindow[],
  lengths: readonly number[],
  options: PredictOptions = {},
): Promise<(WordLabel | null)[][]> {
  checkInstance('labelWords', 'model', model, TokenClassificationModel);
  checkOptions('labelWords', options);
  const { batchSize = 32, onBatch, signal } = options;
  const words = lengths.map((length) => Array.from<unknown, WordLabel | null>({ length }, () => null));
  let done = 0;
  for (const batch of chunks(windows, batchSize)) {
    await yieldToEvents();
    signal?.throwIfAborted();
    const values = await model.read(batch); // [tokens, labels]
    const width = model.labels.length;
    let first = 0;
    for (const window of batch) {
      for (const [i, place] of window.firsts.entries()) {
        const row = first + place;
        words[window.sentence][window.words[i]] = likeliest(
          values.subarray(row * width, (row + 1) * width),
          model.labels,
        );
      }
      first += window.ids.length;
    }
    done += batch.length;
    onBatch?.(done);
  }
  return words;
}

function likeliest(logits: ArrayLike<number>, labels: readonly string[]): WordLabel {
  const values = Array.from(logits);
  const largest = Math.max(...values);
  const total = values.reduce((sum, value) => sum + Math.exp(value - largest), 0);
  return { label: labels[values.indexOf(largest)], score: 1 / total };
}

/** A page that only predicts does without. */
const scoring = () => import('../../metrics/tagging-scores.ts');

/** The scores of a model on tagged sentences: of entities as seqeval gives them, where tags mark some, and the accuracy of tags. */
export async function evaluateTags(
  model: TokenClassificationModel,
  windows: readonly WordWindow[],
  tags: readonly (readonly string[])[],
  options?: PredictOptions,
): Promise<Partial<Record<TaggingScoreName, number>>> {
  const { taggingScores } = await scoring();
  return taggingScores(await predictTags(model, windows, tags, options), tags, entityTags(model.labels));
}

/** The tags of all words, for sentences that are as long as those of `tags`. */
async function predictTags(
  model: TokenClassificationModel,
  windows: readonly WordWindow[],
  tags: readonly (readonly string[])[],
  options?: PredictOptions,
): Promise<string[][]> {
  const lengths = tags.map(({ length }) => length);
  const words = await labelWords(model, windows, lengths, options);
  const { areEntities } = entityTags(model.labels);
  return words.map((own) => tagsOf(own, areEntities));
}

/** A word without tokens is outside of all entities. */
const tagsOf = (words: readonly (WordLabel | null)[], areEntities: boolean): string[] =>
  words.map((word) => word?.label ?? (areEntities ? 'O' : ''));

/** A text, or its words. */
export type WordsInput = string | readonly string[];

/** A part of a text with a label. */
export interface LabelledSpan {
  /** The type of the entity; where tags mark none, the tag of the word. */
  readonly label: string;
  /** The mean probability of the tags of its words. */
  readonly score: number;
  readonly text: string;
  /** Its place in the text, in UTF-16 code units; in words that were given as such, with a space between each two. */
  readonly start: number;
  readonly end: number;
}

export interface FindOptions extends PredictOptions {
  /** Tokens that are read together, special ones included. */
  readonly maxLength: number;
}

/**
 * Finds the entities in texts. A text is cut into words by `splitWords`; of any length, it is read in parts of at most `maxLength` tokens.
 *
 * @throws InputError for what is neither a text nor a list of words, and if the model's output is not finite
 */
export async function findEntities(
  model: TokenClassificationModel,
  tokenizer: Tokenizer,
  inputs: readonly WordsInput[],
  { maxLength, ...options }: FindOptions,
): Promise<LabelledSpan[][]> {
  checkList('inputs', inputs);
  const texts = inputs.map((input, i) => {
    if (typeof input === 'string') return { text: input, words: splitWords(input) };
    if (Array.isArray(input) && input.every((word) => typeof word === 'string')) return joinWords(input);
    throw new InputError(`inputs[${i}] is ${shown(input)}; it must be a text, or a list of words.`);
  });
  const windows = wordWindows(
    texts.map(({ words }) => words.map(({ text }) => text)),
    tokenizer,
    maxLength,
  );
  const labels = await labelWords(
    model,
    windows,
    texts.map(({ words }) => words.length),
    options,
  );
  const marks = entityTags(model.labels);
  return texts.map(({ text, words }, i) =>
    taggedEntities(tagsOf(labels[i], marks.areEntities), marks).map(({ type, start, end }) =>
      spanOf(text, type, words.slice(start, end), labels[i].slice(start, end)),
    ),
  );
}

function spanOf(
  text: string,
  label: string,
  words: readonly PlacedWord[],
  labels: readonly (WordLabel | null)[],
): LabelledSpan {
  const [{ start }, { end }] = [words[0], words[words.length - 1]];
  const score = labels.reduce((sum, word) => sum + (word?.score ?? 0), 0) / words.length;
  return { label, score, text: text.slice(start, end), start, end };
}
