import { join } from 'node:path';
import type { Command } from 'commander';
import { Option } from 'commander';
import type { OutputFolder } from '../io/index.ts';
import {
  checkFoldsFolder,
  type DataReport,
  defaultOutput,
  eventFolder,
  inspectRun,
  isCrossValidation,
  openRunFolder,
  REPORT_PAGE,
  type RunEvents,
  type RunOptions,
  type RunResult,
  type RunSettings,
  readFolds,
  readStoppedRun,
  runFileSizes,
  runFolds,
  runTraining,
  settingGroups,
  storedMatrices,
} from '../training/index.ts';
import { useBackend } from './backend.ts';
import { noteData } from './data-block.ts';
import { foldsTable, noteLoaded, notePruned, notePruning, runDocument, runRows } from './describe.ts';
import { UsageError } from './errors.ts';
import { useInputs } from './fetch.ts';
import { addConfigOptions, checkAgreement, configOf, type Given, givenSettings } from './given-settings.ts';
import { interruptedCode, interruptSignal } from './interrupt.ts';
import { jsonOption } from './options.ts';
import { formatCount, note, printJson, printTable, warn } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { noteReport, printReport } from './report-tables.ts';
import { addSettings } from './setting-options.ts';
import { runSettings } from './settings.ts';
import { commandLine, versions } from './versions.ts';

