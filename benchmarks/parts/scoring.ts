import { type Measured, type Measurement, measure, type Runner } from '../measure.ts';
import { type Context, notes, type Part, ratioToFirst, runnerFor, takingPart } from '../part.ts';
import { peers } from '../peers.ts';
import type { Workload } from '../plan.ts';
import { median } from '../statistics.ts';
import { digits, mebibytes, milliseconds, type Table } from '../table.ts';
import { taskOf } from './step.ts';

const methods = ['snip', 'grasp'] as const;
type Method = (typeof methods)[number];

const batches = ({ task }: Measured): number => ('batches' in task ? task.batches.length : 1);

/** One training step, then the scores of all batches, for each peer. */
function runners(workload: Workload, context: Context): Runner[] {
  return takingPart('snip', context, workload.peers).flatMap((peer) =>
    (['train', ...methods] as const)
      .filter((kind) => peers[peer].kinds.includes(kind))
      .map((kind) => {
        const what = kind !== 'train' && peers[peer].backboneDtype ? `${kind}, then packed` : kind;
        return runnerFor(peer, context.threads, taskOf(workload, kind), what);
      }),
  );
}

const ofKind = ({ runners }: Measurement, peer: string, kind: string): Measured | undefined =>
  runners.find((runner) => runner.peer === peer && runner.task.kind === kind);

/** How many training steps a score takes per batch. Ours is measured in turns with the step. */
export function stepsPerBatch(measurement: Measurement, peer: string, method: Method): number {
  const [score, train] = [ofKind(measurement, peer, method), ofKind(measurement, peer, 'train')];
  if (!score || !train) return Number.NaN;
  const ratio = peer === 'ours' ? ratioToFirst(score) : median(score.seconds) / median(train.seconds);
  return ratio / batches(score);
}

/** SNIP and GraSP against a training step on the same batch. */
export const scoring: Part = {
  title: 'Scores for pruning',

  async measure(context) {
    const measurements: Measurement[] = [];
    for (const workload of context.plan.scoring.workloads) {
      context.onMeasure(workload.name);
      measurements.push(await measure(workload.name, runners(workload, context), context.plan.scoring.effort));
    }
    return measurements;
  },

  tables(measurements): Table[] {
    return measurements.map((measurement) => ({
      title: measurement.name,
      head: ['', 'ms per batch, median', 'training steps', 'peak memory'],
      rows: measurement.runners.map((runner) => [
        runner.label,
        milliseconds(median(runner.seconds) / (runner.task.kind === 'train' ? 1 : batches(runner))),
        runner.task.kind === 'train'
          ? '1'
          : digits(stepsPerBatch(measurement, runner.peer, runner.task.kind as Method)),
        mebibytes(runner.peakBytes),
      ]),
      notes: notes([measurement]),
    }));
  },
};
