import { type Measured, type Measurement, measure, type Runner } from '../measure.ts';
import { type Context, find, notes, type Part, ratioToFirst, runnerFor, takingPart } from '../part.ts';
import { batchOf, type Plan } from '../plan.ts';
import { least, median, sum } from '../statistics.ts';
import { digits, mebibytes, milliseconds, type Table, times } from '../table.ts';
import type { Task } from '../tasks.ts';

const STEP = 'training step';

/** The searches of a batch: the first one is what the others are compared with. */
function searches({ model, sourceTokens, tokens, beams }: Plan['generation'], batch: number): [string, Task][] {
  const shared = { kind: 'write', model, sources: batchOf(batch, sourceTokens), tokens } as const;
  return [
    ['greedy', { ...shared, beams: 1, cached: true }],
    ['greedy without cache', { ...shared, beams: 1, cached: false }],
    [`${beams} beams`, { ...shared, beams, cached: true }],
  ];
}

const runnersOf = (task: Task, context: Context, name?: string): Runner[] =>
  takingPart(task.kind, context, ['ours', 'ours-int8']).map((peer) => ({
    ...runnerFor(peer, context.threads, task),
    ...(name && { label: peer === 'ours' ? name : `${name}, int8` }),
  }));

/** Tokens written in one run. */
const written = ({ task }: Measured): number =>
  task.kind === 'write' ? task.sources.length * task.tokens : Number.NaN;

/** Training and use of an encoder-decoder with adapters: how many tokens it reads and writes in a second. */
export const generation: Part = {
  title: 'Encoder-decoder: training step and generation',

  async measure(context) {
    const plan = context.plan.generation;
    const { model, bottleneck, sparsity, pairs } = plan;
    const measured = (name: string, runners: readonly Runner[]) => {
      context.onMeasure(name);
      return measure(name, runners, plan.effort);
    };
    const train = { kind: 'train-pairs', model, bottleneck, sparsity, pairs } as const;
    const measurements = [await measured(STEP, runnersOf(train, context))];
    for (const batch of plan.batchSizes) {
      const runners = searches(plan, batch).flatMap(([name, task]) => runnersOf(task, context, name));
      measurements.push(await measured(`texts at a time: ${batch}`, runners));
    }
    return measurements;
  },

  tables(measurements): Table[] {
    const step = find(measurements, STEP);
    const texts = measurements.filter((measurement) => measurement !== step);
    return [...(step ? [stepTable(step)] : []), ...(texts.length > 0 ? [textTable(texts)] : [])];
  },
};

function stepTable(measurement: Measurement): Table {
  return {
    title: 'Training step',
    head: ['', 'ms, median', 'ms, best', 'tokens/s', 'peak memory'],
    rows: measurement.runners.map(({ label, task, seconds, peakBytes }) => [
      label,
      milliseconds(median(seconds)),
      milliseconds(least(seconds)),
      digits(task.kind === 'train-pairs' ? sum(task.pairs.flat()) / median(seconds) : Number.NaN),
      mebibytes(peakBytes),
    ]),
    notes: notes([measurement]),
  };
}

function textTable(measurements: readonly Measurement[]): Table {
  return {
    title: 'Generation',
    head: ['', 'texts at a time', 'tokens/s', 'ms per text', 'times greedy', 'peak memory'],
    rows: measurements.flatMap(({ runners }) =>
      runners.map((runner, i) => {
        const batch = runner.task.kind === 'write' ? runner.task.sources.length : Number.NaN;
        return [
          runner.label,
          String(batch),
          digits(written(runner) / median(runner.seconds)),
          milliseconds(median(runner.seconds) / batch),
          i === 0 ? '' : times(ratioToFirst(runner)),
          mebibytes(runner.peakBytes),
        ];
      }),
    ),
    notes: notes(measurements),
  };
}
