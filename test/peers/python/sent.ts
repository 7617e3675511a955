import { join } from 'node:path';
import { temporaryFolder } from '../../io/temporary.ts';
import type { Destination } from './destinations.ts';
import { exported, type PeerRun } from './export.ts';
import type { Job } from './script.ts';
import { inputsFor, optionsOf, tasks } from './tasks.ts';

export interface ReadJob extends Job {
  readonly adapter: string;
  readonly saved?: string;
}

/** A run on its way to a destination. */
export interface Sent {
  readonly destination: Destination;
  readonly run: PeerRun;
  readonly job: ReadJob | null;
  /** What Python must compute. */
  readonly expected?: PeerRun['outputs'];
  /** Why it cannot be written. */
  readonly reason?: string;
}

/** Writes a run for a destination, and the job for Python. */
export async function sent(run: PeerRun, destination: Destination): Promise<Sent> {
  const written = await exported(run, destination.format);
  if (written.folder === undefined) return { destination, run, job: null, reason: written.reason };
  const { folder, warnings } = written;
  // What is said to differ is not compared.
  const ofPairs = !warnings.some((line) => line.includes('outputs for pairs of texts differ'));
  const inputs = inputsFor(run);
  const isCompared = inputs.map(({ token_type_ids }) => ofPairs || !token_type_ids);
  const { auto } = tasks[run.task];
  const isCheckpoint = destination.format === 'huggingface';
  const job = {
    id: `${run.id} ${destination.title}`,
    script: destination.script,
    model: isCheckpoint ? folder : run.model,
    class: auto,
    // A checkpoint says itself what it is.
    options: isCheckpoint ? {} : { ...optionsOf(run), dtype: 'float32' },
    adapter: folder,
    inputs: inputs.filter((_, i) => isCompared[i]),
    ...destination.fields,
    ...(destination.saves && { saved: join(temporaryFolder(), 'saved') }),
  };
  return { destination, run, job, expected: run.outputs.filter((_, i) => isCompared[i]) };
}
