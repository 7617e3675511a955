import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { readJsonObject } from '../io/index.ts';
import type { JobQueue } from '../queue/index.ts';
import {
  parametersOf,
  runOfTrial,
  type SearchEvents,
  type SearchMethod,
  type SpaceSpec,
  type StoredTrial,
  search,
  searchMethods,
  searchSpace,
  settingsAt,
  usualParallel,
  writeSearch,
} from '../search/index.ts';
import {
  factor,
  nonEmptyText,
  positiveInteger,
  positiveNumber,
  type SettingGroup,
  wholeNumber,
} from '../settings/index.ts';
import { defaultOf, type outputSettings, settingGroups, checkpointSeconds as usualSeconds } from '../training/index.ts';
import { useBackend } from './backend.ts';
import { exitCodes, UsageError } from './errors.ts';
import { addConfigOptions, configOf, givenSettings } from './given-settings.ts';
import { interruptedCode, interruptSignal } from './interrupt.ts';
import { jsonOption, rejectExplicit } from './options.ts';
import { note, printJson, printTable, warn } from './output.ts';
import { runsQueueOption, stoppedNote, withQueue } from './queue-options.ts';
import { addSettings, parserOf } from './setting-options.ts';
import { TrainingDisplay } from './train.ts';
import { commandLine, versions } from './versions.ts';

interface Flags {
  readonly search?: readonly string[];
  readonly method: SearchMethod;
  readonly metric?: string;
  readonly trials?: number;
  readonly hours?: number;
  readonly halving?: number;
  readonly minEvaluations: number;
  readonly study: string;
  readonly searchSeed: number;
  readonly queue?: string;
  readonly parallel: number;
  readonly printConfig?: boolean;
  readonly json?: boolean;
}

/** The trials of a search without a budget, unless it is a grid. */
const USUAL_TRIALS = 20;

/** What is searched, from texts `name=values` and names of JSON files. @throws UsageError for a setting that is given twice */
function searchedIn(texts: readonly string[]): Record<string, string | SpaceSpec> {
  const searched: Record<string, string | SpaceSpec> = {};
  for (const text of texts) {
    const [name, ...values] = text.split('=');
    const added =
      values.length > 0 ? { [name]: values.join('=') } : (readJsonObject(text) as Record<string, SpaceSpec>);
    const twice = Object.keys(added).find((key) => Object.hasOwn(searched, key));
    if (twice) throw new UsageError(`--search ${twice} is given twice.`);
    Object.assign(searched, added);
  }
  return searched;
}

/** The settings that trials share: those of `train`, without what they have of their own. */
function sharedGroups(): SettingGroup[] {
  const own: readonly string[] = ['overwrite', 'tensorboard'] satisfies (keyof typeof outputSettings)[];
  return settingGroups().map(({ title, settings }) => ({
    title,
    settings: Object.fromEntries(Object.entries(settings).filter(([key]) => !own.includes(key))),
  }));
}

export function describeSweep(command: Command): void {
  command
    .description('Search for the settings with the best score: train with one choice after the other.')
    .usage('--search <name=values> [--search ...] --model <model> --data <file or folder> [options of train]')
    .optionsGroup('Search:')
    .addOption(
      new Option(
        '--search <name=values>',
        'a setting and what is tried of it: 0.2,0.4 or 8:64:8 or log:1e-4:1e-2; several times, or a JSON file',
      ).argParser((text: string, before: readonly string[] = []) => [...before, text]),
    )
    .addOption(new Option('--method <name>', 'how the next point is chosen').choices([...searchMethods]).default('tpe'))
    .addOption(
      new Option('--metric <name>', 'score that is searched for (default: the first one)').argParser(
        parserOf(nonEmptyText),
      ),
    )
    .addOption(
      new Option(
        '--trials <count>',
        `trials that the study may have (default: ${USUAL_TRIALS}, of a grid all)`,
      ).argParser(parserOf(positiveInteger)),
    )
    .addOption(new Option('--hours <hours>', 'after which no trial begins').argParser(parserOf(positiveNumber)))
    .addOption(
      new Option(
        '--halving <factor>',
        'end hopeless trials early: of so many, one goes on; compared after evaluations 1, factor, factor^2, ...',
      ).argParser(parserOf(factor)),
    )
    .addOption(
      new Option('--min-evaluations <count>', 'evaluations before a trial is compared first')
        .argParser(parserOf(positiveInteger))
        .default(1),
    )
    .addOption(
      new Option('--study <name>', 'in the journal').argParser(parserOf(nonEmptyText)).default('sparse-adapter'),
    )
    .addOption(new Option('--search-seed <seed>', 'of the points drawn').argParser(parserOf(wholeNumber)).default(42))
    .addOption(runsQueueOption())
    .addOption(
      new Option('--parallel <count>', 'trials that are in the queue at once')
        .argParser(parserOf(positiveInteger))
        .default(usualParallel),
    );
  addSettings(command, sharedGroups(), {
    output: { description: 'folder of the study', defaultText: 'runs/sweep' },
  }).addOption(jsonOption());
  addConfigOptions(command);
  command.addHelpText(
    'after',
    `
The study is journal.log in the output folder, in the format of Optuna: Optuna and optuna-dashboard read it, and may go on with it. The
same command goes on with a search that was stopped or killed; several at once share one. Each complete trial is a run folder below
trials/; run.json has the best settings, for train --config.

Examples:
  $ sparse-adapter sweep --search learning-rate=log:1e-4:1e-2 --search sparsity=0.2,0.4,0.6,0.8 \\
      --model ./minilm --data mail.csv --text subject,body --label folder --trials 30
  $ sparse-adapter sweep --search space.json --method grid --model ./bert-base --task rte --data ./glue
  $ sparse-adapter sweep --search bottleneck=8:128:8 --epochs 8 --halving 4 --model ./minilm --data mail.csv --text body --label folder`,
  );
}

