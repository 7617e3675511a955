import { splitWords } from './python-text.ts';
import { translationEdits } from './ter-edits.ts';
import { type References, signatureOf, translatedSentences } from './translation-corpus.ts';

export interface TerScore {
  /** In percent; above 100 where there are more edits than words. */
  readonly score: number;
  readonly numEdits: number;
  readonly refLength: number;
  /** The settings and the version, to be named with the score. */
  readonly signature: string;
}

/**
 * The translation edit rate of a corpus (Snover et al. 2006) with sacreBLEU's default settings: edits / words of the reference, in lower
 * case, words ended by white space. Of several references the one with the fewest edits counts, and the mean length of all.
 *
 * @param hypotheses one translation per sentence
 * @param references [references][sentences]
 * @throws RangeError if they do not fit each other, and for no sentences
 */
export function corpusTer(hypotheses: readonly string[], references: References): TerScore {
  const sentences = translatedSentences(hypotheses, references);
  const words = (text: string) => splitWords(text.toLowerCase());
  let [numEdits, refLength] = [0, 0];
  for (const sentence of sentences) {
    const ours = words(sentence.hypothesis);
    const theirs = sentence.references.map(words);
    numEdits += theirs.reduce((least, list) => Math.min(least, translationEdits(ours, list)), Number.POSITIVE_INFINITY);
    refLength += theirs.reduce((sum, list) => sum + list.length, 0) / theirs.length;
  }
  const rate = refLength > 0 ? numEdits / refLength : Math.min(1, numEdits);
  return {
    score: 100 * rate,
    numEdits,
    refLength,
    signature: signatureOf(sentences, { case: 'lc', tok: 'tercom', norm: 'no', punct: 'yes', asian: 'no' }),
  };
}
