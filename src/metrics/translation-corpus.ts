/** The version of sacreBLEU whose numbers these are; it stands in the signatures. */
export const SACREBLEU_VERSION = '2.6.0';

/** Reference translations: [references][sentences], null where a sentence has fewer than others. */
export type References = readonly (readonly (string | null)[])[];

/** One sentence with its references. */
export interface TranslatedSentence {
  readonly hypothesis: string;
  readonly references: readonly string[];
}

/**
 * The sentences of a corpus, each with its references.
 *
 * @throws RangeError if lists have another length than the hypotheses, for no sentences, and for one without references
 */
export function translatedSentences(hypotheses: readonly string[], references: References): TranslatedSentence[] {
  if (hypotheses.length === 0) throw new RangeError('there are no translations to compare with references');
  for (const [r, list] of references.entries()) {
    if (list.length === hypotheses.length) continue;
    throw new RangeError(
      `${hypotheses.length} translations cannot be compared with ${list.length} sentences of references[${r}]; references are [references][sentences]`,
    );
  }
  return hypotheses.map((hypothesis, i) => {
    const known = references.map((list) => list[i]).filter((text) => text !== null);
    if (known.length === 0) throw new RangeError(`translation ${i} has no reference to compare it with`);
    return { hypothesis, references: known };
  });
}

/** The number of references of a sentence as signatures show it. */
export function referenceCount(sentences: readonly TranslatedSentence[]): string {
  const counts = new Set(sentences.map(({ references }) => references.length));
  return counts.size === 1 ? String([...counts][0]) : 'var';
}

/** The settings and the version as sacreBLEU prints them with a score: `nrefs:1|case:mixed|...`. */
export function signatureOf(
  sentences: readonly TranslatedSentence[],
  settings: Readonly<Record<string, string | number>>,
): string {
  const all = { nrefs: referenceCount(sentences), ...settings, version: SACREBLEU_VERSION };
  return Object.entries(all)
    .map(([name, value]) => `${name}:${value}`)
    .join('|');
}