export async function sweep(command: Command): Promise<void> {
  const flags = command.opts<Flags>();
  if (!flags.search)
    throw new UsageError('--search is missing: a setting and what is tried of it, learning-rate=log:1e-4:1e-2.');
  const { printConfig, json = false, method, halving, minEvaluations } = flags;
  const space = searchSpace(searchedIn(flags.search));
  const given = givenSettings(command);
  if (printConfig) return printJson(configOf(given));
  const { output = join('runs', 'sweep'), checkpointSeconds = usualSeconds, ...settings } = given.settings;
  if (settings.folds !== undefined) throw new UsageError('--folds has no effect here: a trial is one run.');
  if (flags.queue === undefined) rejectExplicit(command, ['parallel'], 'goes with --queue');
  const { trials = method === 'grid' || flags.hours !== undefined ? undefined : USUAL_TRIALS } = flags;
  await useBackend(settings.backend ?? defaultOf('backend'));
  const display = new SearchDisplay(flags.queue !== undefined);
  const signal = interruptSignal(() => display.interrupt());
  const searching = (queue: JobQueue | null) =>
    search({
      ...{ queue, parallel: flags.parallel },
      ...{ settings, space, output, method, trials, checkpointSeconds, signal, versions },
      ...{ metric: flags.metric, study: flags.study, hours: flags.hours, seed: flags.searchSeed },
      halving: halving === undefined ? null : { reductionFactor: halving, minResource: minEvaluations },
      command: commandLine(),
      events: display.events,
    });
  const result = await withQueue(flags.queue, searching).finally(() => display.stop());
  writeSearch(output, settings, space, result);
  const { status, study, best, metric } = result;
  const counted = countsOf(study.trials);
  if (status === 'stopped') process.exitCode = interruptedCode(signal);
  else if (!best) process.exitCode = exitCodes.input;
  const found = best && {
    trial: best.number,
    [metric]: best.value,
    settings: settingsAt(settings, space, best.point),
    run: runOfTrial(output, best),
  };
  const elsewhere = best && found?.run === null ? placeElsewhere(best) : null;
  if (json) printJson({ status, output, metric, trials: counted, best: found });
  else if (best) {
    const rows = Object.entries(parametersOf(best)).map(([name, value]) => [name, String(value)]);
    printTable([[metric, String(best.value)], ...rows, ['run', found?.run ?? elsewhere ?? '']]);
  }
  note(
    Object.entries(counted)
      .map(([state, count]) => `${count} ${state}`)
      .join(', '),
  );
  if (json && elsewhere !== null) note(`the run of the best trial is ${elsewhere}`);
  if (!best) note('no trial is complete; report.html has what went wrong');
  if (status === 'stopped') note(stoppedNote(flags.queue));
  note(`saved in ${output}`);
}

/** Where the run of a trial lies that cannot be read here. */
function placeElsewhere({ userAttributes: told }: Pick<StoredTrial, 'userAttributes'>): string {
  const [run, folder, worker] = ['run', 'folder', 'worker'].map((name) => told.get(name));
  if (typeof folder !== 'string') return `runs/${run} below the --artifacts of its worker`;
  return `${folder} on the machine of the worker ${worker}`;
}

/** Trials by their state, without states that none has. */
function countsOf(trials: readonly StoredTrial[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of trials) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Shows the trials of a search on standard error, each as `train` shows its run. */
class SearchDisplay {
  #training: TrainingDisplay | null = null;
  readonly #areQueued: boolean;
  /** Lines shown already: all trials have the same data. */
  readonly #told = new Set<string>();

  /** @param areQueued whether several trials are run at once, elsewhere */
  constructor(areQueued: boolean) {
    this.#areQueued = areQueued;
  }

  readonly events: SearchEvents = {
    onTrial: (trial, settings) => {
      if (!this.#areQueued) this.#training = new TrainingDisplay(settings, true);
      const told = Object.entries(parametersOf(trial)).map(([name, value]) => `${name} ${String(value)}`);
      note(`trial ${trial.number}: ${told.join(', ')}`);
    },
    onTrialEnd: ({ number, state, value, userAttributes }) => {
      this.#training?.stop();
      const error = userAttributes.get('error');
      note(`trial ${number}: ${state}${value === null ? '' : ` ${value}`}${error === undefined ? '' : `: ${error}`}`);
    },
    run: {
      onWarning: (message) =>
        this.#once(message, () => (this.#training ? this.#training.events.onWarning?.(message) : warn(message))),
      onNote: (message) => this.#once(message, () => this.#training?.events.onNote?.(message)),
      onPruning: (...progress) => this.#training?.events.onPruning?.(...progress),
      onStep: (progress) => this.#training?.events.onStep?.(progress),
      onEvaluate: (...progress) => this.#training?.events.onEvaluate?.(...progress),
      onTest: (...progress) => this.#training?.events.onTest?.(...progress),
    },
  };

  interrupt(): void {
    this.stop();
    note(
      this.#areQueued
        ? 'stopping; Ctrl-C again quits at once'
        : 'stopping after this batch; Ctrl-C again quits at once',
    );
  }

  stop(): void {
    this.#training?.stop();
  }

  #once(message: string, show: () => void): void {
    if (!this.#told.has(message)) show();
    this.#told.add(message);
  }
}
