import type { Measured, Measurement } from './measure.ts';
import { find, ratioToFirst } from './part.ts';
import { secondsOf } from './parts/epoch.ts';
import { bestSpeed, peakSpeed } from './parts/gemm.ts';
import { speedUp } from './parts/scaling.ts';
import { stepsPerBatch } from './parts/scoring.ts';
import { stepName } from './parts/step.ts';
import { full, type PeerName } from './plan.ts';
import type { Results } from './results.ts';
import { digits, percent, type Table, times } from './table.ts';

interface Target {
  readonly text: string;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly format: (value: number) => string;
  /** NaN if it was not measured. */
  readonly measured: (results: Results) => number;
}

const [miniStep, baseStep] = full.step.workloads.map(({ name }) => stepName(name, 'train'));
/** The three large products. */
const LARGE = 3;

const of = (results: Results, part: keyof Results): readonly Measurement[] => results[part]?.measurements ?? [];
const runnerOf = (measurement: Measurement | undefined, peer: PeerName): Measured | undefined =>
  measurement?.runners.find((runner) => runner.peer === peer && !runner.error);

/** NaN of none, as nothing was measured then. */
const worst = (pick: (...values: number[]) => number, values: readonly number[]): number =>
  values.length > 0 ? pick(...values) : Number.NaN;

/** How many times as long a peer takes for a training step. */
function stepRatio(results: Results, name: string, peer: PeerName): number {
  const runner = runnerOf(find(of(results, 'step'), name), peer);
  return runner ? ratioToFirst(runner) : Number.NaN;
}

function gemmFraction(results: Results): number {
  const measurements = of(results, 'gemm');
  const best = measurements.slice(0, LARGE).map(({ runners: [ours] }) => bestSpeed(ours) / peakSpeed(measurements));
  return worst(Math.min, best);
}

function gemmRatio(results: Results, peer: PeerName): number {
  const runners = of(results, 'gemm')
    .slice(0, LARGE)
    .flatMap((measurement) => runnerOf(measurement, peer) ?? []);
  return worst(Math.min, runners.map(ratioToFirst));
}

/** Our peak memory over that of PyTorch, in the step where it is largest. */
function memoryRatio(results: Results): number {
  const ratios = of(results, 'step')
    .filter(({ name }) => name.endsWith(': train'))
    .flatMap((measurement) => {
      const [ours, torch] = [runnerOf(measurement, 'ours'), runnerOf(measurement, 'torch')];
      return ours && torch ? [ours.peakBytes / torch.peakBytes] : [];
    });
  return worst(Math.max, ratios);
}

const score = (results: Results, method: 'snip' | 'grasp'): number =>
  worst(
    Math.max,
    of(results, 'scoring').map((measurement) => stepsPerBatch(measurement, 'ours', method)),
  );

function epochRatio(results: Results, order: 'random' | 'sorted'): number {
  const measurements = of(results, 'epoch');
  return secondsOf(measurements, 'ours', 'random') / secondsOf(measurements, 'torch', order);
}

/** The least of how many times as long a peer takes for texts. */
function tokenizerRatio(results: Results, peer: PeerName): number {
  const runners = of(results, 'tokenizer').flatMap((measurement) => runnerOf(measurement, peer) ?? []);
  return worst(Math.min, runners.map(ratioToFirst));
}

function threadGain(results: Results): number {
  const { sequenceLength } = full.scaling;
  const measurement = find(of(results, 'scaling'), `tokens per sequence ${sequenceLength}`);
  return measurement ? speedUp(measurement) : Number.NaN;
}

/** The targets of the package, in ratios of one run. */
const targets: readonly Target[] = [
  {
    text: 'large matrix products: fraction of the peak',
    bound: { atLeast: 0.85 },
    format: percent,
    measured: gemmFraction,
  },
  {
    text: 'large matrix products: TensorFlow.js / ours',
    bound: { atLeast: 5 },
    format: times,
    measured: (results) => gemmRatio(results, 'tfjs'),
  },
  {
    text: 'MiniLM step: TensorFlow.js / ours',
    bound: { atLeast: 25 },
    format: times,
    measured: (results) => stepRatio(results, miniStep, 'tfjs'),
  },
  {
    text: 'MiniLM step: jax-js / ours',
    bound: { atLeast: 75 },
    format: times,
    measured: (results) => stepRatio(results, miniStep, 'jax'),
  },
  {
    text: 'MiniLM step: ours / PyTorch, tuned',
    bound: { atMost: 1.3 },
    format: times,
    measured: (results) => 1 / stepRatio(results, miniStep, 'torch'),
  },
  {
    text: 'BERT-base step: ours / PyTorch, tuned',
    bound: { atMost: 1.6 },
    format: times,
    measured: (results) => 1 / stepRatio(results, baseStep, 'torch'),
  },
  {
    text: 'BERT-base step: ours / PyTorch, as is',
    bound: { atMost: 1 },
    format: times,
    measured: (results) => 1 / stepRatio(results, baseStep, 'torch-as-is'),
  },
  {
    text: 'epoch of MRPC: ours / PyTorch with dynamic padding',
    bound: { atMost: 0.75 },
    format: times,
    measured: (results) => epochRatio(results, 'random'),
  },
  {
    text: 'epoch of MRPC: ours / PyTorch with sorted lengths',
    bound: { atMost: 1 },
    format: times,
    measured: (results) => epochRatio(results, 'sorted'),
  },
  {
    text: 'tokenizers: throughput of ours / Rust, the slowest kind',
    bound: { atLeast: 0.3 },
    format: times,
    measured: (results) => tokenizerRatio(results, 'rust-tokenizers'),
  },
  {
    text: 'tokenizers: throughput of ours / @huggingface/tokenizers, the slowest kind',
    bound: { atLeast: 3 },
    format: times,
    measured: (results) => tokenizerRatio(results, 'hf-tokenizers'),
  },
  {
    text: 'SNIP: training steps per batch',
    bound: { atMost: 1.1 },
    format: digits,
    measured: (results) => score(results, 'snip'),
  },
  {
    text: 'GraSP: training steps per batch',
    bound: { atMost: 4 },
    format: digits,
    measured: (results) => score(results, 'grasp'),
  },
  {
    text: 'peak memory of a step: ours / PyTorch, tuned',
    bound: { atMost: 1 },
    format: times,
    measured: memoryRatio,
  },
  { text: 'MiniLM step: two threads over one', bound: { atLeast: 1.8 }, format: times, measured: threadGain },
];

/** All targets with what was measured. */
export function targetTable(results: Results): Table {
  const rows = targets.map(({ text, bound, format, measured }) => {
    const value = measured(results);
    const met = 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost;
    const limit = 'atLeast' in bound ? `>= ${format(bound.atLeast)}` : `<= ${format(bound.atMost)}`;
    return [text, limit, format(value), Number.isNaN(value) ? '–' : met ? 'yes' : 'no'];
  });
  return { title: 'Ratios of one run', head: ['', 'target', 'measured', 'met'], rows, notes: [] };
}
