import type { TopLevelSpec } from 'vega-lite';
import type { GlueTaskName } from '../data/index.ts';
import type { Row } from './definitions.ts';
import { scoreFrom } from './plan.ts';
import { taskTitles } from './protocol.ts';
import { mean } from './statistics.ts';
import { columnsOf, publishedOf, type RowSummary, type SweepSummary, scoresIn } from './summary.ts';
import { shortModel } from './tables.ts';

/** A font that is installed with the package, so that pictures are the same everywhere. */
export const fontFamily = 'Arimo';

/** What all charts have in common: sizes and colours for print. */
const style = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  config: {
    font: fontFamily,
    axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e6e6e6' },
    header: { labelFontSize: 13, title: null },
    legend: { labelFontSize: 11, title: null },
    title: { fontSize: 14, anchor: 'start', fontWeight: 'normal' },
    range: { category: { scheme: 'tableau10' } },
    view: { stroke: '#cccccc' },
  },
} as const;

const axisOf = (title: string) => ({ title, scale: { zero: false, nice: true, padding: 10 } });

/** The chart of an experiment as a Vega-Lite specification, with its data in it. */
export function chartOf(summary: SweepSummary): TopLevelSpec {
  const { title } = summary.plan.experiment;
  return { ...style, title, ...charts[summary.plan.experiment.chart](summary) } as TopLevelSpec;
}

type Specification = Readonly<Record<string, unknown>>;

const charts: Readonly<Record<SweepSummary['plan']['experiment']['chart'], (summary: SweepSummary) => Specification>> =
  {
    methods: methodsChart,
    parameters: parametersChart,
    sparsity: sparsityChart,
    course: courseChart,
  };

/** A column's title, with the model where there are several. */
function panelOf({ plan }: SweepSummary, column: GlueTaskName | 'average', model: string): string {
  const title = column === 'average' ? 'mean of the tasks' : taskTitles[column];
  return plan.settings.models.length > 1 ? `${title}, ${shortModel(model)}` : title;
}

/** One record per method, model and column that has a score. */
function records(summary: SweepSummary) {
  return summary.rows.flatMap((row) =>
    columnsOf(summary.plan).flatMap((column) => {
      const scores = scoresIn(row, column);
      if (scores === null || scores.mean === null) return [];
      const { mean: score, deviation } = scores;
      const [low, high] = [score - (deviation ?? 0), score + (deviation ?? 0)];
      return [{ row, column, method: row.row.title, panel: panelOf(summary, column, row.model), score, low, high }];
    }),
  );
}

const withoutRow = <T extends { row: RowSummary }>({ row: _, ...rest }: T): Omit<T, 'row'> => rest;

/** Scores by method, a panel for each task: a point is the mean over the seeds, the bar one standard deviation to each side. */
function methodsChart(summary: SweepSummary): Specification {
  const order = summary.plan.rows.map(({ title }) => title);
  const y = { field: 'method', type: 'nominal', sort: order, title: null, axis: { grid: true } };
  const x = { field: 'score', type: 'quantitative', ...axisOf('score (%)') };
  return {
    data: { values: records(summary).map(withoutRow) },
    facet: { field: 'panel', type: 'nominal', sort: null },
    columns: 3,
    resolve: { scale: { x: 'independent' } },
    spec: {
      width: 190,
      height: { step: 22 },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2, color: '#4c78a8' },
          encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        { mark: { type: 'point', filled: true, size: 60, opacity: 1, color: '#4c78a8' }, encoding: { y, x } },
      ],
    },
  };
}

/** The mean score against trained parameters, ours and the paper's in panels beside each other, as the scales differ. */
function parametersChart(summary: SweepSummary): Specification {
  const { plan, rows } = summary;
  const ours = rows.flatMap((row) => {
    const score = (row.average.mean ?? row.cells[0]?.scores.mean) as number | null;
    if (score === null || row.trained === null) return [];
    const panel = shortModel(row.model);
    return [{ method: row.row.title, family: familyOf(row.row), score, trained: row.trained, panel }];
  });
  // The paper draws its points at the same shares of the backbone.
  const paper = rows.flatMap(({ row, model, trained }) =>
    publishedOf(plan, row.id).flatMap(({ model: printed, scores }) =>
      model === plan.settings.models[0] && trained !== null && scores.average !== undefined
        ? [
            {
              method: row.title,
              family: familyOf(row),
              score: scores.average,
              trained,
              panel: `${printed}, as printed, at our shares`,
            },
          ]
        : [],
    ),
  );
  const x = {
    field: 'trained',
    type: 'quantitative',
    title: 'trained parameters (% of the backbone)',
    scale: { type: 'log', padding: 20 },
  };
  const y = { field: 'score', type: 'quantitative', ...axisOf('mean score (%)') };
  const text = { field: 'method', type: 'nominal' };
  const color = { field: 'family', type: 'nominal' };
  return {
    data: { values: [...ours, ...paper] },
    facet: { field: 'panel', type: 'nominal', sort: null },
    columns: 2,
    resolve: { scale: { x: 'independent', y: 'independent' } },
    spec: {
      width: 340,
      height: 260,
      layer: [
        { mark: { type: 'point', filled: true, size: 70, opacity: 1 }, encoding: { x, y, color } },
        { mark: { type: 'text', dy: -10, fontSize: 10, font: fontFamily }, encoding: { x, y, text } },
      ],
    },
  };
}

