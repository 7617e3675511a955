import type { ExperimentRow } from './definitions.ts';
import { chooseSides, labelSides } from './label-sides.ts';
import { figure1Trained } from './published.ts';
import { sampleMean } from './statistics.ts';
import { columnsOf, mainColumn, publishedOf, type ScoreColumn, type SweepSummary, scoresIn } from './summary.ts';
import { shortModel } from './tables.ts';
import { scoreFrom, taskNamed, taskTitle } from './tasks.ts';

/** A font that is installed with the package, so that pictures are the same everywhere. */
export const fontFamily = 'Arimo';

/** Settings of all charts: sizes and colours for print. */
export const style = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  config: {
    font: fontFamily,
    axis: { labelFlush: false, labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e6e6e6' },
    header: { labelFontSize: 13, title: null },
    legend: {
      labelFontSize: 11,
      titleFontSize: 11,
      titleFontWeight: 'normal',
      titleLimit: 0,
      labelLimit: 0,
      title: null,
    },
    title: { fontSize: 14, anchor: 'start', fontWeight: 'normal' },
    range: { category: { scheme: 'tableau10' } },
    view: { stroke: '#cccccc' },
  },
} as const;

/** Places of a chart in a publication: its width in points, 1/72 inch, the panels beside each other, and the width of one in pixels. */
export const layouts = {
  /** One of two columns. */
  column: { points: 240, panels: 1, width: 270 },
  /** Both columns. */
  page: { points: 504, panels: 3, width: 190 },
} as const;
export type LayoutName = keyof typeof layouts;
type ChartLayout = (typeof layouts)[LayoutName];

const axisOf = (title: string) => ({
  title,
  scale: { zero: false, nice: true, padding: 10 },
  axis: { format: '.4~g', tickCount: 6 },
});

/** A specification of Vega-Lite: plain JSON. Its own type is not named, since not everyone has that library. */
export type Specification = Readonly<Record<string, unknown>>;

/** The chart of an experiment as a Vega-Lite specification, with its data in it. */
export function chartOf(summary: SweepSummary, layout: LayoutName = 'page'): Specification {
  const { title, chart } = summary.plan.experiment;
  const place = layouts[layout];
  const subtitle = place.panels === 1 ? lines(legendOf(summary), 42) : legendOf(summary);
  const text = place.panels === 1 ? lines(title, 32) : title;
  return { ...style, title: { text, subtitle, subtitleFontSize: 11 }, ...charts[chart](summary, place) };
}

/** Text in lines of at most so many characters. */
function lines(text: string, most: number): string[] {
  const all: string[] = [];
  for (const word of text.split(' ')) {
    const last = all.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) all[all.length - 1] = `${last} ${word}`;
    else all.push(word);
  }
  return all;
}

/** What points and bars are, and of how many runs. */
function legendOf({ plan, rows }: SweepSummary): string {
  const counts = rows
    .flatMap(({ cells }) => cells.map(({ scores }) => scores.bySeed.size))
    .filter((count) => count > 0);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const seeds = counts.length === 0 ? 'no run' : least === most ? `n = ${most} seeds` : `n = ${least} to ${most} seeds`;
  const spread = { methods: 'bars', sparsity: 'bands', parameters: null, course: null }[plan.experiment.chart];
  return `means, ${seeds}${spread === null ? '' : `; ${spread}: ± one standard deviation`}`;
}

type ChartMaker = (summary: SweepSummary, layout: ChartLayout) => Specification;
const charts: Readonly<Record<SweepSummary['plan']['experiment']['chart'], ChartMaker>> = {
  methods: methodsChart,
  parameters: parametersChart,
  sparsity: sparsityChart,
  course: courseChart,
};

/** A column's title, with the model where there are several. */
function panelOf({ plan }: SweepSummary, column: ScoreColumn, model: string): string {
  const title = column === 'average' ? 'mean of the tasks' : taskTitle(column);
  return plan.settings.models.length > 1 ? `${title}, ${shortModel(model)}` : title;
}

/** One record per method, model and column that has a score, column by column. */
function records(summary: SweepSummary) {
  return columnsOf(summary.plan).flatMap((column) =>
    summary.rows.flatMap((row) => {
      const scores = scoresIn(row, column);
      if (scores === null || scores.mean === null) return [];
      const { mean: score, deviation } = scores;
      const [low, high] = [score - (deviation ?? 0), score + (deviation ?? 0)];
      const [panel, metric] = [panelOf(summary, column, row.model), metricOf(column)];
      return [{ method: row.row.title, sparsity: sparsityOf(row.row), panel, metric, score, low, high }];
    }),
  );
}

