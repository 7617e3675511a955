import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { isAdapterFolder } from '../interchange/index.ts';
import { fetchModel, readModelConfig, resolveModelFolder } from '../io/index.ts';
import { headTitles, parseModelConfig } from '../models/index.ts';
import { checkOptions, shown } from '../settings/index.ts';
import {
  type CreateModel,
  classification,
  featureExtraction,
  isFinishedRun,
  type ModelParts,
  multipleChoice,
  openAdapter,
  questionAnswering,
  readRunConfig,
  type SharedParts,
  type Task,
  textGeneration,
  tokenClassification,
  usedTask,
} from '../training/index.ts';
import { Classifier, type ClassifierOptions } from './classifier.ts';
import { Embedder } from './embedder.ts';
import { checkLabels, checkName } from './inputs.ts';
import { MultipleChoice } from './multiple-choice.ts';
import { pretrainedOptionNames } from './options.ts';
import { QuestionAnswering } from './question-answering.ts';
import { Seq2Seq } from './seq2seq.ts';
import { TokenClassifier } from './token-classifier.ts';

/** The models by what they do. */
export interface ModelsByTask {
  readonly 'text-classification': Classifier;
  readonly 'token-classification': TokenClassifier;
  readonly 'question-answering': QuestionAnswering;
  readonly 'text2text-generation': Seq2Seq;
  readonly 'multiple-choice': MultipleChoice;
  readonly 'feature-extraction': Embedder;
}

/** A model of any task; its `task` tells which. */
export type AnyModel = ModelsByTask[keyof ModelsByTask];

export interface LoadOptions extends ClassifierOptions {
  /** The task of the model; left out: that of the run or the checkpoint. */
  readonly task?: keyof ModelsByTask;
  /** The backbone of a run, if it was moved. */
  readonly model?: string;
  /** What a run or an adapter has in common with other models of its backbone; it is then only used. */
  readonly shared?: SharedParts;
}

const tasks: { readonly [Name in keyof ModelsByTask]: true } = {
  'text-classification': true,
  'token-classification': true,
  'question-answering': true,
  'text2text-generation': true,
  'multiple-choice': true,
  'feature-extraction': true,
};

/** Makes the model of each task. */
const create = ((parts: ModelParts<never>) => {
  const task: unknown = usedTask(parts.task as unknown as Task);
  if (task === classification) return new Classifier(parts);
  if (task === tokenClassification) return new TokenClassifier(parts);
  if (task === questionAnswering) return new QuestionAnswering(parts);
  if (task === textGeneration) return new Seq2Seq(parts);
  if (task === multipleChoice) return new MultipleChoice(parts);
  if (task === featureExtraction) return new Embedder(parts);
  throw new InputError(
    `There is no class of models for ${parts.task.name}: say what its models are used as in its definition (usedAs), or take the network from loadRun of sparse-adapter/training.`,
  );
}) as unknown as CreateModel;

/**
 * Loads a model that can be used at once: the folder of a run, an adapter of PEFT or AdapterHub, a checkpoint with a head of its own,
 * or the name of one on the hub. Tokenizer, length, labels and pooling are those that it was trained with.
 *
 * @throws InputError if there is no such model, or it is not one for the task
 */
export function load<Task extends keyof ModelsByTask>(
  nameOrPath: string,
  options: LoadOptions & { readonly task: Task },
): Promise<ModelsByTask[Task]>;
export function load(nameOrPath: string, options?: LoadOptions): Promise<AnyModel>;
export async function load(nameOrPath: string, options: LoadOptions = {}): Promise<AnyModel> {
  checkName(nameOrPath);
  checkOptions('load', options, { ...pretrainedOptionNames, labels: true, task: true, model: true, shared: true });
  checkLabels(options.labels);
  const { task } = options;
  if (task !== undefined && !Object.hasOwn(tasks, task)) {
    throw new InputError(`task must be one of ${Object.keys(tasks).join(', ')}, not ${shown(task)}.`);
  }
  const isRun = isFinishedRun(nameOrPath);
  if (!isRun && !isAdapterFolder(nameOrPath)) return loadCheckpoint(nameOrPath, options);
  const { labels, pooling, maxLength, backboneDtype, shared } = options;
  if (backboneDtype !== undefined) {
    throw new InputError(`${nameOrPath} is used as it was trained; backboneDtype is for checkpoints.`);
  }
  const model = options.model ?? (isRun ? readRunConfig(nameOrPath).settings.model : undefined);
  const place = model === undefined ? undefined : await fetchModel(model);
  const opened = openAdapter(
    nameOrPath,
    { model: place, labels: labels ?? undefined, pooling, maxLength, shared },
    create,
  );
  const loaded = opened.model as unknown as AnyModel;
  loaded.restoreRecord(opened.config, opened.metrics, opened.report ?? null);
  if (task === undefined || task === loaded.task) return loaded;
  throw new InputError(`${nameOrPath} was trained for ${loaded.task}, not for ${task}.`);
}

async function loadCheckpoint(
  nameOrPath: string,
  { task, model, labels, shared: _, ...rest }: LoadOptions,
): Promise<AnyModel> {
  const options = labels === undefined ? rest : { ...rest, labels };
  if (model !== undefined) throw new InputError(`${nameOrPath} is a checkpoint; model is for the backbone of a run.`);
  const place = await fetchModel(nameOrPath);
  switch (task ?? taskOfCheckpoint(place)) {
    case 'text-classification':
      return Classifier.fromPretrained(place, options);
    case 'token-classification':
      return TokenClassifier.fromPretrained(place, { ...rest, ...(labels && { labels }) });
    case 'question-answering':
      return QuestionAnswering.fromPretrained(place, { ...options, ignoreMismatchedSizes: false });
    case 'text2text-generation':
      return Seq2Seq.fromPretrained(place, { ...options, ignoreMismatchedSizes: false });
    case 'multiple-choice':
      return MultipleChoice.fromPretrained(place, { ...options, ignoreMismatchedSizes: false });
    case 'feature-extraction':
      return Embedder.fromPretrained(place, options);
  }
}

/** Returns the task that a checkpoint states. @throws InputError if it says nothing, or something that has no task here */
function taskOfCheckpoint(nameOrPath: string): keyof ModelsByTask {
  const folder = resolveModelFolder(nameOrPath);
  const { stated } = parseModelConfig(readModelConfig(folder), join(folder, 'config.json'));
  const stands: Partial<Record<string, keyof ModelsByTask>> = {
    'sequence-classification': 'text-classification',
    'token-classification': 'token-classification',
    'question-answering': 'question-answering',
    'text-generation': 'text2text-generation',
    'multiple-choice': 'multiple-choice',
    none: 'feature-extraction',
  };
  const task = stands[stated.kind];
  if (task) return task;
  throw new InputError(
    `${nameOrPath} has ${headTitles[stated.kind]}; say what to load it for with task: ${Object.values(stands).join(', ')}.`,
  );
}
