import { InputError } from '../../errors.ts';
import { readJsonObject } from '../files.ts';
import { localModelFolder, resolveModelFolder } from '../model-folder.ts';
import type { RemoteFile } from './blob.ts';
import { cachedModel } from './cached-model.ts';
import { checkModelFiles, modelFiles, shardsOf, WEIGHTS_INDEX } from './model-files.ts';
import { type OnProgress, openRemote } from './remote.ts';
import { describe, type HubRepository, parseHubName, pinnedName } from './repository.ts';

export interface FetchOptions {
  /** Ask the hub for the newest commit although the cache has one. Default false: what is there is used without a request. */
  readonly update?: boolean;
  readonly onProgress?: OnProgress;
}

/**
 * Makes a model available: a folder, an installed npm package and what is in the cache of Hugging Face are, and
 * `org/name` or `org/name@revision` is downloaded into that cache.
 *
 * @returns the name to load it by. For a model of the hub that is `org/name@commit`, which means the same files for ever
 * @throws InputError when it is nowhere, or cannot be downloaded; the message names the places and the remedy
 */
export async function fetchModel(
  nameOrPath: string,
  { update = false, onProgress }: FetchOptions = {},
): Promise<string> {
  const repository = parseHubName(nameOrPath, 'model');
  if (!repository || localModelFolder(nameOrPath) !== undefined) {
    resolveModelFolder(nameOrPath); // says what is wrong
    return nameOrPath;
  }
  const cached = cachedModel(repository);
  if (cached && !update) return pinnedName(repository, cached.commit);
  return pinnedName(repository, await download(repository, onProgress));
}

async function download(repository: HubRepository, onProgress?: OnProgress): Promise<string> {
  const remote = await openRemote(
    repository,
    `${describe(repository)} is neither a folder nor an installed npm package`,
  );
  const files = await remote.files({ recursive: false });
  const names = files.map(({ path }) => path);
  checkModelFiles(names, describe(repository));
  const chosen = modelFiles(names).map((name) => findFile(files, name, repository));
  await remote.fetch(chosen, onProgress);
  const index = chosen.find(({ path }) => path === WEIGHTS_INDEX);
  const shardNames = index ? shardsOf(readJsonObject(remote.cached.blob(index.hash))) : [];
  const shards = shardNames.map((name) => findFile(files, name, repository));
  await remote.fetch(shards, onProgress);
  remote.publish([...chosen, ...shards]);
  return remote.commit;
}

function findFile(files: readonly RemoteFile[], name: string, repository: HubRepository): RemoteFile {
  const file = files.find(({ path }) => path === name);
  if (!file) throw new InputError(`${describe(repository)} lacks ${name}, which its ${WEIGHTS_INDEX} names.`);
  return file;
}
