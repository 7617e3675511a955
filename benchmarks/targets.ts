import type { Instruction, Machine } from './machine.ts';
import type { Measured, Measurement } from './measure.ts';
import { find, ratioToFirst } from './part.ts';
import { secondsOf } from './parts/epoch.ts';
import { bestSpeed, peakSpeed } from './parts/gemm.ts';
import { memoryOverFirst } from './parts/memory.ts';
import { speedUp } from './parts/scaling.ts';
import { stepsPerBatch } from './parts/scoring.ts';
import { adapterRatio, worstStep } from './parts/sparse.ts';
import { stepName } from './parts/step.ts';
import { REAL_TEXTS } from './parts/tokenizer.ts';
import type { PartName } from './parts.ts';
import { full, type PeerName } from './plan.ts';
import type { Results } from './results.ts';
import { digits, percent, type Table, times } from './table.ts';

interface Target {
  readonly text: string;
  /** The part of the suite that measures it: its machine decides. */
  readonly part: PartName;
  /** The machines for which it is set; all if it is left out. */
  readonly isFor?: (machine: Machine) => boolean;
  readonly bound: { readonly atLeast: number } | { readonly atMost: number };
  readonly format: (value: number) => string;
  /** NaN if it was not measured. */
  readonly measured: (results: Results) => number;
}

const [mini, base] = full.step.workloads.map(({ name }) => name);
const [miniStep, baseStep] = [mini, base].map((name) => stepName(name, 'train'));
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

/** The time of a step or forward pass of ours, in 8 bits, over that of a peer. Both are measured in turns with float32. */
const int8Over = (results: Results, name: string, peer: PeerName): number =>
  stepRatio(results, name, 'ours-int8') / (peer === 'ours' ? 1 : stepRatio(results, name, peer));

const has =
  (...names: readonly Instruction[]) =>
  ({ instructions }: Machine): boolean =>
    names.every((name) => instructions?.includes(name));
const hasNot =
  (name: Instruction) =>
  ({ instructions }: Machine): boolean =>
    instructions != null && !instructions.includes(name);

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

/** The peak memory of one of ours over that of PyTorch, in the step where it is largest. */
function memoryRatio(results: Results, name: 'ours' | 'ours-int8'): number {
  const ratios = of(results, 'step')
    .filter(({ name }) => name.endsWith(': train'))
    .flatMap((measurement) => {
      const [ours, torch] = [runnerOf(measurement, name), runnerOf(measurement, 'torch')];
      return ours && torch ? [ours.peakBytes / torch.peakBytes] : [];
    });
  return worst(Math.max, ratios);
}

/** The peak memory of a run in 8 bits over that in float32, with the type of checkpoint where it is largest. */
function runMemoryRatio(results: Results): number {
  const ratios = of(results, 'memory').flatMap((measurement) => {
    const runner = runnerOf(measurement, 'ours-int8');
    return runner ? [memoryOverFirst(runner, measurement.runners)] : [];
  });
  return worst(Math.max, ratios);
}

const score = (results: Results, method: 'snip' | 'grasp'): number =>
  worst(
    Math.max,
    of(results, 'scoring').map((measurement) => stepsPerBatch(measurement, 'ours', method)),
  );

function epochRatio(results: Results, order: 'random' | 'sorted', name: PeerName = 'ours'): number {
  const measurements = of(results, 'epoch');
  return secondsOf(measurements, name, 'random') / secondsOf(measurements, 'torch', order);
}

/** The least of how many times as long a peer takes for real texts. */
function tokenizerRatio(results: Results, peer: PeerName): number {
  const runners = of(results, 'tokenizer')
    .filter(({ name }) => name.startsWith(REAL_TEXTS))
    .flatMap((measurement) => runnerOf(measurement, peer) ?? []);
  return worst(Math.min, runners.map(ratioToFirst));
}

function threadGain(results: Results): number {
  const { sequenceLength } = full.scaling;
  const measurement = find(of(results, 'scaling'), `tokens per sequence ${sequenceLength}`);
  return measurement ? speedUp(measurement) : Number.NaN;
}

