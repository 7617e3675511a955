import { type BackendName, getBackend } from '../backends/index.ts';
import { setBackend } from '../tensor/index.ts';
import {
  chosenSettings,
  defaultOutput,
  downloadInputs,
  type GivenSettings,
  located,
  openRunFolder,
  type RunEvents,
  runTraining,
} from '../training/index.ts';
import type { Classifier } from './classifier.ts';
import { load } from './load.ts';
import type { QuestionAnswering } from './question-answering.ts';
import type { Seq2Seq } from './seq2seq.ts';

/** The settings of `sparse-adapter train` under their names in programs, and what is told while it works. */
export interface FinetuneSettings extends GivenSettings, RunEvents {
  /** When it is aborted, the run leaves a checkpoint after the current step, which `resume` continues. */
  readonly signal?: AbortSignal;
  /** Continue the stopped run in `output`. Default false. */
  readonly resume?: boolean;
}

/** A model that `finetune` trains. */
export type Finetuned = Classifier | QuestionAnswering | Seq2Seq;

/**
 * Fine-tunes a pretrained model with a sparse adapter and saves it: reads the data, prunes the adapter at initialisation, trains it,
 * evaluates it and writes the folder `output`, as the command `train` does.
 *
 * @returns the model, ready to predict
 * @throws InputError for a setting that is missing, unknown or wrong, bad data, and a folder that holds something else
 * @throws the signal's reason when it is aborted
 */
export async function finetune(
  settings: FinetuneSettings & ({ readonly label: string } | { readonly task: 'text-classification' }),
): Promise<Classifier>;
export async function finetune(
  settings: FinetuneSettings & ({ readonly target: string } | { readonly task: 'text2text-generation' | 'xsum' }),
): Promise<Seq2Seq>;
export async function finetune(
  settings: FinetuneSettings & { readonly task: 'question-answering' | 'squad' },
): Promise<QuestionAnswering>;
export async function finetune(settings: FinetuneSettings): Promise<Finetuned>;
export async function finetune(given: FinetuneSettings): Promise<Finetuned> {
  const {
    signal,
    resume = false,
    onWarning,
    onLoaded,
    onPruning,
    onPruned,
    onStep,
    onEvaluate,
    onScored,
    ...rest
  } = given;
  const events = { onWarning, onLoaded, onPruning, onPruned, onStep, onEvaluate, onScored };
  const chosen = chosenSettings({ ...rest, backend: rest.backend ?? (getBackend().name as BackendName) });
  if (rest.backend !== undefined) await setBackend(rest.backend);
  const settings = located(await downloadInputs(chosen));
  const { output: folder = defaultOutput(settings), overwrite = false, checkpointSeconds } = chosen;
  const output = openRunFolder(folder, { overwrite: overwrite || resume });
  try {
    const result = await runTraining({ settings, output, resume, signal, checkpointSeconds, events });
    if (result.status === 'stopped') throw signal?.reason;
  } finally {
    output.close();
  }
  return (await load(folder)) as Finetuned;
}
