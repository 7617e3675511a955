import { datasetFiles } from '../hub-dataset.ts';
import type { Source, SourceKind } from '../source.ts';
import { isGlueTask } from './glue-folder.ts';
import { fileRows } from './table-files.ts';

export interface HubDataset {
  /** `org/name`, `org/name@revision`. */
  readonly dataset: string;
  /** The part of one that has several; left out: the only one, or `default`. */
  readonly subset?: string;
}

/** For messages: a dataset with its subset. */
export const datasetTitle = ({ dataset, subset }: HubDataset): string => (subset ? `${dataset} ${subset}` : dataset);

/** A dataset of the Hugging Face hub, whose files are in the cache. @throws InputError where they are not */
export const hubSource = (of: HubDataset): Source => ({
  open(split) {
    const files = datasetFiles(of.dataset, of.subset)[split];
    const name = `${datasetTitle(of)} ${split === 'train' ? 'train' : 'validation'}`;
    return files.length === 0 ? null : fileRows(files, { name, split });
  },
});

/** The dataset that `dataset` names. */
export const hub: SourceKind = ({ dataset, subset, task }) =>
  dataset === undefined ? null : hubSource({ dataset, subset: subset ?? (isGlueTask(task) ? task : undefined) });
