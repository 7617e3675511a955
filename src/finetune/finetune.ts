import * as v from 'valibot';
import { type BackendName, getBackend } from '../backends/index.ts';
import { knownDataset, type Source, sourceOf } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { boolean, openFields, parseWith } from '../settings/index.ts';
import { setBackend } from '../tensor/index.ts';
import {
  chosenSettings,
  defaultOutput,
  downloadInputs,
  eventFolder,
  type GivenSettings,
  learnableOf,
  located,
  openRunFolder,
  type RunEvents,
  runTraining,
  type TaskModel,
} from '../training/index.ts';
import type { Classifier } from './classifier.ts';
import type { Embedder } from './embedder.ts';
import { load } from './load.ts';
import type { MultipleChoice } from './multiple-choice.ts';
import type { QuestionAnswering } from './question-answering.ts';
import { refuseReadOnce, type TrainingData } from './read.ts';
import type { Seq2Seq } from './seq2seq.ts';
import type { TokenClassifier } from './token-classifier.ts';

/** The settings of `sparse-adapter train` under their names in programs, and what is told while it works. */
export interface FinetuneSettings extends Omit<GivenSettings, 'data' | 'evalData' | 'testData'>, RunEvents {
  /** A path as for `train`, or rows: several paths, an array, something that can be iterated for each epoch, or a source. */
  readonly data?: TrainingData;
  /** The same for rows to evaluate on. */
  readonly evalData?: TrainingData;
  /** The same for rows that choose nothing, for the score at the end. */
  readonly testData?: TrainingData;
  /** When it is aborted, the run leaves a checkpoint after the current step, which `resume` continues. */
  readonly signal?: AbortSignal;
  /** Continue the stopped run in `output`. Default false. */
  readonly resume?: boolean;
}

type Call = RunEvents & Pick<FinetuneSettings, 'signal' | 'resume'>;

const listener = v.optional(v.function('a function'));

/** Options beside the settings of a run, which are checked with their declarations. */
const callFields = openFields({
  signal: v.optional(v.instance(AbortSignal, 'an AbortSignal')),
  resume: v.optional(boolean),
  onWarning: listener,
  onNote: listener,
  onLoaded: listener,
  onData: listener,
  onPruning: listener,
  onPruned: listener,
  onStep: listener,
  onEvaluate: listener,
  onScored: listener,
  onTest: listener,
} satisfies { readonly [Key in keyof Required<Call>]: v.GenericSchema });

/** A model that `finetune` trains. */
export type Finetuned = Classifier | TokenClassifier | QuestionAnswering | Seq2Seq | MultipleChoice | Embedder;

/**
 * Fine-tunes a pretrained model with a sparse adapter and saves it: reads the data, prunes the adapter at initialisation, trains it,
 * evaluates it and writes the folder `output`, as the command `train` does.
 *
 * @returns the model, ready to predict
 * @throws InputError for a setting that is missing, unknown or wrong, bad data, and a folder that holds something else
 * @throws the signal's reason when it is aborted
 */
export async function finetune(
  settings: FinetuneSettings & { readonly task: 'multiple-choice' },
): Promise<MultipleChoice>;
export async function finetune(
  settings: FinetuneSettings & { readonly task: 'feature-extraction' | 'beir' },
): Promise<Embedder>;
export async function finetune(
  settings: FinetuneSettings & { readonly task: 'token-classification' },
): Promise<TokenClassifier>;
export async function finetune(
  settings: FinetuneSettings & ({ readonly label: string } | { readonly task: 'text-classification' }),
): Promise<Classifier>;
export async function finetune(
  settings: FinetuneSettings &
    ({ readonly target: string } | { readonly task: 'text2text-generation' | 'translation' | 'xsum' }),
): Promise<Seq2Seq>;
export async function finetune(
  settings: FinetuneSettings & { readonly task: 'question-answering' | 'squad' | 'squad_v2' },
): Promise<QuestionAnswering>;

export async function finetune(settings: FinetuneSettings): Promise<Finetuned>;
export async function finetune(given: FinetuneSettings): Promise<Finetuned> {
  const { settings, output: folder, overwrite, resume, events, ...options } = await readCall('finetune', given);
  const output = openRunFolder(folder, { overwrite: overwrite || resume });
  let trained: TaskModel | null = null;
  const withModel: RunEvents = {
    ...events,
    onLoaded: (model) => {
      trained = model;
      events.onLoaded?.(model);
    },
  };
  try {
    const result = await runTraining({ ...options, settings, output, resume, events: withModel });
    if (result.status === 'stopped') throw options.signal?.reason;
  } finally {
    output.close();
    // The model that answers is loaded from the folder; two of them would take twice the memory.
    (trained as TaskModel | null)?.dispose();
  }
  return (await load(folder)) as Finetuned;
}

/** The settings of a call of a program with all defaults, models and data downloaded, on the backend that they name. */
export async function readCall(name: string, given: FinetuneSettings) {
  parseWith(callFields, given, name);
  const {
    signal,
    resume = false,
    onWarning,
    onNote,
    onLoaded,
    onData,
    onPruning,
    onPruned,
    onStep,
    onEvaluate,
    onScored,
    onTest,
    ...rest
  } = given;
  const { settings: named, ...own } = splitData(rest);
  const events = { onWarning, onNote, onLoaded, onData, onPruning, onPruned, onStep, onEvaluate, onScored, onTest };
  const chosen = chosenSettings(
    { ...named, backend: rest.backend ?? (getBackend().name as BackendName) },
    { hasRows: own.rows !== undefined },
  );
  // Another instance of the same backend could not use the tensors that the program has.
  if (chosen.backend !== getBackend().name) await setBackend(chosen.backend);
  if (own.rows && rest.data !== undefined) refuseReadOnce(rest.data, Math.max(chosen.epochs, chosen.folds ?? 1));
  const settings = located(await downloadInputs(chosen));
  const { output = defaultOutput(settings), overwrite = false, checkpointSeconds } = chosen;
  const tensorboard = eventFolder(chosen.tensorboard, output);
  return { settings, ...own, output, overwrite, resume, signal, checkpointSeconds, tensorboard, events };
}

/**
 * Settings with the data that they can name, which are paths. What they cannot name is a source of rows, whose columns are `text`,
 * `textPair`, `label` and `target` where no others are named.
 */
function splitData({ data, evalData, testData, ...rest }: Omit<FinetuneSettings, keyof RunEvents>): {
  readonly settings: GivenSettings;
  readonly rows?: Source;
  readonly testRows?: Source;
} {
  const paths = {
    ...(typeof data === 'string' && { data }),
    ...(typeof data === 'string' && typeof evalData === 'string' && { evalData }),
    ...(typeof data === 'string' && typeof testData === 'string' && { testData }),
  };
  const isNamed = [data, evalData, testData].every((one) => one === undefined || typeof one === 'string');
  const settings: GivenSettings = { ...rest, ...paths };
  if (isNamed) return { settings };
  if (data === undefined && settings.dataset === undefined) {
    throw new InputError('data is missing: evalData is for judging a model, not for training it.');
  }
  const task = learnableOf(settings);
  const columns = {
    ...(task === 'text-classification' && { label: 'label' }),
    ...(task === 'text2text-generation' && { text: 'text', target: 'target' }),
  };
  const isKnown = knownDataset(settings.task) !== undefined;
  return {
    settings: isKnown ? settings : { ...columns, ...settings },
    rows: sourceOf({ ...settings, data, evalData, task: settings.task ?? task }),
    ...(testData !== undefined && { testRows: sourceOf({ ...settings, data: testData, task: settings.task ?? task }) }),
  };
}
