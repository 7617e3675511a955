import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { escapeHtml } from '../report/index.ts';
import { WEIGHTS } from '../training/index.ts';
import { chartOf, keptChart, shortMatrix } from './charts.ts';
import { masksOf } from './masks.ts';
import { differencePng, type KnownMask, knownMasks, overlapChart, overlapsOf } from './overlap.ts';
import { svgOf } from './pictures.ts';
import type { ResultStore } from './store.ts';
import type { FinishedRun, SweepSummary } from './summary.ts';
import { comparedTable, comparisonTable, pointTable, scoreTable, shortModel, type Table } from './tables.ts';
import { taskTitle } from './tasks.ts';

function tableHtml({ head, rows }: Table): string {
  const cells = (tag: string, texts: readonly string[]) =>
    `<tr>${texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${cells('th', head)}</thead><tbody>${rows.map((row) => cells('td', row)).join('\n')}</tbody></table>`;
}

const css = `
body { font: 15px/1.5 Arimo, Arial, sans-serif; color: #222; max-width: 1100px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2em; } h3 { font-size: 1em; }
table { border-collapse: collapse; font-size: 13px; margin: 1em 0; border-top: 1.5px solid; border-bottom: 1.5px solid; }
thead { border-bottom: 1px solid; } th, td { padding: 3px 9px; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.wide { overflow-x: auto; } svg { max-width: 100%; height: auto; }
.note { color: #555; } .error { color: #a00; }
figure.mask { margin: 4px 0; } figure.mask img { image-rendering: pixelated; width: 100%; max-width: 768px; border: 1px solid #ccc; }
figcaption { font-size: 12px; color: #555; }
`;

/** A run of each method that prunes: the first one that is `usable`. */
function shownRuns({ rows }: SweepSummary, usable: (run: FinishedRun) => boolean = () => true): FinishedRun[] {
  return rows.flatMap(({ row, cells }) => {
    const run = row.pruning !== 'none' ? cells.flatMap(({ runs }) => runs).find(usable) : undefined;
    return run ? [run] : [];
  });
}

const runTitle = ({ cell, seed }: FinishedRun): string =>
  `${cell.row.title}, ${taskTitle(cell.task)}, ${shortModel(cell.model)}, seed ${seed}`;

