import type { MetricName } from '../metrics/index.ts';

/** One text, or a pair of texts, and what is to be predicted for it. */
export interface Example {
  text: string;
  pair?: string;
  /** Class index or regression target; absent where nothing is known, as in prediction input. */
  label?: number;
}

/** Examples of one task, all of them with or all of them without a label. */
export interface Dataset {
  /** For messages: the task and split, or the file. */
  name: string;
  examples: Example[];
  /** Class names: label i means `labels[i]`. Null for regression, and where no class is known. */
  labels: string[] | null;
  /** What to evaluate, the primary metric first; empty without labels. */
  metrics: MetricName[];
  /** What a reader should be told although the data can be used; one line each. */
  warnings: string[];
}
