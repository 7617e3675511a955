import { knownDataset } from '../data/browser.ts';
import type { RunSettings } from './settings-table.ts';
import type { ColumnSettings } from './task.ts';

/** Returns the columns of a run's rows. */
export function columnsOf(settings: RunSettings): ColumnSettings {
  const { text, label, problemType, labelSeparator, target, choices, negative, skipInvalid, rougeTokenizer } = settings;
  const known = knownDataset(settings.task);
  return { known, text, label, problemType, labelSeparator, target, choices, negative, skipInvalid, rougeTokenizer };
}

/** Returns the number of texts per example; null if it is not known. */
export function textsOf(settings: RunSettings): 1 | 2 | null {
  const known = knownDataset(settings.task);
  const columns = known?.task === 'text-classification' ? known.columns.text : settings.text;
  return columns ? (columns.length === 2 ? 2 : 1) : null;
}
