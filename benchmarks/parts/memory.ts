import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { writeCheckpoint } from '../checkpoint.ts';
import { type Measured, type Measurement, measure } from '../measure.ts';
import { writePairs } from '../pairs-folder.ts';
import { notes, type Part, runnerFor, takingPart } from '../part.ts';
import { digits, mebibytes, type Table, times } from '../table.ts';
import { once } from './once.ts';

const stored = { F32: 'float32', F16: 'float16' } as const;

/** The most memory over that of the first runner. */
export const memoryOverFirst = ({ peakBytes }: Measured, [first]: readonly Measured[]): number =>
  peakBytes / first.peakBytes;

/** The measurement as it is told: its temporary folders say nothing elsewhere. */
const withoutFolders = ({ runners, ...measurement }: Measurement): Measurement => ({
  ...measurement,
  runners: runners.map((runner) => {
    const { task } = runner;
    return task.kind === 'program'
      ? { ...runner, task: { ...task, model: basename(task.model), data: 'pairs' } }
      : runner;
  }),
});

/** A run of a large model from the command line, from a checkpoint of either type. */
export const memory: Part = {
  title: 'Memory of a run',

  async measure(context) {
    const { model, pairs, batchSize, rank } = context.plan.memory;
    const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-memory-'));
    try {
      writePairs(pairs, folder);
      const measurements: Measurement[] = [];
      for (const dtype of ['F32', 'F16'] as const) {
        const name = `BERT-base, checkpoint in ${stored[dtype]}`;
        context.onMeasure(name);
        const checkpoint = join(folder, dtype);
        writeCheckpoint(model, dtype, checkpoint);
        const task = { kind: 'program', model: checkpoint, data: folder, batchSize, rank } as const;
        const runners = takingPart('program', context).map((peer) => runnerFor(peer, context.threads, task));
        measurements.push(withoutFolders(await measure(name, runners, once)));
      }
      return measurements;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },

  tables(measurements): Table[] {
    return measurements.map((measurement) => ({
      title: measurement.name,
      head: ['', 'peak memory', 'times the first', 'seconds'],
      rows: measurement.runners.map((runner, i) => [
        runner.label,
        mebibytes(runner.peakBytes),
        i === 0 ? '' : times(memoryOverFirst(runner, measurement.runners)),
        digits(runner.seconds[0] ?? Number.NaN),
      ]),
      notes: notes([measurement]),
    }));
  },
};
