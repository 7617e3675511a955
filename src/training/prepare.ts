import { type Adapter, attachHoulsby, freezeBackbone } from '../adapters/index.ts';
import { chunks, type Dataset, type EncodedExample, readGlue, readTable, readWordnetFields } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { isHeadParameter, type Loaded, loadClassifier, type SequenceClassifier } from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import { needsData, type PruneReport, prune } from '../pruning/index.ts';
import { Random } from '../random/index.ts';
import { loadTokenizer, type Tokenizer } from '../text/index.ts';
import { classificationLoss } from './classification.ts';
import type { DataSettings, RunSettings } from './settings.ts';

export interface Datasets {
  readonly train: Dataset;
  readonly eval: Dataset | null;
}

/** Reads what the settings name. @throws InputError if a file, a column or a label is not as promised */
export function readDatasets(data: DataSettings, random: Random): Datasets {
  switch (data.kind) {
    case 'glue':
      return { train: readGlue(data.task, data.folder, 'train'), eval: readGlue(data.task, data.folder, 'dev') };
    case 'wordnet': {
      const { train, evaluation } = readWordnetFields({ ...data, random: random.fork('wordnet') });
      return { train, eval: evaluation };
    }
    case 'table': {
      const { text, label } = data;
      const train = readTable(data.train, { text, label });
      const kind = train.labels ? 'classification' : 'regression';
      const labels = train.labels ?? undefined;
      return { train, eval: data.eval === null ? null : readTable(data.eval, { text, label, labels, kind }) };
    }
  }
}

/** A backbone with an adapter and a head, frozen where it is not trained. */
export interface AdaptedModel extends Loaded<SequenceClassifier> {
  readonly adapter: Adapter;
  readonly tokenizer: Tokenizer;
  /** The adapter and, unless it is frozen, the head. */
  readonly trained: readonly Parameter[];
  /** What a saved run must hold: the adapter and the head, trained or not. */
  readonly saved: readonly Parameter[];
}

/** Loads the backbone, adds a head for `labels` (null: regression) and attaches the adapter. */
export function buildModel(settings: RunSettings, labels: readonly string[] | null, random: Random): AdaptedModel {
  const loaded = loadClassifier(settings.model, random.fork('head'), () => ({ labels, pooling: settings.pooling }));
  const { max_position_embeddings, model_type, pad_token_id } = loaded.config;
  const longest = model_type === 'roberta' ? max_position_embeddings - pad_token_id - 1 : max_position_embeddings;
  if (settings.maxLength > longest) {
    throw new InputError(
      `max length ${settings.maxLength} exceeds the ${longest} positions of ${settings.model}; lower it.`,
    );
  }
  const { kind: _, ...config } = settings.adapter;
  const adapter = attachHoulsby(loaded.model, config);
  const isTrained = (parameter: Parameter) => settings.trainHead && isHeadParameter(parameter);
  freezeBackbone(loaded.model, adapter, isTrained);
  const head = loaded.model.parameters().filter(isHeadParameter);
  return {
    ...loaded,
    adapter,
    tokenizer: loadTokenizer(loaded.folder),
    trained: loaded.model.parameters().filter(({ trainable }) => trainable),
    saved: [...adapter.parameters, ...head],
  };
}

/** Prunes the adapter as the settings say, on a seeded sample of the training examples, without dropout. */
export async function pruneAdapter(
  { model, adapter }: AdaptedModel,
  examples: readonly EncodedExample[],
  settings: RunSettings,
  random: Random,
): Promise<PruneReport | null> {
  if (!settings.pruning) return null;
  const { method, sparsity, scope, examples: count } = settings.pruning;
  const sample = needsData(method)
    ? random.fork('pruning sample').sample(examples, Math.min(count, examples.length))
    : [];
  return prune({
    method,
    sparsity,
    scope,
    parameters: adapter.prunable,
    random: random.fork('pruning'),
    losses: chunks(sample, settings.training.batchSize).map((batch) => () => classificationLoss(model, batch)),
  });
}

/** The generator that everything random of a run derives from. */
export const runRandom = (settings: RunSettings): Random => new Random(settings.seed);
