import { datasetFiles } from '../hub-dataset.ts';
import type { Part, Rows, Source, SourceKind } from '../source.ts';
import { groupOf } from '../splits.ts';
import { isGlueTask } from './glue-layouts.ts';
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
    return files.length === 0 ? null : inGroups(fileRows(files, { name, split }));
  },
});

/** Rows whose files are the groups that are scored by themselves, where their names say so. */
const inGroups = (rows: Rows): Rows => ({
  ...rows,
  async *parts(columns): AsyncGenerator<Part, void, undefined> {
    for await (const part of rows.parts(columns)) yield { ...part, group: groupOf(part.file) };
  },
});

/** The dataset that `dataset` names. */
export const hub: SourceKind = ({ dataset, subset, task }) =>
  dataset === undefined ? null : hubSource({ dataset, subset: subset ?? (isGlueTask(task) ? task : undefined) });
