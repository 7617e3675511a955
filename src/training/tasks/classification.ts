import {
  type Dataset,
  type EncodedExample,
  encodeExamples,
  readGlue,
  readTable,
  readWordnetFields,
  tokenCount,
} from '../../data/index.ts';
import { loadClassifier, type SequenceClassifier } from '../../models/index.ts';
import type { Random } from '../../random/index.ts';
import { classificationLoss, evaluate } from '../classification.ts';
import { type ClassificationData, runDefaults } from '../settings.ts';
import type { Task } from '../task.ts';

const wordnetFields = (data: ClassificationData & { kind: 'wordnet' }, random: Random) =>
  readWordnetFields({ ...data, random: random.fork('wordnet') });

/** One class, or one number, for a text or a pair of texts. */
export const classification: Task<{
  model: SequenceClassifier;
  data: ClassificationData;
  dataset: Dataset;
  item: EncodedExample;
}> = {
  name: 'classification',
  maxLength: runDefaults.maxLength,

  async readTraining(data, random) {
    switch (data.kind) {
      case 'glue':
        return readGlue(data.task, data.folder, 'train');
      case 'wordnet':
        return wordnetFields(data, random).train;
      case 'table':
        return readTable(data.train, { text: data.text, label: data.label, kind: data.labelKind });
    }
  },

  async readEvaluation(data, labels, random) {
    switch (data.kind) {
      case 'glue':
        return readGlue(data.task, data.folder, 'dev');
      case 'wordnet':
        return wordnetFields(data, random).evaluation;
      case 'table':
        if (data.eval === null) return null;
        return readTable(data.eval, {
          text: data.text,
          label: data.label,
          labels: labels ?? undefined,
          kind: labels ? 'classification' : 'regression',
        });
    }
  },

  load: ({ model, pooling }, labels, random) => loadClassifier(model, random, () => ({ labels, pooling })),
  encode: ({ examples }, tokenizer, { maxLength }) => encodeExamples(examples, tokenizer, maxLength),
  tokenCount,
  loss: classificationLoss,

  evaluation({ examples, metrics }, tokenizer, { maxLength }) {
    const items = encodeExamples(examples, tokenizer, maxLength);
    return { size: items.length, scores: (model, options) => evaluate(model, items, metrics, options) };
  },
};
