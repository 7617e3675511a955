import { type Measurement, measure } from '../measure.ts';
import { notes, type Part, ratioToFirst, runnerFor, takingPart } from '../part.ts';
import { batchOf } from '../plan.ts';
import { median } from '../statistics.ts';
import { milliseconds, type Table, times } from '../table.ts';
import { taskOf } from './step.ts';

/** Forward passes of one short text, on one thread, as a program that answers requests makes them. */
export const text: Part = {
  title: 'One short text',

  async measure(context) {
    const { effort, workload, tokens } = context.plan.text;
    const measurements: Measurement[] = [];
    for (const count of tokens) {
      const name = `${count} tokens`;
      context.onMeasure(name);
      const task = taskOf({ ...workload, batches: [batchOf(1, count)] }, 'forward');
      const runners = takingPart('forward', context, workload.peers).map((peer) => runnerFor(peer, 1, task));
      measurements.push(await measure(name, runners, effort));
    }
    return measurements;
  },

  tables(measurements): Table[] {
    const head = measurements[0]?.runners.map(({ label }) => label) ?? [];
    return [
      {
        title: 'MiniLM, milliseconds of the median, and how many times as long a peer takes',
        head: ['', ...head],
        rows: measurements.map(({ name, runners: [ours, ...others] }) => [
          name,
          milliseconds(median(ours.seconds)),
          ...others.map((other) => `${milliseconds(median(other.seconds))} (${times(ratioToFirst(other))})`),
        ]),
        notes: notes(measurements),
      },
    ];
  },
};
