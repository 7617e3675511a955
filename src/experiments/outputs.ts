import { join } from 'node:path';
import { writeFileAtomic } from '../io/index.ts';
import { chartOf } from './charts.ts';
import { pngOf, svgOf } from './pictures.ts';
import type { SweepPlan } from './plan.ts';
import { reportOf } from './report.ts';
import type { ResultStore } from './store.ts';
import type { SweepSummary } from './summary.ts';
import { scoreTable, tableFormats } from './tables.ts';
import { summarizeAll } from './whole.ts';

/**
 * Writes what is known of an experiment, from this sweep and from those before it, to `<output>/<experiment>`: `table.csv`, `.md` and `.tex`, `figure.svg` and `.png`,
 * and `report.html`.
 *
 * @returns the folder
 */
export async function writeOutputs(
  plan: SweepPlan,
  store: ResultStore,
): Promise<{ folder: string; summary: SweepSummary }> {
  const summary = summarizeAll(plan, store);
  const table = scoreTable(summary);
  const svg = await svgOf(chartOf(summary));
  const files = {
    'table.csv': tableFormats.csv(table),
    'table.md': tableFormats.markdown(table),
    'table.tex': tableFormats.latex(table),
    'figure.svg': svg,
    'figure.png': await pngOf(svg),
    'report.html': await reportOf(summary, store),
  };
  const folder = join(store.folder, plan.experiment.name);
  for (const [name, content] of Object.entries(files)) writeFileAtomic(join(folder, name), content);
  return { folder, summary };
}
