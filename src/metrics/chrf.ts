import { checkOptions } from '../settings/index.ts';
import { countNgrams, type NgramCounts, sharedNgrams } from './ngrams.ts';
import { splitWords } from './python-text.ts';
import { type References, signatureOf, type TranslatedSentence, translatedSentences } from './translation-corpus.ts';

/** The options of sacreBLEU, by the names that it has for them. */
export interface ChrfOptions {
  /** The longest n-grams of characters. Default 6. */
  readonly charOrder?: number;
  /** The longest n-grams of words. Default 0; with 2 it is chrF++. */
  readonly wordOrder?: number;
  /** How much more recall counts than precision. Default 2. */
  readonly beta?: number;
  /** Compare in lower case. Default false. */
  readonly lowercase?: boolean;
  /** White space is a character too. Default false. */
  readonly whitespace?: boolean;
  /** The mean of the F of all orders, as in chrF++.py, NLTK and Moses, instead of F of the means. Default false. */
  readonly epsSmoothing?: boolean;
}

export interface ChrfScore {
  /** In percent, as sacreBLEU prints it. */
  readonly score: number;
  /** The settings and the version, to be named with the score. */
  readonly signature: string;
}

/**
 * chrF of a corpus (Popović 2015), and chrF++ with `wordOrder` 2 (Popović 2017), as sacreBLEU computes them: with precision and recall of n-grams of each order,
 * averaged over the orders that both sides have, (1 + beta²) P R / (beta² P + R). N-grams are summed over the sentences; of several references
 * the one with the best score of the sentence counts, the first of equal ones.
 *
 * @param hypotheses one translation per sentence
 * @param references [references][sentences]
 * @throws RangeError if they do not fit each other, for no sentences, and for an option out of range
 * @throws TypeError for an option that there is not
 */
export function corpusChrf(
  hypotheses: readonly string[],
  references: References,
  options: ChrfOptions = {},
): ChrfScore {
  const settings = chrfSettings('corpusChrf', options);
  const sentences = translatedSentences(hypotheses, references);
  const { charOrder, wordOrder, lowercase, whitespace, epsSmoothing } = settings;
  const totals = sentences.map((sentence) => bestMatches(sentence, settings)).reduce(sumOfOrders);
  return {
    score: scoreOfOrders(totals, settings),
    signature: signatureOf(sentences, {
      case: lowercase ? 'lc' : 'mixed',
      eff: epsSmoothing ? 'no' : 'yes',
      nc: charOrder,
      nw: wordOrder,
      space: whitespace ? 'yes' : 'no',
    }),
  };
}

/** chrF of one sentence; see {@link corpusChrf}. */
export const sentenceChrf = (hypothesis: string, references: readonly string[], options: ChrfOptions = {}): ChrfScore =>
  corpusChrf(
    [hypothesis],
    references.map((reference) => [reference]),
    options,
  );

type ChrfSettings = Required<ChrfOptions>;

const optionNames = {
  charOrder: true,
  wordOrder: true,
  beta: true,
  lowercase: true,
  whitespace: true,
  epsSmoothing: true,
} as const;

function chrfSettings(name: string, options: ChrfOptions): ChrfSettings {
  checkOptions(name, options, optionNames);
  const {
    charOrder = 6,
    wordOrder = 0,
    beta = 2,
    lowercase = false,
    whitespace = false,
    epsSmoothing = false,
  } = options;
  for (const [option, value, least] of [
    ['charOrder', charOrder, 1],
    ['wordOrder', wordOrder, 0],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new RangeError(`${name}: ${option} must be a whole number from ${least}, not ${String(value)}.`);
  }
  if (!(beta > 0 && Number.isFinite(beta))) throw new RangeError(`${name}: beta must be above 0, not ${String(beta)}.`);
  return { charOrder, wordOrder, beta, lowercase, whitespace, epsSmoothing };
}

/** The n-grams of one order: of the translation, of the reference, and those that both share. */
interface OrderCounts {
  readonly ours: number;
  readonly theirs: number;
  readonly shared: number;
}

const sumOfOrders = (a: readonly OrderCounts[], b: readonly OrderCounts[]): OrderCounts[] =>
  a.map(({ ours, theirs, shared }, i) => ({
    ours: ours + b[i].ours,
    theirs: theirs + b[i].theirs,
    shared: shared + b[i].shared,
  }));

function bestMatches({ hypothesis, references }: TranslatedSentence, settings: ChrfSettings): OrderCounts[] {
  const ours = ngramsOf(hypothesis, settings);
  const all = references.map((reference) =>
    ngramsOf(reference, settings).map((theirs, i) => ({
      // N-grams of an order that the reference is too short for are no misses.
      ours: theirs.size > 0 ? sizeOf(ours[i]) : 0,
      theirs: sizeOf(theirs),
      shared: sharedNgrams(ours[i], theirs),
    })),
  );
  return all.reduce((best, other) => (scoreOfOrders(other, settings) > scoreOfOrders(best, settings) ? other : best));
}

const sizeOf = (counts: NgramCounts): number => [...counts.values()].reduce((sum, count) => sum + count, 0);

function ngramsOf(text: string, { charOrder, wordOrder, lowercase, whitespace }: ChrfSettings): NgramCounts[] {
  const line = lowercase ? text.toLowerCase() : text;
  const characters = [...(whitespace ? line : splitWords(line).join(''))];
  const words = splitWords(line).flatMap(marksApart);
  return [
    ...Array.from({ length: charOrder }, (_, i) => countNgrams(characters, i + 1, '')),
    ...Array.from({ length: wordOrder }, (_, i) => countNgrams(words, i + 1, ' ')),
  ];
}

const MARK = /^[!-/:-@[-`{-~]$/;

/** A word of two characters or more without one ASCII mark: the last one, else the first, which is a word of its own. */
function marksApart(word: string): string[] {
  const characters = [...word];
  if (characters.length === 1) return [word];
  const [first, last] = [characters[0], characters[characters.length - 1]];
  if (MARK.test(last)) return [characters.slice(0, -1).join(''), last];
  return MARK.test(first) ? [first, characters.slice(1).join('')] : [word];
}

/** What an order without n-grams counts, with `epsSmoothing`. */
const EPSILON = 1e-16;

function scoreOfOrders(orders: readonly OrderCounts[], { beta, epsSmoothing }: ChrfSettings): number {
  const factor = beta ** 2;
  const f = (precision: number, recall: number) => ((1 + factor) * precision * recall) / (factor * precision + recall);
  if (epsSmoothing) {
    const scores = orders.map(({ ours, theirs, shared }) => {
      const [precision, recall] = [ours > 0 ? shared / ours : EPSILON, theirs > 0 ? shared / theirs : EPSILON];
      return factor * precision + recall > 0 ? f(precision, recall) : EPSILON;
    });
    return (100 * scores.reduce((sum, score) => sum + score, 0)) / orders.length;
  }
  const counted = orders.filter(({ ours, theirs }) => ours > 0 && theirs > 0);
  const mean = (value: (order: OrderCounts) => number) =>
    counted.reduce((sum, order) => sum + value(order), 0) / counted.length;
  const [precision, recall] = [
    mean(({ shared, ours }) => shared / ours),
    mean(({ shared, theirs }) => shared / theirs),
  ];
  return precision + recall > 0 ? 100 * f(precision, recall) : 0;
}
