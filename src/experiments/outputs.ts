import { join } from 'node:path';
import { writeFileAtomic } from '../io/index.ts';
import { chartOf, type LayoutName, layouts } from './charts.ts';
import { latexTable } from './latex.ts';
import { pdfOfPicture, pngOf, svgOf } from './pictures.ts';
import type { SweepPlan } from './plan.ts';
import { reportOf } from './report.ts';
import type { ResultStore } from './store.ts';
import type { SweepSummary } from './summary.ts';
import { scoreTable, tableFormats } from './tables.ts';
import { summarizeAll } from './whole.ts';

/**
 * Writes what is known of an experiment, from this sweep and from those before it, to `<output>/<experiment>`: `table.csv`, `.md` and `.tex`, figures
 * for one column (`figure-column`) and for both (`figure`) as `.svg`, `.pdf` and `.png`, and `report.html`.
 *
 * @returns the folder
 */
export async function writeOutputs(
  plan: SweepPlan,
  store: ResultStore,
): Promise<{ folder: string; summary: SweepSummary }> {
  const summary = summarizeAll(plan, store);
  const table = scoreTable(summary);
  const files = {
    'table.csv': tableFormats.csv(table),
    'table.md': tableFormats.markdown(table),
    'table.tex': latexTable(summary),
    ...(await picturesOf(summary, 'page', 'figure')),
    ...(await picturesOf(summary, 'column', 'figure-column')),
    'report.html': await reportOf(summary, store),
  };
  const folder = join(store.folder, plan.experiment.name);
  for (const [name, content] of Object.entries(files)) writeFileAtomic(join(folder, name), content);
  return { folder, summary };
}

/** A figure in all formats, by name of the file. */
async function picturesOf(summary: SweepSummary, layout: LayoutName, name: string) {
  const svg = await svgOf(chartOf(summary, layout));
  const { points } = layouts[layout];
  return {
    [`${name}.svg`]: svg,
    [`${name}.pdf`]: await pdfOfPicture(svg, points),
    [`${name}.png`]: await pngOf(svg, points),
  };
}
