import { rouge } from '../metrics/rouge.ts';
import type { RougeTokenizer } from '../metrics/rouge-letters.ts';
import type { ReportParts } from './class-parts.ts';
import { examplesPart } from './examples-part.ts';
import { histogramPart } from './number-parts.ts';

/** Texts that a model has written, beside those that it should have written. */
export interface TextAnswers {
  /** What the model read. */
  readonly sources: readonly string[];
  readonly targets: readonly string[];
  readonly written: readonly string[];
  readonly tokenizer?: RougeTokenizer;
}

/** The report of written texts: how ROUGE-L is spread over them, and those least like their targets. */
export function textParts({ sources, targets, written, tokenizer }: TextAnswers): ReportParts {
  const scores = written.map(
    (text, i) => rouge(text, targets[i], { stemmer: true, tokenizer, onWarning: () => {} }).rougeL.fmeasure,
  );
  const empty = written.filter((text) => text === '').length;
  return {
    warnings: empty === 0 ? [] : [`${empty} of ${written.length} texts that the model wrote are empty.`],
    parts: [
      ...histogramPart('ROUGE-L of the texts', 'ROUGE-L', scores),
      examplesPart(
        'Texts least like their targets',
        written.map((predicted, i) => ({ texts: [sources[i]], expected: targets[i], predicted, value: scores[i] })),
        { measure: 'ROUGE-L', highestFirst: false, most: 10 },
      ),
    ],
  };
}
