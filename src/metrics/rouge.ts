import { shown } from '../settings/index.ts';
import { droppedLetters, type RougeTokenizer, rougeTokenizers } from './rouge-letters.ts';
import { rougeTokens } from './rouge-tokens.ts';

/** Recall, the part of the reference that the summary has, precision, the part of the summary that the reference has, and their F1. */
export interface RougeScore {
  readonly precision: number;
  readonly recall: number;
  readonly fmeasure: number;
}

export interface RougeScores {
  /** Words. */
  readonly rouge1: RougeScore;
  /** Pairs of neighbouring words. */
  readonly rouge2: RougeScore;
  /** The longest sequence of words that both have in this order, with gaps. */
  readonly rougeL: RougeScore;
  /** The same by sentences, one on each line. */
  readonly rougeLsum: RougeScore;
}

export const rougeScoreNames = [
  'rouge1',
  'rouge2',
  'rougeL',
  'rougeLsum',
] as const satisfies readonly (keyof RougeScores)[];

export interface RougeOptions {
  /** Whether words are compared by their stems. Default false. */
  readonly stemmer?: boolean;
  /** The rule that cuts texts into words. Default `ascii`, as in the official scorer. */
  readonly tokenizer?: RougeTokenizer;
  /** Called when the tokenizer drops many letters of the references. By default a warning goes to the console, once in a process. */
  readonly onWarning?: (message: string) => void;
}

let isSaid = false;

function warnOnce(message: string): void {
  if (!isSaid) console.warn(`warning: ${message}`);
  isSaid = true;
}

/** @throws TypeError naming what is no text, an unknown tokenizer or an unknown option */
function checkArguments(name: string, texts: Readonly<Record<string, unknown>>, options: RougeOptions): void {
  for (const [key, text] of Object.entries(texts)) {
    if (typeof text !== 'string') throw new TypeError(`${name}: ${key} must be a text, not ${shown(text)}.`);
  }
  const { tokenizer = 'ascii', stemmer: _, onWarning: __, ...others } = options;
  if (typeof tokenizer !== 'function' && !rougeTokenizers.includes(tokenizer)) {
    const known = rougeTokenizers.join(', ');
    throw new TypeError(`${name}: tokenizer must be one of ${known}, or a function, not ${shown(tokenizer)}.`);
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new TypeError(`${name}: unknown option ${shown(unknown)}; there are stemmer, tokenizer, onWarning.`);
  }
}

/**
 * Returns ROUGE (Lin 2004) of one summary, equal to the scores of Google's `rouge_score`: words are runs of a-z and 0-9 in lower case, and
 * with `stemmer` those of more than three letters are stemmed. Other letters are dropped; texts that have many need another `tokenizer`.
 */
export function rouge(hypothesis: string, reference: string, options: RougeOptions = {}): RougeScores {
  checkArguments('rouge', { hypothesis, reference }, options);
  const { tokenizer, onWarning = warnOnce } = options;
  const warning = droppedLetters([reference], tokenizer);
  if (warning) onWarning(warning);
  return scoresOf(hypothesis, reference, options);
}

function scoresOf(
  hypothesis: string,
  reference: string,
  { stemmer = false, tokenizer = 'ascii' }: RougeOptions,
): RougeScores {
  const tokens = (text: string) => rougeTokens(text, tokenizer, stemmer);
  const sentences = (text: string) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map(tokens);
  const [ours, theirs] = [tokens(hypothesis), tokens(reference)];
  return {
    rouge1: rougeN(ours, theirs, 1),
    rouge2: rougeN(ours, theirs, 2),
    rougeL: score(commonRows(theirs, ours).length, ours.length, theirs.length),
    rougeLsum: rougeBySentence(sentences(hypothesis), sentences(reference)),
  };
}

/**
 * The mean F1 over summaries, each with its reference.
 *
 * @throws RangeError if there are not as many references as summaries, and if there are none
 */