function masksHtml(run: FinishedRun, folder: string): string {
  const figures = masksOf(folder).map(({ name, shape, kept, total, png, height }) => {
    const caption = `${shortMatrix(name)} [${shape.join(', ')}]: ${kept} of ${total} kept`;
    const image = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
    return `<figure class="mask"><img src="${image}" alt="" style="height: ${Math.max(height, 24)}px"><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
  });
  return `<details><summary>${escapeHtml(runTitle(run))}</summary>${figures.join('\n')}</details>`;
}

/** The masks of all runs whose files are here. */
function knownIn({ rows }: SweepSummary, store: ResultStore): KnownMask[] {
  const pruned = rows.filter(({ row: { pruning, adapter } }) => pruning !== 'none' && adapter.kind !== 'fusion');
  // Masks of other kinds and widths of adapters are of other matrices.
  const own = pruned.filter(
    ({ row }) => isDeepStrictEqual(row.adapter, pruned[0].row.adapter) && row.largeSparse === undefined,
  );
  return own.flatMap(({ row, cells }) =>
    cells.flatMap(({ cell, runs }) =>
      runs.flatMap(({ seed, hash }) => {
        const masks = knownMasks(store.runFolder(hash));
        return masks && masks.length > 0 ? [{ method: row.title, task: cell.task, seed, masks }] : [];
      }),
    ),
  );
}

/** The first matrix as two methods keep it. */
function differenceHtml(known: readonly KnownMask[]): string {
  const [first] = known;
  const second = known.find(
    ({ method, task, seed }) => method !== first?.method && task === first?.task && seed === first?.seed,
  );
  if (!second) return '';
  const [one, other] = [first.masks[0], second.masks[0]];
  const image = `data:image/png;base64,${Buffer.from(differencePng(one, other)).toString('base64')}`;
  const caption = `${shortMatrix(one.name)}, seed ${first.seed}: white both, blue ${first.method}, orange ${second.method}, black none`;
  return `<figure class="mask difference"><img src="${image}" alt="" style="height: ${Math.max(one.height, 24)}px"><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

function layersHtml(run: FinishedRun): string {
  const layers = run.stored.pruning?.layers ?? [];
  const rows = layers.map(({ name, total, kept }) => [
    shortMatrix(name),
    String(total),
    String(kept),
    `${(100 * (1 - kept / total)).toFixed(2)} %`,
  ]);
  return `<details><summary>${escapeHtml(runTitle(run))}</summary>${tableHtml({ head: ['Matrix', 'Weights', 'Kept', 'Removed'], rows })}</details>`;
}

/** The deviations of a sweep from the paper, and what it is made of. */
function protocolLines({ plan }: SweepSummary): string[] {
  const { models, seeds, grid, fullLearningRate, pooling, width, maxLength } = plan.settings;
  return [
    `Models: ${models.join(', ')}. Tasks: ${plan.tasks.map(taskTitle).join(', ')}. Seeds: ${seeds.join(', ')}.`,
    `Learning rates ${grid.learningRate.join(', ')}${fullLearningRate ? ` (full fine-tuning: ${fullLearningRate.join(', ')})` : ''}; epochs ${grid.epochs.join(', ')}; batch sizes ${grid.batchSize.join(', ')}; pooling ${pooling}${width === undefined ? '' : `; bottlenecks of ${width}`}${maxLength === undefined ? '' : `; inputs of at most ${maxLength} tokens`}.`,
    'Adam with betas 0.9 and 0.98, weight decay 0.1, warm-up over the first 10 % of the steps, scores of the last checkpoint on the development set, as in the paper.',
    'Scores are means over the seeds ± one standard deviation. The comparison with the dense row is a two-sided t-test over pairs of runs with the same seed; of few seeds only large differences stand out.',
    'Trained: kept parameters of the adapter in percent of the backbone, without the head.',
    ...plan.experiment.notes,
    ...plan.warnings,
  ];
}

/** One HTML file with everything in it: tables, charts, masks. */
export async function reportOf(summary: SweepSummary, store: ResultStore): Promise<string> {
  const { plan, rows } = summary;
  const kept = plan.settings.models.map((model) => keptChart(summary, model)).filter((chart) => chart !== null);
  const shown = shownRuns(summary);
  // Imported runs have no files here.
  const pictured = shownRuns(summary, ({ hash }) => existsSync(join(store.runFolder(hash), WEIGHTS)));
  const known = plan.settings.models.length === 1 ? knownIn(summary, store) : [];
  const overlaps = overlapsOf(known);
  const errors = rows.flatMap((row) =>
    row.cells.flatMap(({ cell, errors }) =>
      errors.map((error) => `${row.row.title}, ${taskTitle(cell.task)}: ${error}`),
    ),
  );
  const comparison = comparisonTable(summary);
  const compared = comparedTable(summary);
  const parts = [
    `<h1>${escapeHtml(plan.experiment.title)}</h1>`,
    ...protocolLines(summary).map((line) => `<p class="note">${escapeHtml(line)}</p>`),
    '<h2>Scores</h2>',
    `<div class="wide">${tableHtml(scoreTable(summary))}</div>`,
    await svgOf(chartOf(summary)),
    ...(comparison.rows.length > 0 ? ['<h2>Differences from the dense adapter</h2>', tableHtml(comparison)] : []),
    ...(compared.rows.length > 0
      ? [
          '<h2>Differences over seeds and examples</h2>',
          '<p class="note">Seeds and examples are drawn anew 2,000 times, the same for both methods: 95 % of the differences lie in the interval. Effect: in standard deviations of the differences between runs with one seed. p (Holm) holds for all rows together. Last: the differences that the paper prints, and the seeds that would show each of them four times of five.</p>',
          tableHtml(compared),
        ]
      : []),
    '<h2>Learning rate, epochs and batch size</h2>',
    tableHtml(pointTable(summary)),
    ...(kept.length > 0
      ? [
          '<h2>Masks</h2>',
          ...(await Promise.all(kept.map(svgOf))),
          '<h3>Matrix by matrix</h3>',
          ...shown.map(layersHtml),
        ]
      : []),
    ...(pictured.length > 0
      ? [
          '<h3>Pictures: a pixel per weight, white where it is kept</h3>',
          ...pictured.map((run) => masksHtml(run, store.runFolder(run.hash))),
        ]
      : []),
    ...(overlaps.length > 0
      ? [
          '<h3>Overlap</h3>',
          await svgOf(overlapChart(overlaps, 'Weights that two masks keep both, of those that one keeps')),
          differenceHtml(known),
        ]
      : []),
    ...(errors.length > 0
      ? ['<h2>Runs that failed</h2>', ...errors.map((error) => `<p class="error">${escapeHtml(error)}</p>`)]
      : []),
  ];
  const title = escapeHtml(plan.experiment.title);
  return `<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>${title}</title>\n<style>${css}</style>\n${parts.join('\n')}\n</html>\n`;
}
