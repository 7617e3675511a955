import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { downloadInputs, type RunSettings } from '../training/index.ts';
import { dataDigest, modelDigests } from './run-inputs.ts';
import type { RunJob } from './run-job.ts';

/** Where a worker looks for files. */
export interface WorkerFolders {
  /** Folders with data and models. */
  readonly data: readonly string[];
  /** The folder of runs, which machines may share. */
  readonly artifacts: string;
}

/** Why a worker does not do a job. */
export class Refusal extends Error {}

/**
 * The paths by which something may be found: the one that it had on the machine that asked, and below each folder the ends of that
 * path, the longest first. What is found is known by its digest, so a wrong one does no harm.
 */
function candidates(place: string, folders: readonly string[]): string[] {
  const names = place.split(/[/\\]/).filter((name) => name !== '' && !name.endsWith(':'));
  const ends = names.map((_, i) => names.slice(i));
  const below = folders.flatMap((folder) => [...ends.map((end) => join(folder, ...end)), folder]);
  return [place, ...below].filter((path) => existsSync(path));
}

/** The folder in which the run of a hash lies. */
export const runFolder = (artifacts: string, hash: string): string => join(artifacts, 'runs', hash);

/**
 * The settings of a job with the places of files on this machine; what the hub has is downloaded.
 *
 * @throws Refusal for files that are not here, or not those that the job is about; InputError for what the hub does not give
 */
export async function placedSettings(
  { settings, places, inputs }: RunJob,
  { data: folders, artifacts }: WorkerFolders,
): Promise<RunSettings> {
  const model = places.model === null ? settings.model : placedModel(places.model, inputs, folders);
  const fused = settings.fused?.map((one, i) => {
    const [run] = [runFolder(artifacts, one.run), ...candidates(places.fused[i] ?? one.run, folders)].filter(
      existsSync,
    );
    if (run === undefined)
      throw new Refusal(`the run ${one.run}, whose adapter is fused, is not below ${artifacts}: share --artifacts`);
    return { ...one, run };
  });
  const named = { ...settings, model, ...(fused && { fused }) } as RunSettings;
  const placed = await downloadInputs({ ...named, ...placedData(named, places, inputs, folders) });
  if (places.model === null) checkModel(placed.model, inputs);
  return placed;
}

function placedModel(place: string, inputs: RunJob['inputs'], folders: readonly string[]): string {
  const found = candidates(place, folders).filter((path) => existsSync(join(path, 'config.json')));
  const same = found.find((path) => isSameModel(path, inputs));
  if (same !== undefined) return same;
  throw new Refusal(notHere('model', place, inputs.model, found[0]));
}

const isSameModel = (path: string, { model, tokenizer }: RunJob['inputs']): boolean => {
  const found = modelDigests(path);
  return found.model === model && found.tokenizer === tokenizer;
};

function checkModel(model: string, inputs: RunJob['inputs']): void {
  if (!isSameModel(model, inputs))
    throw new Refusal(`${model} has other files here than where the job is from: install the same one`);
}

function placedData(
  settings: RunSettings,
  { data, evalData }: RunJob['places'],
  { data: digest }: RunJob['inputs'],
  folders: readonly string[],
): Partial<Pick<RunSettings, 'data' | 'evalData'>> {
  if (data === null) return {};
  const evaluated = evalData === null ? [undefined] : candidates(evalData, folders);
  const found = candidates(data, folders);
  for (const path of found) {
    for (const other of evaluated) {
      const placed = { data: path, ...(other !== undefined && { evalData: other }) };
      if (digestOrNone({ ...settings, ...placed }) === digest) return placed;
    }
  }
  throw new Refusal(notHere('data', evalData === null ? data : `${data} and ${evalData}`, digest, found[0]));
}

/** A folder that happens to have the name of the data may lack its files. */
function digestOrNone(settings: RunSettings): string | null {
  try {
    return dataDigest(settings);
  } catch {
    return null;
  }
}

const notHere = (what: string, place: string, digest: string, other: string | undefined): string =>
  other === undefined
    ? `the ${what} ${place} (${digest}) are not here: put them below a folder of --data`
    : `the ${what} in ${other} are not those of the job (${digest}): put the same below a folder of --data`;