const metricOf = (column: ScoreColumn): string => (column === 'average' ? 'mean score × 100' : taskNamed(column).axis);

/**
 * The paper's scores as far as both a row and the one that it is compared with have one: each is drawn where ours would be if the
 * difference were the paper's, since its models are larger and their scores elsewhere.
 */
function paperRecords(summary: SweepSummary) {
  const { plan, rows } = summary;
  return columnsOf(plan).flatMap((column) =>
    rows.flatMap(({ row, model }) => {
      const other = rows.find((one) => one.model === model && one.row.id === row.against);
      const base = other && scoresIn(other, column)?.mean;
      if (base == null) return [];
      return publishedOf(plan, row.id).flatMap(({ model: backbone, scores }) => {
        const dense = publishedOf(plan, other?.row.id ?? '').find((one) => one.model === backbone)?.scores[column];
        const own = scores[column];
        if (own === undefined || dense === undefined) return [];
        const panel = panelOf(summary, column, model);
        const score = base + own - dense;
        return [{ method: row.title, sparsity: sparsityOf(row), panel, score, paper: backbone }];
      });
    }),
  );
}

/** A layer with the paper's scores. */
const paperLayer = (values: readonly unknown[], encoding: Specification) =>
  values.length === 0
    ? []
    : [
        {
          data: { values },
          mark: { type: 'point', size: 45, strokeWidth: 1.2, color: '#c0392b' },
          encoding: {
            ...encoding,
            shape: {
              field: 'paper',
              type: 'nominal',
              legend: { orient: 'bottom', title: "the paper's difference from dense" },
            },
          },
        },
      ];

/** Below the panels where one column has no room beside them. */
const legendOfColors = (panels: number) => (panels === 1 ? { orient: 'bottom', columns: 2 } : {});

type Panelled = { readonly panel: string };

/** A panel for each title, in the order in which they occur, with its own records and axes. */
function panelsOf<T extends Panelled>(
  values: readonly T[],
  columns: number,
  panel: (values: readonly T[]) => Specification,
): Specification {
  const titles = [...new Set(values.map(({ panel: title }) => title))];
  return {
    columns,
    resolve: { scale: { color: 'shared', shape: 'shared' } },
    concat: titles.map((title) => {
      const own = values.filter((value) => value.panel === title);
      return { title: { text: title, anchor: 'middle', fontSize: 12 }, data: { values: own }, ...panel(own) };
    }),
  };
}

/** Scores by method, a panel for each task: a point is the mean over the seeds, the bar one standard deviation to each side. */
function methodsChart(summary: SweepSummary, { panels, width }: ChartLayout): Specification {
  const order = summary.plan.rows.map(({ title }) => title);
  const y = { field: 'method', type: 'nominal', sort: order, title: null, axis: { grid: true, labelLimit: 0 } };
  const color = '#4c78a8';
  const paper = paperRecords(summary);
  return panelsOf(records(summary), panels, ([first]) => {
    const x = { field: 'score', type: 'quantitative', ...axisOf(first.metric) };
    const ofPaper = paper.filter(({ panel }) => panel === first.panel);
    return {
      width,
      height: { step: panels === 1 ? 18 : 22 },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2, color },
          encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        { mark: { type: 'point', filled: true, size: 60, opacity: 1, color }, encoding: { y, x } },
        ...paperLayer(ofPaper, { y, x }),
      ],
    };
  });
}

/** The mean score against trained parameters, ours and in a panel of their own those points whose place the paper prints. */
function parametersChart(summary: SweepSummary, { panels }: ChartLayout): Specification {
  const { plan, rows } = summary;
  const ours = rows.flatMap((row) => {
    const main = mainColumn(plan, row);
    const score = main && scoresIn(row, main)?.mean;
    if (score == null || row.trained === null) return [];
    return [
      { method: row.row.title, kind: row.row.adapter.kind, score, trained: row.trained, panel: shortModel(row.model) },
    ];
  });
  const isWhole = plan.tasks.length === plan.experiment.tasks.length;
  const paper = (isWhole ? plan.rows : []).flatMap((row) =>
    publishedOf(plan, row.id).flatMap(({ model, scores: { average: score } }) => {
      const trained = figure1Trained[row.id];
      if (score === undefined || trained === undefined) return [];
      return [{ method: row.title, kind: row.adapter.kind, score, trained, panel: `${model}, in the paper` }];
    }),
  );
  const x = {
    field: 'trained',
    type: 'quantitative',
    title: 'trained parameters (% of the backbone)',
    scale: { type: 'log', nice: false, padding: 40 },
    axis: { format: '.4~g', tickCount: 6 },
  };
  const y = { field: 'score', type: 'quantitative', ...axisOf('mean score × 100') };
  const kinds = [...new Set(plan.rows.map(({ adapter }) => adapter.kind))];
  const color = { field: 'kind', type: 'nominal', scale: { domain: kinds }, legend: legendOfColors(panels) };
  const [width, height] = [330, 260];
  return panelsOf([...ours, ...paper], Math.min(panels, 2), (values) => {
    const across = pixelsOf(
      values.map(({ trained }) => Math.log(trained)),
      width - 2 * x.scale.padding,
    );
    const down = pixelsOf(
      values.map(({ score }) => -score),
      height - 2 * y.scale.padding,
    );
    const sides = chooseSides(values.map(({ method: text }, i) => ({ x: across[i], y: down[i], text })));
    return {
      width,
      height,
      layer: [
        { mark: { type: 'point', filled: true, size: 70, opacity: 1 }, encoding: { x, y, color } },
        ...[...new Set(sides)].map((side) => ({
          data: { values: values.filter((_, i) => sides[i] === side) },
          mark: { type: 'text', ...labelSides[side], fontSize: 10, font: fontFamily },
          encoding: { x, y, text: { field: 'method', type: 'nominal' } },
        })),
      ],
    };
  });
}

