import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isGlueTask, knownDatasets, squadFile, xsumFile } from '../data/index.ts';
import { windowDefaults } from '../data/windows.ts';
import { InputError } from '../errors.ts';
import { readModelConfig, resolveModelFolder } from '../io/index.ts';
import { isEncoderDecoderType, parseModelConfig } from '../models/index.ts';
import {
  classification,
  type GivenSettings,
  questionAnswering,
  targetLengthOf,
  textGeneration,
} from '../training/index.ts';

/** The tasks that a model can do: encoders classify and answer, BART writes. */
export type ModelKind = 'encoder' | 'bart';

/** A column of the paper's tables. */
interface PaperTask {
  /** As it is printed in the paper. */
  readonly title: string;
  /** The metric that the paper reports. */
  readonly score: string;
  /** Its name and unit on the axis of a chart, where scores are in percent. */
  readonly axis: string;
  /** Another one that is shown with it. */
  readonly beside?: { readonly title: string; readonly metric: string };
  readonly kind: ModelKind;
  /** Tokens of an input where the settings say nothing and the model has positions for them. */
  readonly maxLength: number;
  /**
   * Returns the settings that name its data.
   *
   * @param folder that of all data
   * @param maxLength tokens of an input
   * @throws InputError if they are not there
   */
  readonly data: (folder: string, maxLength: number) => GivenSettings;
}

/** The tasks of GLUE that the paper has. */
type PaperGlueTask = 'cola' | 'mrpc' | 'stsb' | 'rte';

/** The metric of a GLUE task is the first one of the benchmark (caption of table 1). */
const glue = (task: PaperGlueTask, title: string): PaperTask => ({
  title,
  score: knownDatasets[task].metrics[0],
  axis: { matthews: 'Matthews × 100', accuracy: 'accuracy (%)', pearson: 'Pearson × 100' }[
    knownDatasets[task].metrics[0]
  ],
  kind: 'encoder',
  maxLength: classification.maxLength,
  data: (folder) => {
    const own = join(folder, 'glue');
    return { task, data: existsSync(own) ? own : folder };
  },
});

const xsum: PaperTask = {
  title: 'XSum',
  score: 'rouge2',
  axis: 'ROUGE-2 × 100',
  kind: 'bart',
  maxLength: textGeneration.maxLength,
  data: (folder, maxLength) => {
    const own = subfolder(folder, ['xsum', 'XSum']);
    const [train, test] = [xsumFile(own, 'train'), xsumFile(own, 'test')];
    const maxTargetLength = Math.min(targetLengthOf({}), maxLength);
    return { task: 'xsum', data: train, evalData: test, maxTargetLength };
  },
};

const squad: PaperTask = {
  title: 'SQuAD',
  score: 'f1',
  axis: 'F1 (%)',
  beside: { title: 'EM', metric: 'exact_match' },
  kind: 'encoder',
  maxLength: questionAnswering.maxLength,
  data: (folder, maxLength) => {
    const own = subfolder(folder, ['squad', 'SQuAD']);
    // Windows overlap by two thirds, as 128 of 384 tokens do.
    const stride = Math.max(1, Math.min(windowDefaults.stride, Math.floor(maxLength / 3)));
    return { task: 'squad', data: squadFile(own, 'train'), evalData: squadFile(own, 'dev'), stride };
  },
};

/** The tasks of the paper, in the order of its tables. */
export const tasks = {
  cola: glue('cola', 'CoLA'),
  mrpc: glue('mrpc', 'MRPC'),
  stsb: glue('stsb', 'STS-B'),
  rte: glue('rte', 'RTE'),
  xsum,
  squad,
} as const satisfies Readonly<Record<PaperGlueTask | 'xsum' | 'squad', PaperTask>>;
export type PaperTaskName = keyof typeof tasks;
export const taskNames = Object.keys(tasks) as PaperTaskName[];

/** Those of GLUE, whose scores the paper averages. */
export const paperTasks: readonly PaperGlueTask[] = taskNames.filter((task): task is PaperGlueTask => isGlueTask(task));

export const taskNamed = (task: PaperTaskName): PaperTask => tasks[task];
export const taskTitle = (task: PaperTaskName): string => tasks[task].title;

/** The paper's score among metrics; null where it is undefined. */
export const scoreFrom = (metrics: Metrics, task: PaperTaskName): number | null =>
  numberIn(metrics, taskNamed(task).score);

/** The metric that is shown beside the score, if there is one. */
export function besideFrom(metrics: Metrics, task: PaperTaskName): number | null {
  const { beside } = taskNamed(task);
  return beside ? numberIn(metrics, beside.metric) : null;
}

type Metrics = Readonly<Record<string, number | undefined>> | null;

function numberIn(metrics: Metrics, name: string): number | null {
  const value = metrics?.[name];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** @throws InputError if the model folder is unusable */
export function kindOf(model: string): ModelKind {
  const { model_type } = parseModelConfig(readModelConfig(resolveModelFolder(model)));
  return isEncoderDecoderType(model_type) ? 'bart' : 'encoder';
}

function subfolder(folder: string, names: readonly string[]): string {
  const own = names.map((name) => join(folder, name)).find((path) => existsSync(path));
  if (own !== undefined) return own;
  throw new InputError(
    `${folder} has no folder ${names[0]}: put the files of that task there, or choose others with --tasks.`,
  );
}
