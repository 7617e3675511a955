import { InputError } from '../errors.ts';
import { Random } from '../random/index.ts';
import { shown } from '../settings/index.ts';
import { isDrawn } from './datasets.ts';
import type { Data, Rows, Source, SourceKind, SourcePlace, SourceSettings } from './source.ts';
import { memory } from './sources/memory.ts';

/** A source that a program brings along. */
const own: SourceKind = ({ data }) => (isSource(data) ? data : null);

const isSource = (data: unknown): data is Source =>
  typeof data === 'object' && data !== null && 'open' in data && typeof data.open === 'function';

/** All kinds of sources; the first that takes a place is the one. Where there are files, those of files follow. */
const kinds: SourceKind[] = [own, memory];

/** Makes further kinds of sources known, after those there are. */
export const addSourceKinds = (...more: readonly SourceKind[]): number => kinds.push(...more);

function sourceAt(place: SourcePlace): Source {
  for (const kind of kinds) {
    const source = kind(place);
    if (source) return source;
  }
  throw new InputError(
    `${place.setting} is ${shown(place.data)}; it must be a file or a folder, a list of rows, something that gives rows, or a source.`,
  );
}

/** No rows at all, as for an adapter that was trained elsewhere. */
const nowhere: Source = { open: () => null };

/**
 * The source that settings name.
 *
 * @param random draws examples where a source has more than it gives
 * @throws InputError for data that are none
 */
export function sourceOf(settings: SourceSettings, random: Random = new Random(0)): Source {
  const { data, evalData, dataset, task } = settings;
  const isNamed = data !== undefined || dataset !== undefined || isDrawn(task);
  const source = isNamed ? sourceAt({ ...settings, setting: 'data', random }) : nowhere;
  if (evalData === undefined) return source;
  const other = sourceAt({ ...settings, dataset: undefined, data: evalData, setting: 'evalData', random });
  return {
    open: (split) => (split === 'train' ? source.open(split) : (other.open('evaluation') ?? other.open('train'))),
  };
}

/** The rows to train on that a program names: a file, several, rows in memory, a source, or rows that it has opened. */
export function rowsOf(data: Data | Rows, task?: string): Rows {
  if (typeof data === 'object' && 'parts' in data) return data;
  const rows = sourceOf({ data, task }).open('train');
  if (!rows) throw new InputError('The source has no rows to train on; open the split that it has.');
  return rows;
}
