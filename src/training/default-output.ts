import { basename, extname, join } from 'node:path';
import type { HubDataset } from '../data/index.ts';
import type { DataSettings, PruningSettings, RunSettings } from './settings.ts';

const fileName = ({ train }: { readonly train: string }): string => basename(train, extname(train));
const shortName = ({ dataset, subset }: HubDataset): string =>
  [dataset.replace(/@.*$/, '').replace(/^.*\//, ''), subset?.replaceAll('/', '-')].filter((part) => part).join('-');

const dataName = (data: DataSettings): string => {
  switch (data.kind) {
    case 'glue':
      return data.task;
    case 'table':
      return fileName(data);
    case 'pairs':
      return 'dataset' in data ? shortName(data) : fileName(data);
    case 'dataset':
      return shortName(data);
    default:
      return data.kind;
  }
};

/** `runs/<task, file or dataset>-<adapter>-<pruning>-s<seed>`. */
export function defaultOutput({ data, adapter, pruning, seed }: RunSettings): string {
  const method = pruning ? `${pruning.method.replace(':', '-')}${sparsityPart(pruning.sparsity)}` : 'dense';
  return join('runs', `${dataName(data)}-${adapter.kind}-${method}-s${seed}`);
}

/** `40` for 40 %, `x4` for Large-Sparse. */
const sparsityPart = (sparsity: PruningSettings['sparsity']): string =>
  typeof sparsity === 'number' ? String(Math.round(100 * sparsity)) : `x${sparsity.largeSparse}`;
