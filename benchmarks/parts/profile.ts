import { type Measured, type Measurement, measure } from '../measure.ts';
import { type Context, notes, type Part, runnerFor, takingPart } from '../part.ts';
import { sum } from '../statistics.ts';
import { digits, milliseconds, percent, type Table } from '../table.ts';
import type { ModelTask } from '../tasks.ts';

/** Kernels with less than this share of a step are added up. */
const SMALL = 0.01;

/** Where the time of a training step goes, by kernel, and what the large ones reach. */
export const profile: Part = {
  title: 'Profile of the training step',

  async measure(context: Context) {
    const { plan, threads, onMeasure } = context;
    const measurements: Measurement[] = [];
    for (const { name, model, bottleneck, sparsity, batches } of plan.step.workloads) {
      onMeasure(name);
      const task = { kind: 'profile', perRun: plan.profile.steps, model, bottleneck, sparsity, batches } as const;
      const runners = takingPart('profile', context).map((peer) => runnerFor(peer, threads, task));
      measurements.push(await measure(name, runners, plan.profile.effort));
    }
    return measurements;
  },

  tables(measurements): Table[] {
    return measurements.flatMap(({ name, runners }) =>
      runners.map((runner, i) => ({
        ...tableOf(runner),
        title: i === 0 ? name : `${name}: ${runner.label}`,
        notes: notes([{ name, runners: [runner] }]),
      })),
    );
  },
};

function tableOf({ task, parts = {} }: Measured): Pick<Table, 'head' | 'rows'> {
  const steps = task.kind === 'profile' ? task.perRun : Number.NaN;
  const whole = sum(Object.values(parts));
  const row = (name: string, seconds: number) => [name, milliseconds(seconds / steps), percent(seconds / whole)];
  const work = task.kind === 'profile' ? operationsOf(task) : {};
  const rate = (name: string, seconds: number) => (work[name] ? digits((work[name] * steps) / seconds / 1e9) : '');
  const sorted = Object.entries(parts).toSorted(([, a], [, b]) => b - a);
  const large = sorted.filter(([, seconds]) => seconds >= SMALL * whole);
  const small = sorted.slice(large.length).map(([, seconds]) => seconds);
  return {
    head: ['', 'ms', 'share', 'GOP/s'],
    rows: [
      ...large.map(([name, seconds]) => [...row(name, seconds), rate(name, seconds)]),
      [...row(`${small.length} others`, sum(small)), ''],
    ],
  };
}

/** Multiplications and additions of a training step in the kernels that do nothing else. */
function operationsOf({ model, batches: [lengths] }: ModelTask): Readonly<Record<string, number>> {
  const { layers, hidden, intermediate } = model;
  const tokens = sum(lengths);
  const attention = 4 * hidden ** 2;
  const feedForward = 2 * hidden * intermediate;
  // Backwards, the first layer ends at the adapter after its attention.
  const linears = (2 * layers - 1) * (attention + feedForward) + feedForward;
  const scores = 2 * hidden * sum(lengths.map((length) => length ** 2));
  return {
    multiplyInt8: 2 * tokens * linears,
    attention: 2 * layers * scores,
    attentionBackward: 5 * (layers - 1) * scores,
  };
}
