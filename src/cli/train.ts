import type { Command } from 'commander';
import { Option } from 'commander';
import {
  checkOutput,
  type RunEvents,
  type RunSettings,
  readStoppedRun,
  runFileSizes,
  runTraining,
} from '../training/index.ts';
import { useBackend } from './backend.ts';
import { noteLoaded, notePruned, notePruning, runDocument, runRows } from './describe.ts';
import { exitCodes, UsageError } from './errors.ts';
import { interruptSignal } from './interrupt.ts';
import { formatCount, note, printJson, printTable, warn } from './output.ts';
import { type Progress, startProgress } from './progress.ts';
import { addPruningOptions } from './pruning-options.ts';
import { addAdapterOptions, addDataOptions, addRunOptions, addTrainingOptions } from './run-options.ts';
import { checkAgreement, defaultOutput, runSettings } from './settings.ts';
import { commandLine, versions } from './versions.ts';

interface Flags {
  readonly output?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

export function describeTrain(command: Command): void {
  command
    .description('Prune an adapter at initialisation, train it, evaluate it and save it.')
    .usage(
      '--model <model> (--task <name> --data <folder> | --data <file> --text <columns> --label <column>) [options]',
    );
  addDataOptions(command);
  addAdapterOptions(command);
  addPruningOptions(command, ['none']);
  addTrainingOptions(command);
  addRunOptions(
    command,
    new Option('-o, --output <folder>', 'folder to write (default: runs/<data>-<adapter>-<pruning>-s<seed>)'),
    new Option('--resume', 'continue the stopped run in --output, with its settings').conflicts('overwrite'),
    new Option('--overwrite', 'replace an earlier run in --output'),
  );
  command.addHelpText(
    'after',
    `
Ctrl-C finishes the current step and saves a checkpoint; --resume continues with the same result.
Before the first step there is nothing to save yet.

Examples:
  $ sparse-adapter train --model ./bert-base --task rte --data ./glue
  $ sparse-adapter train --model ./bert-base --data mail.csv --text subject,body --label folder
  $ sparse-adapter train --resume --output runs/rte-houlsby-snip40-s42`,
  );
}

export async function train(command: Command): Promise<void> {
  const { resume = false, overwrite = false, json = false, ...flags } = command.opts<Flags>();
  const settings = resume ? stoppedSettings(command) : runSettings(command);
  const output = flags.output ?? defaultOutput(settings);
  if (!resume) checkOutput(output, { overwrite });
  await useBackend(settings.backend);

  const display = new TrainingDisplay(settings, resume);
  const signal = interruptSignal(() => display.interrupt());
  let result: Awaited<ReturnType<typeof runTraining>>;
  try {
    const events = display.events;
    result = await runTraining({ settings, output, resume, command: commandLine(), versions, signal, events });
  } finally {
    display.stop();
  }

  if (result.status === 'stopped') {
    process.exitCode = exitCodes.interrupted;
    note(
      `stopped after step ${result.step} of ${result.totalSteps}; continue with: sparse-adapter train --resume --output ${output}`,
    );
    if (json) printJson({ output, ...result });
    return;
  }
  const { config, metrics } = result;
  const bytes = runFileSizes(output)['adapter.safetensors'];
  if (json) printJson({ status: result.status, ...runDocument(output, config, metrics, bytes) });
  else printTable([...runRows(config, metrics, bytes), ['saved in', output]]);
}

function stoppedSettings(command: Command): RunSettings {
  const { output } = command.opts<Flags>();
  if (output === undefined) throw new UsageError('--resume needs --output, the folder of the stopped run.');
  const settings = readStoppedRun(output).settings;
  checkAgreement(command, settings);
  return settings;
}

/** What a run shows on standard error while it goes on. */
export class TrainingDisplay {
  readonly #settings: RunSettings;
  readonly #resume: boolean;
  #progress: { readonly label: string; readonly display: Progress } | null = null;

  constructor(settings: RunSettings, resume = false) {
    this.#settings = settings;
    this.#resume = resume;
  }

  readonly events: RunEvents = {
    onWarning: warn,
    onLoaded: (model) => {
      noteLoaded(this.#settings.model, model);
      if (!this.#resume) notePruning(this.#settings);
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
