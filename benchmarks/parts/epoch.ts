import { chunks } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import { type Measured, type Measurement, measure, type Runner } from '../measure.ts';
import { type Context, find, notes, type Part, runnerFor, takingPart } from '../part.ts';
import { peers } from '../peers.ts';
import type { PeerName, Plan } from '../plan.ts';
import { sum } from '../statistics.ts';
import { digits, mebibytes, type Table } from '../table.ts';

const orders = ['random', 'sorted'] as const;
type Order = (typeof orders)[number];

const TRAINING = 'training';
const END_TO_END = 'end to end';

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
      measurements.push(
        await measure(END_TO_END, [runner], { warmUp: { rounds: 0, seconds: 0 }, rounds: 1, seconds: 1 }),
      );
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
    return tables;
  },
};
