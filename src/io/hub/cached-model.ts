import { join } from 'node:path';
import { readJsonObject } from '../files.ts';
import { CachedRepository } from './cache.ts';
import { hubEnvironment } from './environment.ts';
import { isWholeModel, WEIGHTS_INDEX } from './model-files.ts';
import type { HubRepository } from './repository.ts';

/** The commit and the folder of a model that the cache has, with all the files it needs; undefined without. */
export function cachedModel(repository: HubRepository): { commit: string; folder: string } | undefined {
  const cached = new CachedRepository(hubEnvironment().cache, repository);
  const commit = cached.commitOf(repository.revision);
  if (commit === undefined) return undefined;
  const folder = cached.snapshot(commit);
  const isWhole = isWholeModel(cached.filesIn(commit), () => readJsonObject(join(folder, WEIGHTS_INDEX)));
  return isWhole ? { commit, folder } : undefined;
}
