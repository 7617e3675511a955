import type { Command } from 'commander';
import { type SettingGroup, settingsWhere } from '../settings/index.ts';
import { openRunFolder, runFileSizes, runPruning, settingGroups, storedMatrices } from '../training/index.ts';
import { useBackend } from './backend.ts';
import { layerTable, methodName, notePruned, runDocument, savingsRows } from './describe.ts';
import { UsageError } from './errors.ts';
import { addConfigOptions, configOf, givenSettings } from './given-settings.ts';
import { interruptSignal } from './interrupt.ts';
import { jsonOption } from './options.ts';
import { formatSeconds, note, printJson, printTable } from './output.ts';
import { addSettings } from './setting-options.ts';
import { runSettings } from './settings.ts';
import { TrainingDisplay } from './train.ts';
import { commandLine, versions } from './versions.ts';

interface Flags {
  readonly printConfig?: boolean;
  readonly json?: boolean;
}

/** The settings of training that pruning follows: its batches are those of training. */
const ofBatches = ['batchSize', 'batchTokens'];

/** The groups of settings without those that only training and writing texts follow. */
function pruningGroups(): SettingGroup[] {
  const groups: readonly SettingGroup[] = settingGroups();
  return groups
    .filter(({ title }) => title !== 'Generation')
    .map(({ title, settings }) => ({
      title,
      settings: settingsWhere(settings, (_, key) =>
        title === 'Training' ? ofBatches.includes(key) : key !== 'checkpointSeconds',
      ),
    }));
}

export function describePrune(command: Command): void {
  command.description('Prune an adapter at initialisation and show what is kept, without training.');
  addSettings(command, pruningGroups()).addOption(jsonOption());
  addConfigOptions(command);
}

export async function prune(command: Command): Promise<void> {
  const { printConfig = false, json } = command.opts<Flags>();
  const given = givenSettings(command);
  if (printConfig) return printJson(configOf(given));
  const { output = null, overwrite = false } = given.settings;
  const settings = await runSettings(given);
  if (settings.pruning === 'none') throw new UsageError(`--adapter ${settings.adapter.kind} has no weights to prune.`);
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
  const matrices = output === null ? [] : storedMatrices(output);
  if (json) {
    const bytes = output === null ? null : runFileSizes(output)['adapter.safetensors'];
    printJson(runDocument(output, config, metrics, bytes, matrices));
    return;
  }
  note(`${methodName(settings)}, pruned in ${formatSeconds(metrics.seconds.pruning)}`);
  const { rows, head } = layerTable(pruning, matrices);
  printTable(rows, head);
  const savings = savingsRows(pruning, matrices);
  if (savings.length > 0) printTable(savings);
  if (output !== null) note(`saved in ${output}`);
}
