import {
  type Dataset,
  datasetFiles,
  type EncodedExample,
  encodeExamples,
  readGlue,
  readHubGlue,
  readTable,
  readWordnetFields,
  type TableOptions,
  tokenCount,
} from '../../data/index.ts';
import { loadClassifier, type SequenceClassifier } from '../../models/index.ts';
import type { Random } from '../../random/index.ts';
import { classificationLoss, evaluate } from '../classification.ts';
import { withLabels } from '../relabel.ts';
import { type ClassificationData, datasetName, isHubGlue, runDefaults, textsOf, unknownData } from '../settings.ts';
import type { Task } from '../task.ts';

const wordnetFields = (data: ClassificationData & { kind: 'wordnet' }, random: Random) =>
  readWordnetFields({ ...data, random: random.fork('wordnet') });

/** The columns of evaluation data, for a model with these classes. */
const columnsOf = (
  { text, label, skipInvalid }: Pick<ClassificationData & { kind: 'table' }, 'text' | 'label' | 'skipInvalid'>,
  labels: readonly string[] | null,
): TableOptions => ({
  text,
  label,
  skipInvalid,
  labels: labels ?? undefined,
  kind: labels ? 'classification' : 'regression',
});

/** The evaluation data with their classes in any order. */
async function readUnordered(
  data: ClassificationData,
  labels: readonly string[] | null,
  random: Random,
): Promise<Dataset | null> {
  switch (data.kind) {
    case 'glue':
      if (isHubGlue(data)) return readHubGlue(data.task, datasetFiles(data.folder, data.task).evaluation, 'dev', data);
      return readGlue(data.task, data.folder, 'dev', data);
    case 'wordnet':
      return wordnetFields(data, random).evaluation;
    case 'table':
      return data.eval === null ? null : readTable(data.eval, columnsOf(data, labels));
    case 'dataset': {
      const { evaluation } = datasetFiles(data.dataset, data.subset);
      if (evaluation.length === 0) return null;
      const read = await readTable(evaluation, columnsOf(data, labels));
      return { ...read, name: `${datasetName(data)} validation` };
    }
    case 'unknown':
      return null;
  }
}

/** One class, or one number, for a text or a pair of texts. */
export const classification: Task<{
  model: SequenceClassifier;
  data: ClassificationData;
  dataset: Dataset;
  item: EncodedExample;
}> = {
  name: 'text-classification',
  maxLength: runDefaults.maxLength,

  async readTraining(data, random) {
    switch (data.kind) {
      case 'glue':
        if (isHubGlue(data)) return readHubGlue(data.task, datasetFiles(data.folder, data.task).train, 'train', data);
        return readGlue(data.task, data.folder, 'train', data);
      case 'wordnet':
        return wordnetFields(data, random).train;
      case 'table':
        return readTable(data.train, { ...data, kind: data.labelKind, labels: undefined });
      case 'unknown':
        throw unknownData();
      case 'dataset': {
        const { train } = datasetFiles(data.dataset, data.subset);
        const read = await readTable(train, { ...data, kind: data.labelKind, labels: undefined });
        return { ...read, name: `${datasetName(data)} train` };
      }
    }
  },

  async readEvaluation(data, labels, random) {
    const read = await readUnordered(data, labels, random);
    return read && withLabels(read, labels);
  },

  load({ model, pooling, data }, labels, random, { shared, ...options }) {
    const asked = labels === undefined ? undefined : () => ({ labels, pooling, ...options });
    const loaded = loadClassifier(model, random, asked, shared);
    loaded.model.texts = textsOf(data);
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