export function meanRouge(
  hypotheses: readonly string[],
  references: readonly string[],
  options: RougeOptions = {},
): Record<keyof RougeScores, number> {
  if (!Array.isArray(hypotheses) || !Array.isArray(references)) {
    throw new TypeError('meanRouge: hypotheses and references must be arrays of texts.');
  }
  if (hypotheses.length !== references.length) {
    throw new RangeError(`${hypotheses.length} summaries cannot be compared with ${references.length} references`);
  }
  if (references.length === 0) throw new RangeError('meanRouge: there are no summaries to compare with references.');
  hypotheses.forEach((_, i) => {
    const texts = { [`hypotheses[${i}]`]: hypotheses[i], [`references[${i}]`]: references[i] };
    checkArguments('meanRouge', texts, options);
  });
  const { tokenizer, onWarning = warnOnce } = options;
  const warning = droppedLetters(references, tokenizer);
  if (warning) onWarning(warning);
  const all = hypotheses.map((hypothesis, i) => scoresOf(hypothesis, references[i], options));
  const mean = (name: keyof RougeScores) => all.reduce((sum, one) => sum + one[name].fmeasure, 0) / all.length;
  return { rouge1: mean('rouge1'), rouge2: mean('rouge2'), rougeL: mean('rougeL'), rougeLsum: mean('rougeLsum') };
}

function score(hits: number, ours: number, theirs: number): RougeScore {
  const precision = hits / Math.max(ours, 1);
  const recall = hits / Math.max(theirs, 1);
  return { precision, recall, fmeasure: hits === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

function counts(items: readonly string[]): Map<string, number> {
  const result = new Map<string, number>();
  for (const item of items) result.set(item, (result.get(item) ?? 0) + 1);
  return result;
}

function rougeN(ours: readonly string[], theirs: readonly string[], n: number): RougeScore {
  const grams = (words: readonly string[]) => words.slice(n - 1).map((_, i) => words.slice(i, i + n).join(' '));
  const [found, expected] = [grams(ours), grams(theirs)];
  const left = counts(expected);
  const hits = [...counts(found)].reduce((sum, [gram, count]) => sum + Math.min(count, left.get(gram) ?? 0), 0);
  return score(hits, found.length, expected.length);
}

/** The places in `a` of a longest common subsequence of `a` and `b`, that which `rouge_score` finds. */
function commonRows(a: readonly string[], b: readonly string[]): number[] {
  const width = b.length + 1;
  // lengths[i * width + j]: of the longest one of the first i words of a and the first j of b.
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j < width; j++) {
      const at = i * width + j;
      lengths[at] =
        a[i - 1] === b[j - 1] ? lengths[at - width - 1] + 1 : Math.max(lengths[at - width], lengths[at - 1]);
    }
  }
  const rows: number[] = [];
  let [i, j] = [a.length, b.length];
  while (i > 0 && j > 0) {
    if (a[i - 1] === b[j - 1]) {
      rows.unshift(i - 1);
      i--;
      j--;
    } else if (lengths[i * width + j - 1] > lengths[(i - 1) * width + j]) j--;
    else i--;
  }
  return rows;
}

/** For each sentence of the reference the words that it shares with any sentence of the summary; no word counts twice. */
function rougeBySentence(ours: readonly (readonly string[])[], theirs: readonly (readonly string[])[]): RougeScore {
  const [found, expected] = [counts(ours.flat()), counts(theirs.flat())];
  let hits = 0;
  for (const sentence of theirs) {
    const rows = new Set(ours.flatMap((other) => commonRows(sentence, other)));
    for (const row of [...rows].sort((a, b) => a - b)) {
      const word = sentence[row];
      const [inOurs, inTheirs] = [found.get(word) ?? 0, expected.get(word) ?? 0];
      if (inOurs === 0 || inTheirs === 0) continue;
      hits++;
      found.set(word, inOurs - 1);
      expected.set(word, inTheirs - 1);
    }
  }
  return score(hits, ours.flat().length, theirs.flat().length);
}
