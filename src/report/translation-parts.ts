import { corpusBleu } from '../metrics/bleu.ts';
import { corpusChrf, sentenceChrf } from '../metrics/chrf.ts';
import type { ReportParts } from './class-parts.ts';
import { examplesPart } from './examples-part.ts';
import { histogramPart } from './number-parts.ts';
import type { TextAnswers } from './text-parts.ts';

/**
 * BLEU and chrF of all translations together, as fractions, and their report: what BLEU is made of, with the settings that sacreBLEU
 * names with a score, how chrF is spread over the sentences, and those least like their references.
 */
export function translationParts({ sources, targets, written }: Omit<TextAnswers, 'tokenizer'>): ReportParts & {
  readonly scores: { readonly bleu: number; readonly chrf: number };
} {
  const [bleu, chrf] = [corpusBleu(written, [targets]), corpusChrf(written, [targets])];
  const chrfs = written.map((text, i) => sentenceChrf(text, [targets[i]]).score / 100);
  const empty = written.filter((text) => text === '').length;
  return {
    scores: { bleu: bleu.score / 100, chrf: chrf.score / 100 },
    warnings: empty === 0 ? [] : [`${empty} of ${written.length} texts that the model wrote are empty.`],
    parts: [
      {
        kind: 'numbers',
        title: `BLEU, ${bleu.signature}`,
        values: {
          BLEU: bleu.score,
          ...Object.fromEntries(
            bleu.precisions.map((precision, i) => [`precision of ${i + 1}-grams in percent`, precision]),
          ),
          'brevity penalty': bleu.bp,
          'words of the translations': bleu.sysLen,
          'words of the references': bleu.refLen,
        },
      },
      { kind: 'numbers', title: `chrF, ${chrf.signature}`, values: { chrF2: chrf.score } },
      ...histogramPart('chrF of the translations', 'chrF', chrfs),
      examplesPart(
        'Translations least like their references',
        written.map((predicted, i) => ({ texts: [sources[i]], expected: targets[i], predicted, value: chrfs[i] })),
        { measure: 'chrF', highestFirst: false, most: 10 },
      ),
    ],
  };
}
