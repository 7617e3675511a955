import { type Measured, type Measurement, measure, type Runner } from '../measure.ts';
import { type Context, notes, type Part, ratioToFirst, runnerFor, takingPart } from '../part.ts';
import type { Workload } from '../plan.ts';
import { least, median, sum } from '../statistics.ts';
import { mebibytes, milliseconds, type Table, times } from '../table.ts';
import type { Task } from '../tasks.ts';

const kinds = ['forward', 'train'] as const;
type Kind = (typeof kinds)[number];

export const stepName = (workload: string, kind: Kind): string => `${workload}: ${kind}`;

/** The task of a workload. */
export function taskOf(
  { model, bottleneck, sparsity, openMasks, batches }: Omit<Workload, 'name' | 'peers'>,
  kind: Kind | 'snip' | 'grasp',
): Task {
  const shared = { model, bottleneck, sparsity, openMasks, batches };
  return kind === 'train' ? { kind, perRun: 1, ...shared } : { kind, ...shared };
}

function runners(workload: Workload, kind: Kind, context: Context): Runner[] {
  return takingPart(kind, context, workload.peers).map((peer) =>
    runnerFor(peer, context.threads, taskOf(workload, kind)),
  );
}

/** Tokens of one run, padding not counted. */
export function tokensOf({ task }: Measured): number {
  return 'batches' in task ? sum(task.batches.flat()) : Number.NaN;
}

/** One forward pass and one training step with adapters, 40 % of whose weights are masked. */
export const step: Part = {
  title: 'Training step and forward pass',

  async measure(context) {
    const measurements: Measurement[] = [];
    for (const workload of context.plan.step.workloads) {
      for (const kind of kinds) {
        const name = stepName(workload.name, kind);
        context.onMeasure(name);
        measurements.push(await measure(name, runners(workload, kind, context), context.plan.step.effort));
      }
    }
    return measurements;
  },

  tables(measurements): Table[] {
    const titles = { forward: 'forward pass', train: 'training step' };
    return measurements.map((measurement) => {
      const { runners } = measurement;
      const [workload, kind] = measurement.name.split(': ') as [string, Kind];
      return {
        title: `${workload}, ${titles[kind]}`,
        head: ['', 'ms, median', 'ms, best', 'tokens/s', 'times ours', 'peak memory'],
        rows: runners.map((runner, i) => [
          runner.label,
          milliseconds(median(runner.seconds)),
          milliseconds(least(runner.seconds)),
          String(Math.round(tokensOf(runner) / median(runner.seconds)) || '–'),
          i === 0 ? '' : times(ratioToFirst(runner)),
          mebibytes(runner.peakBytes),
        ]),
        notes: notes([measurement]),
      };
    });
  },
};
