import type * as v from 'valibot';
import { type ExperimentRow, experiments } from '../../src/experiments/index.ts';
import { readTextFile } from '../../src/io/files.ts';
import { parseJson } from '../../src/io/json.ts';
import { completed, runInputs } from '../../src/queue/run-inputs.ts';
import {
  isRecord,
  nonEmptyText,
  nonNegative,
  orNone,
  parseWith,
  positiveInteger,
  strictFields,
  type ValueOf,
} from '../../src/settings/index.ts';
import { type RunSettings, storedSettings } from '../../src/training/index.ts';
import { tableOf } from './results-tables.ts';

/** What `benchmarks/method-costs.ts` writes of a method. */
export type MethodCost = ValueOf<typeof methodCost>;
const methodCost = strictFields({
  ...{ experiment: nonEmptyText, row: nonEmptyText, task: nonEmptyText, seed: positiveInteger, hash: nonEmptyText },
  inputs: runInputs,
  settings: storedSettings as v.GenericSchema<unknown, RunSettings>,
  steps: positiveInteger,
  trained_parameters: strictFields({ adapter: positiveInteger, head: positiveInteger }),
  /** Of the pruning, and of one step. */
  cpu_seconds: strictFields({ pruning: nonNegative, step: nonNegative }),
  peak_memory_bytes: positiveInteger,
  /** Of the weights: in our file, and in those of libraries that have the adapter. */
  file_bytes: strictFields({
    sparse: positiveInteger,
    peft: orNone(positiveInteger),
    adapterhub: orNone(positiveInteger),
  }),
});

/** The lines of docs/results/costs.jsonl. @throws InputError for one that is none */
export const readCosts = (path: string): MethodCost[] =>
  readTextFile(path)
    .trim()
    .split('\n')
    .map((line, i) => {
      const json = parseJson(line, `line ${i + 1}`);
      const filled = isRecord(json) ? { ...json, settings: completed(json.settings) } : json;
      return parseWith(methodCost, filled, `line ${i + 1}`);
    });

const megabytes = (bytes: number | null): string => (bytes === null ? '–' : `${(bytes / 1e6).toFixed(2)} MB`);

/** Weights, files, memory and CPU seconds by method. */
export function costTable(costs: readonly MethodCost[]): string {
  const rows = costs.map((cost) => {
    const { file_bytes: files, cpu_seconds: seconds } = cost;
    const own = experiments.find(({ name }) => name === cost.experiment)?.rows.find(({ id }) => id === cost.row);
    if (!own) throw new Error(`${cost.experiment} has no method ${cost.row}.`);
    return [
      own.title,
      cost.trained_parameters.adapter.toLocaleString('en'),
      megabytes(files.sparse),
      megabytes(files.peft ?? files.adapterhub),
      `${(cost.peak_memory_bytes / 2 ** 20).toFixed(0)} MiB`,
      seconds.pruning.toFixed(1),
      seconds.step.toFixed(2),
    ];
  });
  const head = ['', 'trained weights', 'file', 'for PEFT or AdapterHub', 'memory', 'pruning, CPU s', 'a step, CPU s'];
  return tableOf(head, rows);
}

/** CPU seconds of a method beside those of the dense adapter: how much a step takes in its steps, and what the pruning takes. */
export function costOf(costs: readonly MethodCost[], { id, pruning }: Pick<ExperimentRow, 'id' | 'pruning'>) {
  const secondsOf = (row: string) => costs.find((cost) => cost.row === row)?.cpu_seconds;
  const dense = secondsOf('adapter')?.step;
  const own = secondsOf(id)?.step;
  return {
    stepRatio: dense === undefined || own === undefined ? 1 : own / dense,
    pruning: (secondsOf(id) ?? secondsOf(pruning))?.pruning ?? 0,
  };
}
