import { type Dataset, type EncodedExample, encodeExamples, readExamples, tokenCount } from '../../data/index.ts';
import { loadClassifier, type SequenceClassifier } from '../../models/index.ts';
import { classificationLoss, evaluate } from '../classification.ts';
import { textsOf } from '../columns.ts';
import { withLabels } from '../relabel.ts';
import type { Task } from '../task.ts';

/** One class, or one number, for a text or a pair of texts. */
export const classification: Task<{
  model: SequenceClassifier;
  dataset: Dataset;
  item: EncodedExample;
}> = {
  name: 'text-classification',
  maxLength: 512,

  async read(source, split, { known, ...columns }, labels) {
    const rows = source.open(split);
    if (!rows) return null;
    const options = { ...columns, known: known?.task === 'text-classification' ? known : undefined };
    if (labels === undefined) return readExamples(rows, options);
    const labelKind = labels ? 'classification' : 'regression';
    return withLabels(await readExamples(rows, { ...options, labels: labels ?? undefined, labelKind }), labels);
  },

  load({ model, pooling = 'cls', ...settings }, labels, random, { shared, ...options }) {
    const asked = labels === undefined ? undefined : () => ({ labels, pooling, ...options });
    const loaded = loadClassifier(model, random, asked, shared);
    loaded.model.texts = textsOf({ model, pooling, ...settings });
    return loaded;
  },
  labelsOf: ({ labels }) => labels,
  encode: ({ examples }, tokenizer, { maxLength }) => encodeExamples(examples, tokenizer, maxLength),
  tokenCount,
  loss: classificationLoss,

  evaluation({ examples, metrics, positive }, tokenizer, { maxLength }) {
    const items = encodeExamples(examples, tokenizer, maxLength);
    return {
      size: items.length,
      scores: (model, options) => evaluate(model, items, metrics, { ...options, positive }),
    };
  },
};
