import { type Measurement, measure, type Runner } from '../measure.ts';
import { notes, type Part } from '../part.ts';
import { peers } from '../peers.ts';
import { sum } from '../statistics.ts';
import { milliseconds, percent, type Table } from '../table.ts';

/** Kernels with less than this share of a step are added up. */
const SMALL = 0.01;

/** Where the time of a training step goes, by kernel. */
export const profile: Part = {
  title: 'Profile of the training step',

  async measure({ plan, threads, onMeasure }) {
    const measurements: Measurement[] = [];
    for (const { name, model, bottleneck, sparsity, batches } of plan.step.workloads) {
      onMeasure(name);
      const task = { kind: 'profile', perRun: plan.profile.steps, model, bottleneck, sparsity, batches } as const;
      const runner: Runner = { label: peers.ours.title, peer: 'ours', threads, task };
      measurements.push(await measure(name, [runner], plan.profile.effort));
    }
    return measurements;
  },

  tables(measurements): Table[] {
    return measurements.map((measurement) => {
      const [{ task, parts = {} }] = measurement.runners;
      const steps = task.kind === 'profile' ? task.perRun : Number.NaN;
      const whole = sum(Object.values(parts));
      const row = (name: string, seconds: number) => [name, milliseconds(seconds / steps), percent(seconds / whole)];
      const sorted = Object.entries(parts).toSorted(([, a], [, b]) => b - a);
      const large = sorted.filter(([, seconds]) => seconds >= SMALL * whole);
      const small = sorted.slice(large.length).map(([, seconds]) => seconds);
      return {
        title: measurement.name,
        head: ['', 'ms', 'share'],
        rows: [...large.map(([name, seconds]) => row(name, seconds)), row(`${small.length} others`, sum(small))],
        notes: notes([measurement]),
      };
    });
  },
};
