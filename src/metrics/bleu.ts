import { checkOptions } from '../settings/index.ts';
import { type BleuTokenizer, bleuTokenizers } from './bleu-tokenizers.ts';
import { countNgrams, mostOf, type NgramCounts, sharedNgrams } from './ngrams.ts';
import { trimEnd } from './python-text.ts';
import { type References, signatureOf, type TranslatedSentence, translatedSentences } from './translation-corpus.ts';

/** The defaults of the values that the smoothing methods take; null: it takes none. */
const smoothDefaults = { exp: null, floor: 0.1, 'add-k': 1, none: null } as const;
export type SmoothMethod = keyof typeof smoothDefaults;

/** The options of sacreBLEU, by the names that it has for them. */
export interface BleuOptions {
  /** Compare in lower case. Default false. */
  readonly lowercase?: boolean;
  /** Default `13a`, that of WMT. */
  readonly tokenize?: BleuTokenizer;
  /**
   * What an order without a match counts (Chen and Cherry 2014): `exp` 1/2, 1/4, ... of a match, in turn; `floor` a value instead of 0; `add-k`
   * adds a value to matches and n-grams of all orders above 1; `none` 0. Default `exp`.
   */
  readonly smoothMethod?: SmoothMethod;
  /** Default 0.1 for `floor`, 1 for `add-k`. */
  readonly smoothValue?: number;
  /** The longest n-grams. Default 4. */
  readonly maxNgramOrder?: number;
  /** Leave out orders that a sentence is too short for. Default false; for single sentences true. */
  readonly effectiveOrder?: boolean;
}

/** Scores and precisions are in percent, as sacreBLEU prints them. */
export interface BleuScore {
  readonly score: number;
  /** Of each order the n-grams that match, with what `add-k` has added. */
  readonly counts: readonly number[];
  /** Of each order all n-grams of the translations, likewise. */
  readonly totals: readonly number[];
  readonly precisions: readonly number[];
  /** The brevity penalty, exp(1 - refLen / sysLen) for translations shorter than the references, else 1. */
  readonly bp: number;
  readonly sysLen: number;
  readonly refLen: number;
  /** The settings and the version, to be named with the score. */
  readonly signature: string;
}

/**
 * BLEU of a corpus (Papineni et al. 2002) as sacreBLEU computes it: bp · exp(mean of log precision over the orders). N-grams are clipped by their
 * largest count in any one reference and summed over the corpus; of several references the length that is nearest counts, of equally near ones the shorter.
 * 0 if no n-gram of any order matches.
 *
 * @param hypotheses one translation per sentence
 * @param references [references][sentences]
 * @throws RangeError if they do not fit each other, for no sentences, and for an option out of range
 * @throws TypeError for an option that there is not
 */
export function corpusBleu(
  hypotheses: readonly string[],
  references: References,
  options: BleuOptions = {},
): BleuScore {
  const settings = bleuSettings('corpusBleu', options);
  const sentences = translatedSentences(hypotheses, references);
  const { tokenize, lowercase, smoothMethod, smoothValue, maxNgramOrder, effectiveOrder } = settings;
  const parts = sentences.map((sentence) => sentenceCounts(sentence, settings));
  const total = (count: (part: SentenceCounts) => number) => parts.reduce((sum, part) => sum + count(part), 0);
  const orders = Array.from({ length: maxNgramOrder }, (_, i) => i);
  const smooth = smoothDefaults[smoothMethod] === null ? smoothMethod : `${smoothMethod}[${smoothValue.toFixed(2)}]`;
  const statistics = {
    counts: orders.map((i) => total((part) => part.counts[i])),
    totals: orders.map((i) => total((part) => part.totals[i])),
    sysLen: total((part) => part.sysLen),
    refLen: total((part) => part.refLen),
  };
  return {
    ...scoreOf(statistics, settings),
    signature: signatureOf(sentences, {
      case: lowercase ? 'lc' : 'mixed',
      eff: effectiveOrder ? 'yes' : 'no',
      tok: tokenize,
      smooth,
    }),
  };
}

/** BLEU of one sentence, by default of the orders that it is long enough for, as `sentence_bleu` of sacreBLEU; see {@link corpusBleu}. */
export function sentenceBleu(hypothesis: string, references: readonly string[], options: BleuOptions = {}): BleuScore {
  return corpusBleu(
    [hypothesis],
    references.map((reference) => [reference]),
    { effectiveOrder: true, ...options },
  );
}

