import { fontFamily, type Specification, style } from './charts.ts';

/** The numbers of a run that are shown beside others. */
export interface ComparedRun {
  readonly title: string;
  /** Weights of the adapter that are trained. */
  readonly weights: number;
  /** Of the adapter's file. */
  readonly bytes: number;
  readonly accuracy: number;
}

const DIGITS = { weights: ',d', megabytes: '.2f', accuracy: '.3f' } as const;

/** A panel with a bar for each run and its value after it. */
function panel(runs: readonly ComparedRun[], field: keyof typeof DIGITS, title: string, isFirst: boolean) {
  const order = runs.map((run) => run.title);
  const y = {
    field: 'title',
    type: 'nominal',
    sort: order,
    title: null,
    axis: isFirst ? { labelFontSize: 12, domain: false, ticks: false, labelPadding: 8 } : null,
  };
  const largest = Math.max(...runs.map((run) => valuesOf(run)[field]));
  const x = { field, type: 'quantitative', axis: null, scale: { domain: [0, 1.45 * largest] } };
  return {
    width: 170,
    height: 26 * runs.length,
    title: { text: title, fontSize: 12 },
    encoding: { y, x },
    layer: [
      {
        mark: { type: 'bar', height: 18 },
        encoding: { color: { field: 'title', type: 'nominal', sort: order, legend: null } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 5, fontSize: 12 },
        encoding: { text: { field, type: 'quantitative', format: DIGITS[field] } },
      },
    ],
  };
}

const valuesOf = ({ title, weights, bytes, accuracy }: ComparedRun) => ({
  title,
  weights,
  megabytes: bytes / 1e6,
  accuracy,
});

/** The chart of a few runs side by side: how much they train, how large their files are, how good they get. */
export function comparisonChart(runs: readonly ComparedRun[], title: string): Specification {
  return {
    ...style,
    // On pages that do not have the font of the other charts.
    config: { ...style.config, font: `${fontFamily}, Arial, sans-serif`, view: { stroke: null } },
    title: { text: title, offset: 12 },
    data: { values: runs.map(valuesOf) },
    spacing: 18,
    hconcat: [
      panel(runs, 'weights', 'trained weights of the adapter', true),
      panel(runs, 'megabytes', 'its file, in MB', false),
      panel(runs, 'accuracy', 'accuracy', false),
    ],
  };
}