/** Where numbers lie on an axis of so many pixels from the least to the largest. */
function pixelsOf(numbers: readonly number[], length: number): number[] {
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return numbers.map((number) => (most > least ? ((number - least) / (most - least)) * length : 0));
}

/** Scores over the sparsity with one standard deviation to each side; full fine-tuning is a dashed line. */
function sparsityChart(summary: SweepSummary, { panels, width }: ChartLayout): Specification {
  const paper = paperRecords(summary);
  const x = { field: 'sparsity', type: 'quantitative', title: 'weights removed (%)' };
  return panelsOf(records(summary), panels, (values) => {
    const [{ metric, panel }] = values;
    const y = { field: 'score', type: 'quantitative', ...axisOf(metric) };
    const ofPaper = paper.filter((one) => one.panel === panel && one.sparsity !== null);
    const full = values.filter(({ sparsity }) => sparsity === null);
    const reference = {
      data: { values: full },
      mark: { type: 'rule', strokeDash: [5, 4], color: '#666666' },
      encoding: { y },
    };
    return {
      width,
      height: 150,
      data: { values: values.filter(({ sparsity }) => sparsity !== null) },
      layer: [
        { mark: { type: 'area', opacity: 0.2 }, encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } } },
        { mark: { type: 'line', point: true }, encoding: { x, y } },
        ...(full.length > 0 ? [reference] : []),
        ...paperLayer(ofPaper, { x, y }),
      ],
    };
  });
}

/** In percent; null for full fine-tuning, which has nothing to prune. */
function sparsityOf({ adapter, sparsity = 0 }: ExperimentRow): number | null {
  if (adapter.kind === 'full') return null;
  return 100 * sparsity;
}

/** Scores while training, the mean over the seeds at each evaluation. */
function courseChart(summary: SweepSummary, { panels }: ChartLayout): Specification {
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
      const metric = metricOf(cell.task);
      return Array.from(byShare, ([share, scores]) => ({
        ...{ method: row.title, panel, metric, share },
        score: sampleMean(scores),
      }));
    }),
  );
  return panelsOf(values, Math.min(panels, 2), ([{ metric }]) => ({
    width: 300,
    height: 220,
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'share', type: 'quantitative', title: 'training (%)', scale: { domain: [0, 100] } },
      y: { field: 'score', type: 'quantitative', ...axisOf(metric) },
      color: { field: 'method', type: 'nominal', legend: legendOfColors(panels) },
    },
  }));
}

/** The share of weights that each method keeps in each matrix, over all runs of a model; null if no method prunes. */
export function keptChart({ rows }: SweepSummary, model: string): Specification | null {
  const own = rows.filter((row) => row.model === model);
  const values = own.flatMap(({ row, cells }) => {
    const shares = new Map<string, number[]>();
    for (const { stored } of cells.flatMap(({ runs }) => runs)) {
      for (const { name, kept, total } of stored.pruning?.layers ?? []) {
        shares.set(name, [...(shares.get(name) ?? []), (100 * kept) / total]);
      }
    }
    const method = row.title;
    return Array.from(shares, ([name, kept]) => ({ method, matrix: shortMatrix(name), kept: sampleMean(kept) }));
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
  };
}

/** Without what all names of matrices have in common. */
export const shortMatrix = (name: string): string =>
  name
    .replace(/^.*?\.layer\./, 'layer ')
    .replace(/\.(adapters|loras?|default)(?=\.)/g, '')
    .replace(/\.weight$/, '');