type BleuSettings = Required<BleuOptions>;

const optionNames = {
  lowercase: true,
  tokenize: true,
  smoothMethod: true,
  smoothValue: true,
  maxNgramOrder: true,
  effectiveOrder: true,
} as const;

function bleuSettings(name: string, options: BleuOptions): BleuSettings {
  checkOptions(name, options, optionNames);
  const {
    lowercase = false,
    tokenize = '13a',
    smoothMethod = 'exp',
    maxNgramOrder = 4,
    effectiveOrder = false,
  } = options;
  if (!Object.hasOwn(bleuTokenizers, tokenize)) {
    throw new RangeError(
      `${name}: tokenize must be one of ${Object.keys(bleuTokenizers).join(', ')}, not ${String(tokenize)}.`,
    );
  }
  if (!Object.hasOwn(smoothDefaults, smoothMethod)) {
    throw new RangeError(
      `${name}: smoothMethod must be one of ${Object.keys(smoothDefaults).join(', ')}, not ${String(smoothMethod)}.`,
    );
  }
  if (!Number.isSafeInteger(maxNgramOrder) || maxNgramOrder < 1) {
    throw new RangeError(`${name}: maxNgramOrder must be a whole number from 1, not ${String(maxNgramOrder)}.`);
  }
  const { smoothValue = smoothDefaults[smoothMethod] ?? 0 } = options;
  if (!(smoothValue >= 0)) throw new RangeError(`${name}: smoothValue must be 0 or more, not ${String(smoothValue)}.`);
  return { lowercase, tokenize, smoothMethod, smoothValue, maxNgramOrder, effectiveOrder };
}

/** What one sentence or a corpus adds to the score. */
interface SentenceCounts {
  readonly counts: readonly number[];
  readonly totals: readonly number[];
  readonly sysLen: number;
  readonly refLen: number;
}

function sentenceCounts(
  { hypothesis, references }: TranslatedSentence,
  { tokenize, lowercase, maxNgramOrder }: BleuSettings,
): SentenceCounts {
  const words = (text: string) => bleuTokenizers[tokenize](trimEnd(lowercase ? text.toLowerCase() : text));
  const ours = words(hypothesis);
  const theirs = references.map(words);
  const orders = Array.from({ length: maxNgramOrder }, (_, i) => i + 1);
  const ngrams = (list: readonly string[], n: number): NgramCounts => countNgrams(list, n, ' ');
  const lengths = theirs.map(({ length }) => length);
  return {
    counts: orders.map((n) => sharedNgrams(ngrams(ours, n), theirs.map((list) => ngrams(list, n)).reduce(mostOf))),
    totals: orders.map((n) => Math.max(0, ours.length - n + 1)),
    sysLen: ours.length,
    refLen: lengths.reduce((best, length) => {
      const [near, other] = [best, length].map((one) => Math.abs(one - ours.length));
      return other < near || (other === near && length < best) ? length : best;
    }),
  };
}

function scoreOf(
  { counts, totals, sysLen, refLen }: SentenceCounts,
  { smoothMethod, smoothValue, maxNgramOrder, effectiveOrder }: BleuSettings,
): Omit<BleuScore, 'signature'> {
  const bp = sysLen >= refLen ? 1 : sysLen === 0 ? 0 : Math.exp(1 - refLen / sysLen);
  const precisions = new Array<number>(maxNgramOrder).fill(0);
  if (counts.every((count) => count === 0)) return { score: 0, counts, totals, precisions, bp, sysLen, refLen };
  const [matches, all] = [[...counts], [...totals]];
  let part = 1;
  let order = maxNgramOrder;
  for (let i = 0; i < maxNgramOrder; i++) {
    if (smoothMethod === 'add-k' && i > 0) {
      matches[i] += smoothValue;
      all[i] += smoothValue;
    }
    if (all[i] === 0) break;
    if (effectiveOrder) order = i + 1;
    if (matches[i] > 0) precisions[i] = (100 * matches[i]) / all[i];
    else if (smoothMethod === 'exp') {
      part *= 2;
      precisions[i] = 100 / (part * all[i]);
    } else if (smoothMethod === 'floor') precisions[i] = (100 * smoothValue) / all[i];
  }
  const logs = precisions.slice(0, order).reduce((sum, precision) => sum + Math.log(precision), 0);
  return { score: bp * Math.exp(logs / order), counts: matches, totals: all, precisions, bp, sysLen, refLen };
}
