import { basename, extname, join } from 'node:path';
import { type HubDataset, knownDataset } from '../data/index.ts';
import type { RunSettings } from './settings-table.ts';

const shortName = ({ dataset, subset }: HubDataset): string =>
  [dataset.replace(/@.*$/, '').replace(/^.*\//, ''), subset?.replaceAll('/', '-')].filter((part) => part).join('-');

/** The name of a known dataset, of a dataset of the hub, or of a file. */
function dataName({ task, dataset, subset, data = task }: RunSettings): string {
  if (knownDataset(task)) return task;
  return dataset === undefined ? basename(data, extname(data)) : shortName({ dataset, subset });
}

/** `runs/<task, file or dataset>-<adapter>-<pruning>-s<seed>`. */
export function defaultOutput(settings: RunSettings): string {
  const { adapter, pruning, seed, folds, fold } = settings;
  const method = pruning === 'none' ? 'dense' : `${pruning.replace(':', '-')}${sparsityPart(settings)}`;
  const several = folds === undefined || fold !== undefined ? '' : `-folds${folds}`;
  return join('runs', `${dataName(settings)}-${adapter.kind}-${method}-s${seed}${several}`);
}

/** `40` for 40 %, `x4` for Large-Sparse. */
const sparsityPart = ({ sparsity = 0, largeSparse }: RunSettings): string =>
  largeSparse === undefined ? String(Math.round(100 * sparsity)) : `x${largeSparse}`;
