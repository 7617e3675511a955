import { join } from 'node:path';
import { loadSparseTensors, toSparseTensors } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import {
  type OutputFolder,
  OVERWRITE,
  openSafetensors,
  parseJson,
  readFiniteFloats,
  type SafetensorsFile,
  serializeSafetensors,
  type TensorData,
} from '../io/index.ts';
import type { Parameter } from '../nn/index.ts';
import type { AdamWState } from '../optim/index.ts';
import { parseWith } from '../settings/index.ts';
import { checkPlugins } from './plugins.ts';
import { type CheckpointHeader, checkpointHeader } from './records.ts';
import { CHECKPOINT, hasCheckpoint, isFinishedRun } from './run-folder.ts';

/** Before the name of a parameter: its weights at the best evaluation. */
const BEST = 'best.';

/** Facts about the run in a checkpoint, beside the number of steps. */
export type CheckpointFacts = Omit<CheckpointHeader, 'step'>;

/**
 * Writes the position of a run, its weights, the optimiser's moments and the weights that are kept in one file.
 *
 * @param options.kept the weights of the best evaluation so far, if they are kept
 * @param options.isLast whether the run stops here, so that it may take the space that was kept
 */
export async function saveCheckpoint(
  output: OutputFolder,
  header: CheckpointFacts,
  parameters: readonly Parameter[],
  optimizer: AdamWState,
  { isLast, kept }: { readonly isLast: boolean; readonly kept?: ReadonlyMap<string, Float32Array> | null },
): Promise<void> {
  const { tensors, metadata } = await toSparseTensors(parameters);
  const moments = [...optimizer.moments].flatMap(([name, moment]) =>
    (['m', 'v'] as const).map((key): TensorData => {
      const data = Float32Array.from(moment[key]);
      return { name: `adam.${key}.${name}`, dtype: 'F32', shape: [data.length], data };
    }),
  );
  const best = [...(kept ?? [])].map(([name, data]): TensorData => {
    return { name: `${BEST}${name}`, dtype: 'F32', shape: [data.length], data };
  });
  const run = JSON.stringify({ ...header, step: optimizer.step } satisfies CheckpointHeader);
  const bytes = serializeSafetensors([...tensors, ...moments, ...best], { ...metadata, run });
  output.writeFile(CHECKPOINT, bytes, { useReserve: isLast });
}

function headerOf({ label, metadata }: SafetensorsFile): CheckpointHeader {
  if (metadata.run === undefined) {
    throw new InputError(`${label} is not the checkpoint of a run; begin again with ${OVERWRITE}.`);
  }
  const remedy = `Begin again with ${OVERWRITE}, or use the version of sparse-adapter that wrote it.`;
  const run = parseJson(metadata.run, `${label}: run`);
  checkPlugins(run, label);
  return parseWith(checkpointHeader, run, `${label}: run`, remedy);
}

/**
 * A moment of the optimiser, of the size of its parameter's value. Earlier versions stored it for pruned weights too, as 0.
 *
 * @throws InputError if it does not fit its parameter, or is none
 */
function moment(file: SafetensorsFile, key: 'm' | 'v', { name, size, value, pattern }: Parameter): Float32Array {
  const tensor = `adam.${key}.${name}`;
  const stored = readFiniteFloats(file, tensor);
  const mask = stored.length === size ? pattern?.mask() : undefined;
  const values = mask ? stored.filter((_, i) => mask[i] !== 0) : stored;
  const problem =
    values.length !== value.size
      ? `has ${values.length} numbers, the parameter ${value.size}`
      : key === 'v' && values.some((value) => value < 0)
        ? 'has negative numbers, which a mean of squares has not'
        : null;
  if (problem === null) return values;
  throw new InputError(`${file.label}: tensor "${tensor}" ${problem}; begin again with ${OVERWRITE}.`);
}

/** The weights of the best evaluation; null if the run has none. @throws InputError if some are missing or do not fit */
function keptIn(file: SafetensorsFile, parameters: readonly Parameter[]): ReadonlyMap<string, Float32Array> | null {
  if (!file.names().some((name) => name.startsWith(BEST))) return null;
  return new Map(
    parameters.map(({ name, value }) => {
      const values = readFiniteFloats(file, `${BEST}${name}`);
      if (values.length === value.size) return [name, values];
      throw new InputError(
        `${file.label}: tensor "${BEST}${name}" has ${values.length} numbers, the parameter ${value.size}; begin again with ${OVERWRITE}.`,
      );
    }),
  );
}

/**
 * Restores the weights and masks of a stopped run.
 *
 * @returns the header, the optimiser's state, and the weights of the best evaluation where they are kept
 * @throws InputError if there is no checkpoint or it is of other parameters
 */
export function loadCheckpoint(
  folder: string,
  parameters: readonly Parameter[],
): { header: CheckpointHeader; optimizer: AdamWState; kept: ReadonlyMap<string, Float32Array> | null } {
  const file = openSafetensors(join(folder, CHECKPOINT));
  try {
    const header = headerOf(file);
    loadSparseTensors(file, parameters, (name) => /^(adam|best)\./.test(name));
    const trained = parameters.filter(({ trainable }) => trainable);
    const moments = new Map(
      trained.map((parameter) => [
        parameter.name,
        { m: moment(file, 'm', parameter), v: moment(file, 'v', parameter) },
      ]),
    );
    return { header, optimizer: { step: header.step, moments }, kept: keptIn(file, trained) };
  } finally {
    file.close();
  }
}

/** Reads the checkpoint header of the stopped run in a folder. @throws InputError if there is none */
export function readStoppedRun(folder: string): CheckpointHeader {
  if (!hasCheckpoint(folder)) {
    const hint = isFinishedRun(folder) ? 'its run is finished' : 'start the run without --resume (resume: true)';
    throw new InputError(`${folder} has no ${CHECKPOINT} to resume from: ${hint}.`);
  }
  const file = openSafetensors(join(folder, CHECKPOINT));
  try {
    return headerOf(file);
  } finally {
    file.close();
  }
}
