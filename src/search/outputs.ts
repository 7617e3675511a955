import { join } from 'node:path';
import { writeFileAtomic } from '../io/index.ts';
import type { GivenSettings } from '../training/index.ts';
import type { SearchSpace } from './distribution.ts';
import { searchPage, trialRows } from './page.ts';
import type { SearchResult } from './search.ts';
import { settingsAt } from './space.ts';

const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/**
 * Writes what a search has found beside its journal: `trials.csv`, `report.html`, and the settings of the best trial as `run.json`, which
 * `train --config` takes.
 */
export function writeSearch(
  output: string,
  settings: GivenSettings,
  space: SearchSpace,
  { study, metric, direction, best }: SearchResult,
): void {
  const rows = trialRows(space, study.trials, metric);
  const files = {
    'trials.csv': rows.map((row) => `${row.map(cell).join(',')}\n`).join(''),
    'report.html': searchPage({ study, space, metric, direction, best }),
    ...(best && { 'run.json': `${JSON.stringify(settingsAt(settings, space, best.point), null, 2)}\n` }),
  };
  for (const [name, content] of Object.entries(files)) writeFileAtomic(join(output, name), content);
}
