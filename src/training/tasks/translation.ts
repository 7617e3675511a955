import { readTextPairs } from '../../data/browser.ts';
import { textColumn, writingEvaluation, writingTask } from './text2text-generation.ts';

/** The columns of rows whose columns are not named. */
export const translationColumns = { text: 'source', target: 'target' } as const;

/** Of sacreBLEU, as fractions. */
const metrics = ['bleu', 'chrf'] as const;

/** A text to be written in another language. A model is judged by BLEU and chrF of all of its translations together. */
export const translation = writingTask<(typeof metrics)[number]>({
  name: 'translation',
  usedAs: 'text2text-generation',
  maxLength: 512,

  async read(source, split, { target = translationColumns.target, ...columns }) {
    const rows = source.open(split);
    if (!rows) return null;
    const text = textColumn(columns) ?? translationColumns.text;
    return readTextPairs(rows, { text, target, skipInvalid: columns.skipInvalid }, metrics);
  },

  evaluation: ({ examples }, tokenizer, settings) =>
    writingEvaluation(examples, tokenizer, settings, async ({ sources, targets, written }) => {
      // A page that only answers does without.
      const { translationParts } = await import('../../report/translation-parts.ts');
      return translationParts({ sources, targets, written });
    }),
});
