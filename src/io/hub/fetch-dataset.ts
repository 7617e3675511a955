import { CachedRepository } from './cache.ts';
import { hubEnvironment } from './environment.ts';
import type { FetchOptions } from './fetch-model.ts';
import { openRemote } from './remote.ts';
import { describe, type HubRepository, parseHubName, pinnedName } from './repository.ts';

/** The part of a dataset that the cache has. */
export interface CachedDataset {
  /** `org/name@commit`. */
  readonly name: string;
  readonly folder: string;
  /** The paths of the files, below the folder. */
  readonly paths: readonly string[];
}

/** Looks in the cache, without a network. @returns undefined if the cache lacks it, or `name` is no name of the hub */
export function cachedDataset(name: string): CachedDataset | undefined {
  const repository = parseHubName(name, 'dataset');
  return repository && inCache(repository);
}

function inCache(repository: HubRepository): CachedDataset | undefined {
  const cached = new CachedRepository(hubEnvironment().cache, repository);
  const commit = cached.commitOf(repository.revision);
  if (commit === undefined) return undefined;
  return { name: pinnedName(repository, commit), folder: cached.snapshot(commit), paths: cached.filesIn(commit) };
}

/**
 * Downloads files of a dataset into the cache of Hugging Face.
 *
 * @param choose which files, of those that it has
 * @returns `org/name@commit`
 * @throws InputError when the dataset or a file cannot be had; the message names the remedy. What `choose` throws
 */
export async function downloadDataset(
  repository: HubRepository,
  choose: (paths: readonly string[]) => readonly string[],
  { onProgress }: Pick<FetchOptions, 'onProgress'> = {},
): Promise<string> {
  const remote = await openRemote(repository, `${describe(repository)} is neither a folder nor a dataset in the cache`);
  const files = await remote.files({ recursive: true });
  const chosen = new Set(choose(files.map(({ path }) => path)));
  const wanted = files.filter(({ path }) => chosen.has(path));
  await remote.fetch(wanted, onProgress);
  remote.publish(wanted);
  return pinnedName(repository, remote.commit);
}