const [wide] = full.sparse.shapes;
const sparseTarget = (density: number, over: 'masked' | 'small', atMost: number): Target => ({
  text: `adapter with ${percent(density)} of its weights: over ${over === 'masked' ? 'the masked dense one' : 'a dense one of a quarter of the width'}`,
  part: 'sparse',
  bound: { atMost },
  format: times,
  measured: (results) => adapterRatio(of(results, 'sparse'), wide, density, over),
});

/** The targets of the package, in ratios of one run. */
const targets: readonly Target[] = [
  {
    text: 'large matrix products: fraction of the peak',
    part: 'gemm',
    bound: { atLeast: 0.85 },
    format: percent,
    measured: gemmFraction,
  },
  {
    text: 'large matrix products: TensorFlow.js / ours',
    part: 'gemm',
    bound: { atLeast: 5 },
    format: times,
    measured: (results) => gemmRatio(results, 'tfjs'),
  },
  {
    text: 'MiniLM step: TensorFlow.js / ours',
    part: 'step',
    bound: { atLeast: 25 },
    format: times,
    measured: (results) => stepRatio(results, miniStep, 'tfjs'),
  },
  {
    text: 'MiniLM step: jax-js / ours',
    part: 'step',
    bound: { atLeast: 75 },
    format: times,
    measured: (results) => stepRatio(results, miniStep, 'jax'),
  },
  {
    text: 'MiniLM step: ours / PyTorch, tuned',
    part: 'step',
    bound: { atMost: 1.3 },
    format: times,
    measured: (results) => 1 / stepRatio(results, miniStep, 'torch'),
  },
  {
    text: 'BERT-base step: ours / PyTorch, tuned',
    part: 'step',
    bound: { atMost: 1.6 },
    format: times,
    measured: (results) => 1 / stepRatio(results, baseStep, 'torch'),
  },
  {
    text: 'BERT-base step: ours / PyTorch, as is',
    part: 'step',
    bound: { atMost: 1 },
    format: times,
    measured: (results) => 1 / stepRatio(results, baseStep, 'torch-as-is'),
  },
  {
    text: 'epoch of MRPC: ours / PyTorch with dynamic padding',
    part: 'epoch',
    bound: { atMost: 0.75 },
    format: times,
    measured: (results) => epochRatio(results, 'random'),
  },
  {
    text: 'epoch of MRPC: ours / PyTorch with sorted lengths',
    part: 'epoch',
    bound: { atMost: 1 },
    format: times,
    measured: (results) => epochRatio(results, 'sorted'),
  },
  {
    text: 'tokenizers, real texts: throughput of ours / Rust, the slowest kind',
    part: 'tokenizer',
    bound: { atLeast: 0.3 },
    format: times,
    measured: (results) => tokenizerRatio(results, 'rust-tokenizers'),
  },
  {
    text: 'tokenizers, real texts: throughput of ours / @huggingface/tokenizers, the slowest kind',
    part: 'tokenizer',
    bound: { atLeast: 3 },
    format: times,
    measured: (results) => tokenizerRatio(results, 'hf-tokenizers'),
  },
  {
    text: 'SNIP: training steps per batch',
    part: 'scoring',
    bound: { atMost: 1.1 },
    format: digits,
    measured: (results) => score(results, 'snip'),
  },
  {
    text: 'GraSP: training steps per batch',
    part: 'scoring',
    bound: { atMost: 4 },
    format: digits,
    measured: (results) => score(results, 'grasp'),
  },
  {
    text: 'peak memory of a step: ours / PyTorch, tuned',
    part: 'step',
    bound: { atMost: 1 },
    format: times,
    measured: (results) => memoryRatio(results, 'ours'),
  },
  {
    text: 'MiniLM step: two threads over one',
    part: 'scaling',
    bound: { atLeast: 1.8 },
    format: times,
    measured: threadGain,
  },
  ...[miniStep, baseStep].flatMap((name, i): Target[] => {
    const what = ['MiniLM step', 'BERT-base step'][i];
    const over = (peer: PeerName) => (results: Results) => int8Over(results, name, peer);
    const shared = { part: 'step', format: times } as const;
    return [
      {
        ...shared,
        text: `${what}: int8 / PyTorch, tuned, with AVX-512`,
        isFor: has('avx512f'),
        bound: { atMost: 0.5 },
        measured: over('torch'),
      },
      {
        ...shared,
        text: `${what}: int8 / PyTorch, tuned, without AVX-512`,
        isFor: hasNot('avx512f'),
        bound: { atMost: 0.7 },
        measured: over('torch'),
      },
      {
        ...shared,
        text: `${what}: int8 / PyTorch of Debian, tuned`,
        bound: { atMost: 0.7 },
        measured: over('torch-debian'),
      },
      {
        ...shared,
        text: `${what}: int8 / PyTorch, bfloat16 autocast`,
        isFor: has('avx512_bf16', 'avx512_vnni'),
        bound: { atMost: 0.95 },
        measured: over('torch-bfloat16'),
      },
    ];
  }),
  ...[mini, base].flatMap((name, i): Target[] => {
    const what = ['MiniLM forward pass', 'BERT-base forward pass'][i];
    const shared = { part: 'step', bound: { atMost: 0.5 }, format: times } as const;
    const over = (peer: PeerName) => (results: Results) => int8Over(results, stepName(name, 'forward'), peer);
    return [
      { ...shared, text: `${what}: int8 / float32, both ours`, measured: over('ours') },
      { ...shared, text: `${what}: int8 / PyTorch, tuned`, measured: over('torch') },
    ];
  }),
  {
    text: 'epoch of MRPC: int8 / PyTorch with dynamic padding',
    part: 'epoch',
    bound: { atMost: 0.35 },
    format: times,
    measured: (results) => epochRatio(results, 'random', 'ours-int8'),
  },
  {
    text: 'epoch of MRPC: int8 / PyTorch with sorted lengths',
    part: 'epoch',
    bound: { atMost: 0.5 },
    format: times,
    measured: (results) => epochRatio(results, 'sorted', 'ours-int8'),
  },
  {
    text: 'peak memory of a step: int8 / PyTorch, tuned',
    part: 'step',
    bound: { atMost: 0.5 },
    format: times,
    measured: (results) => memoryRatio(results, 'ours-int8'),
  },
  sparseTarget(0.25, 'masked', 0.45),
  sparseTarget(0.4, 'masked', 0.65),
  sparseTarget(0.25, 'small', 1.5),
  {
    text: 'step with an adapter of four times the width and as many weights / the small one',
    part: 'sparse',
    bound: { atMost: 1.08 },
    format: times,
    measured: (results) => worstStep(of(results, 'sparse')),
  },
  {
    text: 'peak memory of a run of BERT-base: int8 / float32',
    part: 'memory',
    bound: { atMost: 0.6 },
    format: times,
    measured: runMemoryRatio,
  },
];

/** The targets that are set for these machines, with what was measured. */
export function targetTable(results: Results): Table {
  const rows = targets.flatMap(({ text, part, isFor, bound, format, measured }) => {
    const machine = results[part]?.machine;
    if (isFor && !(machine && isFor(machine))) return [];
    const value = measured(results);
    const met = 'atLeast' in bound ? value >= bound.atLeast : value <= bound.atMost;
    const limit = 'atLeast' in bound ? `>= ${format(bound.atLeast)}` : `<= ${format(bound.atMost)}`;
    const isMeasured = !Number.isNaN(value);
    return [[text, limit, format(value), isMeasured ? (met ? 'yes' : 'no') : '–', (isMeasured && machine?.cpu) || '–']];
  });
  return { title: 'Ratios of one run', head: ['', 'target', 'measured', 'met', 'processor'], rows, notes: [] };
}
