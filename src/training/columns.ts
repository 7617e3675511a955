import { knownDataset } from '../data/browser.ts';
import type { RunSettings } from './settings-table.ts';
import type { ColumnSettings } from './task.ts';

/** Which columns the rows of a run have. */
export function columnsOf(settings: RunSettings): ColumnSettings {
  const { text, label, labelKind, target, skipInvalid, rougeTokenizer } = settings;
  return { known: knownDataset(settings.task), text, label, labelKind, target, skipInvalid, rougeTokenizer };
}

/** How many texts each example of these data has; null where that is not known. */
export function textsOf(settings: RunSettings): 1 | 2 | null {
  const known = knownDataset(settings.task);
  const columns = known?.task === 'text-classification' ? known.columns.text : settings.text;
  return columns ? (columns.length === 2 ? 2 : 1) : null;
}