interface Flags {
  readonly resume?: boolean;
  readonly printConfig?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function describeTrain(command: Command): void {
  command
    .description('Prune an adapter at initialisation, train it, evaluate it and save it.')
    .usage(
      '--model <model> (--task <name> --data <folder> | --data <file> --text <columns> (--label <column> | --target <column>)) [options]',
    );
  addSettings(command, settingGroups())
    .addOption(new Option('--resume', 'continue the stopped run in --output, with its settings').conflicts('overwrite'))
    .addOption(new Option('--dry-run', 'show what is read, and an estimate of memory and time, and write nothing'))
    .addOption(jsonOption());
  addConfigOptions(command);
  command.addHelpText(
    'after',
    `
Ctrl-C, SIGTERM and a closed terminal finish the current step and save a checkpoint; --resume continues with the same
result (same kernels, as info shows them, and same major version of Node.js). Before the first step there is nothing to save yet. What is killed continues from the last checkpoint.

Examples:
  $ sparse-adapter train --model ./bert-base --task rte --data ./glue
  $ sparse-adapter train --model ./bert-base --task squad --data ./squad
  $ sparse-adapter train --model ./bert-base --data mail.csv --text subject,body --label folder
  $ sparse-adapter train --model ./bart-base --data articles.jsonl --text document --target summary
  $ sparse-adapter train --model ./minilm --task feature-extraction --data pairs.csv --text question,answer
  $ sparse-adapter train --model google-bert/bert-base-uncased --dataset nyu-mll/glue --task rte
  $ sparse-adapter train --resume --output runs/rte-houlsby-snip40-s42
  $ sparse-adapter train --config run.json --seed 2`,
  );
}

export async function train(command: Command): Promise<void> {
  const { resume = false, printConfig = false, dryRun = false, json = false } = command.opts<Flags>();
  const given = givenSettings(command);
  if (printConfig) return printJson(configOf(given));
  const { output: named, overwrite = false, checkpointSeconds, tensorboard } = given.settings;
  if (resume && named === undefined) throw new UsageError('--resume needs --output, the folder of the stopped run.');
  if (dryRun) return showData(given, { resume, json });
  const open = (folder: string) => openRunFolder(folder, { overwrite: overwrite || resume });
  if (given.settings.folds !== undefined || (resume && named !== undefined && isCrossValidation(named))) {
    return trainFolds(given, { resume, json });
  }
  let output = named === undefined ? null : open(named);
  let trained: Awaited<ReturnType<typeof trainIn>>;
  try {
    const settings = resume && output ? await stoppedSettings(given, output.folder) : await runSettings(given);
    output ??= open(defaultOutput(settings));
    const events = eventFolder(tensorboard, output.folder);
    trained = await trainIn(output, settings, { resume, checkpointSeconds, tensorboard: events });
  } finally {
    output?.close();
  }
  const { folder } = output;
  const { result, data } = trained;

  if (result.status === 'stopped') {
    note(stoppedText(folder, result));
    if (json) printJson({ output: folder, ...result, data });
    return;
  }
  const { config, metrics, report } = result;
  if (report) noteReport(report);
  const bytes = runFileSizes(folder)['adapter.safetensors'];
  const matrices = storedMatrices(folder);
  if (json) {
    const document = runDocument(folder, config, metrics, bytes, matrices);
    return printJson({ status: result.status, data, ...document, report });
  }
  const page = report && join(folder, REPORT_PAGE);
  const places = [['saved in', folder], ...(page ? [['report', page]] : [])];
  printTable([...runRows(config, metrics, bytes, matrices), ...places]);
  if (report) printReport(report, page);
}

/** Cross-validates. */
async function trainFolds(
  given: Given,
  { resume, json }: { readonly resume: boolean; readonly json: boolean },
): Promise<void> {
  const { output: named, overwrite, checkpointSeconds, tensorboard } = given.settings;
  const settings =
    resume && named !== undefined ? await agreedSettings(given, readFolds(named).settings) : await runSettings(given);
  const output = named ?? defaultOutput(settings);
  await useBackend(settings.backend);
  let display = new TrainingDisplay(settings, resume);
  let data: DataReport | null = null;
  const signal = interruptSignal(() => display.interrupt());
  const onFold = (fold: number, folds: number) => {
    display.stop();
    display = new TrainingDisplay(settings, resume);
    note(`fold ${fold} of ${folds}`);
  };
  const shown: RunEvents = {
    onWarning: (message) => display.events.onWarning?.(message),
    onNote: (message) => display.events.onNote?.(message),
    onLoaded: (model) => display.events.onLoaded?.(model),
    onData: (report) => {
      if (!data) noteData(report, settings.folds);
      data ??= report;
    },
    onPruning: (...progress) => display.events.onPruning?.(...progress),
    onPruned: (report) => display.events.onPruned?.(report),
    onStep: (progress) => display.events.onStep?.(progress),
    onEvaluate: (...progress) => display.events.onEvaluate?.(...progress),
    onTest: (...progress) => display.events.onTest?.(...progress),
  };
  try {
    const result = await runFolds({
      ...{ settings, output, overwrite, resume, checkpointSeconds, signal },
      tensorboard: eventFolder(tensorboard, output),
      ...{ command: commandLine(), versions, events: { ...shown, onFold } },
    });
    display.stop();
    if (json) printJson({ output, data, ...result });
    if (result.status === 'stopped') {
      process.exitCode = interruptedCode(signal);
      return note(`stopped in fold ${result.fold}; continue with: sparse-adapter train --resume --output ${output}`);
    }
    if (json) return;
    printTable(...foldsTable(result));
    note(`saved in ${output}`);
  } finally {
    display.stop();
  }
}

/** Shows what a run would read, after the checks that it makes, and writes nothing. */
async function showData(
  given: Given,
  { resume, json }: { readonly resume: boolean; readonly json: boolean },
): Promise<void> {
  const { output: named, overwrite = false } = given.settings;
  const asked = resume && named !== undefined ? await settingsIn(given, named) : await runSettings(given);
  const output = named ?? defaultOutput(asked);
  // Of a cross-validation the first run: all folds are of one size, but for a row.
  const isWhole = asked.folds !== undefined && asked.fold === undefined;
  if (isWhole) checkFoldsFolder(output, { overwrite, resume });
  else openRunFolder(output, { overwrite: overwrite || resume }).close();
  const settings = isWhole ? { ...asked, fold: 1 } : asked;
  await useBackend(settings.backend);
  const report = await inspectRun({ settings, output, events: { onWarning: warn, onNote: note } });
  noteData(report, isWhole ? asked.folds : undefined);
  if (json) printJson({ status: 'dry-run', data: report });
}

/** What a stopped run leaves, and how it is continued. */
function stoppedText(
  folder: string,
  { step, totalSteps, savedStep }: RunResult & { readonly status: 'stopped' },
): string {
  const stopped = `stopped after step ${step} of ${totalSteps}`;
  if (savedStep === null) return `${stopped}; nothing of it is saved`;
  const kept = savedStep === step ? '' : `; the checkpoint after step ${savedStep} is kept`;
  return `${stopped}${kept}; continue with: sparse-adapter train --resume --output ${folder}`;
}

async function trainIn(
  output: OutputFolder,
  settings: RunSettings,
  options: Pick<RunOptions, 'resume' | 'checkpointSeconds' | 'tensorboard'>,
): Promise<{ readonly result: RunResult; readonly data: DataReport | null }> {
  await useBackend(settings.backend);
  const display = new TrainingDisplay(settings, options.resume);
  const signal = interruptSignal(() => display.interrupt());
  try {
    const { events } = display;
    const result = await runTraining({
      ...options,
      settings,
      output,
      command: commandLine(),
      versions,
      signal,
      events,
    });
    if (result.status === 'stopped') process.exitCode = interruptedCode(signal);
    return { result, data: display.report };
  } finally {
    display.stop();
  }
}

/** The settings of a stopped run or cross-validation. */
const settingsIn = (given: Given, folder: string): Promise<RunSettings> =>
  isCrossValidation(folder) ? agreedSettings(given, readFolds(folder).settings) : stoppedSettings(given, folder);

const stoppedSettings = (given: Given, folder: string): Promise<RunSettings> =>
  agreedSettings(given, readStoppedRun(folder).settings);

/** The settings of what was stopped. @throws UsageError for a given one that disagrees */
async function agreedSettings(given: Given, settings: RunSettings): Promise<RunSettings> {
  const { fused } = settings;
  checkAgreement(given, { ...settings, ...(fused && { fuse: fused.map(({ name, run }) => `${name}=${run}`) }) });
  return useInputs(settings);
}

/** Shows the progress of a run on standard error. */
export class TrainingDisplay {
  readonly #settings: RunSettings;
  readonly #resume: boolean;
  /** What the run has read. */
  report: DataReport | null = null;
  #progress: { readonly label: string; readonly display: Progress } | null = null;