const familyOf = ({ adapter }: Row): string => adapter.kind;

/** Scores over the sparsity; full fine-tuning is a dashed line. */
function sparsityChart(summary: SweepSummary): Specification {
  const all = records(summary);
  const adapters = all.filter(({ row }) => row.row.adapter.kind !== 'full');
  const values = adapters.map((record) => ({ ...withoutRow(record), sparsity: 100 * sparsityOf(record.row.row) }));
  const full = all.filter(({ row }) => row.row.adapter.kind === 'full').map(withoutRow);
  const y = { field: 'score', type: 'quantitative', ...axisOf('score (%)') };
  const x = { field: 'sparsity', type: 'quantitative', title: 'weights removed (%)' };
  const reference = {
    transform: [{ filter: '!isValid(datum.sparsity)' }],
    mark: { type: 'rule', strokeDash: [5, 4], color: '#666666' },
    encoding: { y },
  };
  const range = { x, y: { ...y, field: 'low' }, y2: { field: 'high' } };
  return {
    data: { values: [...values, ...full] },
    facet: { field: 'panel', type: 'nominal', sort: null },
    columns: 3,
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 200,
      height: 160,
      layer: [
        { transform: [{ filter: 'isValid(datum.sparsity)' }], mark: { type: 'area', opacity: 0.2 }, encoding: range },
        { transform: [{ filter: 'isValid(datum.sparsity)' }], mark: { type: 'line', point: true }, encoding: { x, y } },
        ...(full.length > 0 ? [reference] : []),
      ],
    },
  };
}

const sparsityOf = ({ pruning }: Row): number => (typeof pruning?.sparsity === 'number' ? pruning.sparsity : 0);

/** Scores while training, the mean over the seeds at each evaluation. */
function courseChart(summary: SweepSummary): Specification {
  const values = summary.rows.flatMap(({ row, model, cells }) =>
    cells.flatMap(({ cell, runs }) => {
      const byShare = new Map<number, number[]>();
      for (const { stored } of runs) {
        const { history = [], steps = 1 } = stored.metrics ?? {};
        for (const { step, metrics } of history) {
          const share = Math.round((100 * step) / steps);
          const score = scoreFrom(metrics, cell.task);
          if (score !== null) byShare.set(share, [...(byShare.get(share) ?? []), 100 * score]);
        }
      }
      const panel = panelOf(summary, cell.task, model);
      return Array.from(byShare, ([share, scores]) => ({ method: row.title, panel, share, score: mean(scores) }));
    }),
  );
  return {
    data: { values },
    facet: { field: 'panel', type: 'nominal', sort: null },
    columns: 2,
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 300,
      height: 220,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'share', type: 'quantitative', title: 'training (%)', scale: { domain: [0, 100] } },
        y: { field: 'score', type: 'quantitative', ...axisOf('score (%)') },
        color: { field: 'method', type: 'nominal' },
      },
    },
  };
}

/** The share of weights that each method keeps in each matrix, over all runs of a model; null if no method prunes. */
export function keptChart({ rows }: SweepSummary, model: string): TopLevelSpec | null {
  const own = rows.filter((row) => row.model === model);
  const values = own.flatMap(({ row, cells }) => {
    const shares = new Map<string, number[]>();
    for (const { stored } of cells.flatMap(({ runs }) => runs)) {
      for (const { name, kept, total } of stored.pruning?.layers ?? []) {
        shares.set(name, [...(shares.get(name) ?? []), (100 * kept) / total]);
      }
    }
    const method = row.title;
    return Array.from(shares, ([name, kept]) => ({ method, matrix: shortMatrix(name), kept: mean(kept) }));
  });
  if (values.length === 0) return null;
  return {
    ...style,
    title: `${shortModel(model)}: weights kept in each matrix, mean over tasks and seeds`,
    data: { values },
    width: { step: 70 },
    height: { step: 13 },
    mark: 'rect',
    encoding: {
      x: { field: 'method', type: 'nominal', sort: null, title: null },
      y: { field: 'matrix', type: 'nominal', sort: null, title: null, axis: { labelLimit: 400, labelFontSize: 9 } },
      color: { field: 'kept', type: 'quantitative', scale: { scheme: 'viridis' }, legend: { title: 'kept (%)' } },
    },
  } as TopLevelSpec;
}

/** Without what all names of matrices have in common. */
export const shortMatrix = (name: string): string =>
  name
    .replace(/^.*?\.layer\./, 'layer ')
    .replace(/\.(adapters|loras?|default)(?=\.)/g, '')
    .replace(/\.weight$/, '');
