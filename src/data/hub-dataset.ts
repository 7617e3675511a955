import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { cachedDataset, downloadDataset } from '../io/hub/fetch-dataset.ts';
import type { FetchOptions } from '../io/hub/fetch-model.ts';
import { isOffline } from '../io/hub/remote.ts';
import { parseHubName } from '../io/hub/repository.ts';
import { type DatasetSplits, isWhole, splitsOf } from './splits.ts';

export interface FetchDatasetOptions extends FetchOptions {
  /** The part of a dataset that has several. */
  readonly subset?: string;
}

/**
 * Downloads the training and evaluation files of a dataset of the Hugging Face hub, unless they are in its cache.
 *
 * @param name `org/name` or `org/name@revision`
 * @returns the name `org/name@commit`, which means the same files for ever, and the subset
 * @throws InputError when the dataset is nowhere, has no files that can be read, or several subsets and none is chosen
 */
export async function fetchDataset(
  name: string,
  { subset, update = false, onProgress }: FetchDatasetOptions = {},
): Promise<{ name: string; subset: string }> {
  const repository = parseHubName(name, 'dataset');
  if (!repository) throw new InputError(`${name} is not the name of a dataset of the hub; it must be org/name.`);
  const cached = update ? undefined : cachedSplits(name, subset);
  // The cache may not know of other parts, so a part that nobody named is looked up while there is a network.
  if (cached && (subset !== undefined || cached.subset === '')) return cached;
  let chosen = '';
  const choose = (paths: readonly string[]) => {
    const splits = splitsOf(paths, name, subset);
    chosen = splits.subset;
    return [...splits.train, ...splits.evaluation];
  };
  try {
    return { name: await downloadDataset(repository, choose, { onProgress }), subset: chosen };
  } catch (error) {
    if (cached && isOffline(error)) return cached;
    throw error;
  }
}

/** Returns the dataset in the cache, if all of its files are there. */
function cachedSplits(name: string, subset: string | undefined): { name: string; subset: string } | undefined {
  const cached = cachedDataset(name);
  if (!cached) return undefined;
  let splits: DatasetSplits;
  try {
    splits = splitsOf(cached.paths, name, subset);
  } catch {
    return undefined;
  }
  const { train, evaluation } = splits;
  return isWhole(train) && isWhole(evaluation) ? { name: cached.name, subset: splits.subset } : undefined;
}

/** The files of a dataset that was fetched, as paths on the disk. @throws InputError if it was not */
export function datasetFiles(name: string, subset?: string): Pick<DatasetSplits, 'train' | 'evaluation'> {
  const cached = cachedDataset(name);
  if (!cached)
    throw new InputError(
      `The dataset ${name} is not in the cache; get it with: sparse-adapter download --dataset ${name}`,
    );
  const { train, evaluation } = splitsOf(cached.paths, name, subset);
  const place = (path: string) => join(cached.folder, path);
  return { train: train.map(place), evaluation: evaluation.map(place) };
}
