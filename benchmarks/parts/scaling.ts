import { type Measured, type Measurement, measure, type Runner } from '../measure.ts';
import { type Context, notes, type Part, ratioToFirst, takingPart } from '../part.ts';
import { peers } from '../peers.ts';
import { batchOf } from '../plan.ts';
import { median } from '../statistics.ts';
import { digits, milliseconds, type Table, times } from '../table.ts';
import { taskOf, tokensOf } from './step.ts';

interface Case {
  /** The quantity that varies, and its value: `tokens per sequence 32`. */
  readonly name: string;
  readonly sequenceLength: number;
  readonly bottleneck: number;
}

const LENGTH = 'tokens per sequence';
const BOTTLENECK = 'bottleneck';

function cases({ scaling }: Context['plan']): Case[] {
  const { sequenceLengths, sequenceLength, bottleneck, bottlenecks } = scaling;
  return [
    ...sequenceLengths.map((length) => ({ name: `${LENGTH} ${length}`, sequenceLength: length, bottleneck })),
    ...bottlenecks.map((width) => ({ name: `${BOTTLENECK} ${width}`, sequenceLength, bottleneck: width })),
  ];
}

/** A training step with all threads, with one, and by PyTorch. */
function runners({ sequenceLength, bottleneck }: Case, context: Context): Runner[] {
  const { model, sparsity, tokens } = context.plan.scaling;
  const batches = [batchOf(tokens / sequenceLength, sequenceLength)];
  const task = taskOf({ model, bottleneck, sparsity, batches }, 'train');
  return takingPart('train', context, ['ours', 'torch']).flatMap((peer) =>
    [...new Set([context.threads, 1])].map((threads) => ({
      label: `${peers[peer].title}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
      peer,
      threads,
      task,
    })),
  );
}

/** The time of a runner over that of ours with all threads; NaN if it did not take part. */
function timeOverOurs({ runners }: Measurement, matches: (runner: Measured, first: Measured) => boolean): number {
  const [first, ...others] = runners;
  const runner = others.find((other) => matches(other, first));
  return runner ? ratioToFirst(runner) : Number.NaN;
}

/** How many times as fast all threads are as one. */
export const speedUp = (measurement: Measurement): number => timeOverOurs(measurement, ({ peer }) => peer === 'ours');

const torchOverOurs = (measurement: Measurement): number =>
  timeOverOurs(measurement, ({ peer, threads }, first) => peer === 'torch' && threads === first.threads);

/** The training step by length of the sequences, by bottleneck and by threads. */
export const scaling: Part = {
  title: 'Scaling of the training step',

  async measure(context) {
    const measurements: Measurement[] = [];
    for (const one of cases(context.plan)) {
      context.onMeasure(one.name);
      measurements.push(await measure(one.name, runners(one, context), context.plan.scaling.effort));
    }
    return measurements;
  },

  tables(measurements): Table[] {
    return [LENGTH, BOTTLENECK].flatMap((varied) => {
      const rows = measurements.filter(({ name }) => name.startsWith(varied));
      if (rows.length === 0) return [];
      const speed = (runner: Measured) => digits(tokensOf(runner) / median(runner.seconds));
      return [
        {
          title: `By ${varied}`,
          head: [
            varied,
            ...rows[0].runners.map(({ label }) => `${label}, ms`),
            'tokens/s',
            'speed-up',
            'PyTorch / ours',
          ],
          rows: rows.map((measurement) => [
            measurement.name.slice(varied.length + 1),
            ...measurement.runners.map(({ seconds }) => milliseconds(median(seconds))),
            speed(measurement.runners[0]),
            times(speedUp(measurement)),
            times(torchOverOurs(measurement)),
          ]),
          notes: notes(rows),
        },
      ];
    });
  },
};