  constructor(settings: RunSettings, resume = false) {
    this.#settings = settings;
    this.#resume = resume;
  }

  readonly events: RunEvents = {
    onWarning: warn,
    onNote: note,
    onLoaded: (model) => {
      noteLoaded(this.#settings.model, model);
      if (!this.#resume) notePruning(this.#settings);
    },
    onData: (report) => {
      this.report = report;
      noteData(report);
    },
    onPruning: (done, total) => this.#show('pruning', total, 0).update(done),
    onPruned: (report) => {
      this.stop();
      notePruned(report);
    },
    onStep: ({ step, totalSteps, loss, tokensPerSecond }) => {
      const detail = `loss ${loss.toFixed(4)}, ${formatCount(Math.round(tokensPerSecond))} tokens/s`;
      this.#show('training', totalSteps, step - 1).update(step, detail);
    },
    onEvaluate: (done, total) => this.#show('evaluating', total, 0).update(done),
    onTest: (done, total) => this.#show('testing', total, 0).update(done),
  };

  interrupt(): void {
    this.stop();
    note('stopping after this batch; Ctrl-C again quits at once, without saving');
  }

  stop(): void {
    this.#progress?.display.stop();
  }

  #show(label: string, total: number, start: number): Progress {
    if (this.#progress?.label !== label) {
      this.stop();
      this.#progress = { label, display: startProgress(label, total, start) };
    }
    return this.#progress.display;
  }
}
