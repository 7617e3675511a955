import { type Command, Option } from 'commander';
import { openRunFolder, runFileSizes, runPruning } from '../training/index.ts';
import { useBackend } from './backend.ts';
import { layerHead, layerRows, methodName, notePruned, runDocument } from './describe.ts';
import { UsageError } from './errors.ts';
import { interruptSignal } from './interrupt.ts';
import { formatSeconds, note, printJson, printTable } from './output.ts';
import { addPruningOptions } from './pruning-options.ts';
import { addAdapterOptions, addBatchSize, addDataOptions, addRunOptions } from './run-options.ts';
import { runSettings } from './settings.ts';
import { TrainingDisplay } from './train.ts';
import { commandLine, versions } from './versions.ts';

interface Flags {
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

export function describePrune(command: Command): void {
  command.description('Prune an adapter at initialisation and show what is kept, without training.');
  addDataOptions(command);
  addAdapterOptions(command);
  addBatchSize(addPruningOptions(command));
  addRunOptions(
    command,
    new Option('-o, --output <folder>', 'folder to write the pruned, untrained adapter to'),
    new Option('--overwrite', 'replace an earlier run in --output'),
  );
}

export async function prune(command: Command): Promise<void> {
  const { output = null, overwrite = false, json } = command.opts<Flags>();
  const settings = await runSettings(command);
  if (!settings.pruning) throw new UsageError(`--adapter ${settings.adapter.kind} has no weights to prune.`);
  const opened = output === null ? null : openRunFolder(output, { overwrite });
  const display = new TrainingDisplay(settings);
  let result: Awaited<ReturnType<typeof runPruning>>;
  try {
    await useBackend(settings.backend);
    const signal = interruptSignal(() => display.interrupt());
    const { events } = display;
    result = await runPruning({ settings, output: opened, command: commandLine(), versions, signal, events });
  } finally {
    display.stop();
    opened?.close();
  }

  const { config, metrics, pruning } = result;
  notePruned(pruning);
  if (json) {
    const bytes = output === null ? null : runFileSizes(output)['adapter.safetensors'];
    printJson(runDocument(output, config, metrics, bytes));
    return;
  }
  note(`${methodName(settings)}, pruned in ${formatSeconds(metrics.seconds.pruning)}`);
  printTable(layerRows(pruning), layerHead);
  if (output !== null) note(`saved in ${output}`);
}
