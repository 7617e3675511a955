import type { MetricName, MultilabelScoreName } from '../metrics/index.ts';

/** One text, or a pair of texts, and what is to be predicted for it. */
export interface Example {
  text: string;
  textPair?: string;
  /** Class index or regression target; absent where nothing is known, as in prediction input. */
  label?: number;
  /** Class indices, rising, where any number of classes can hold. */
  labels?: readonly number[];
  /** The part of the data that is scored by itself, such as `matched` of MNLI. */
  group?: string;
}

/** Examples of one task, all of them with or all of them without an answer. */
export interface Dataset<Item = Example, Metric extends string = MetricName | MultilabelScoreName> {
  /** For messages: the task and split, or the file. */
  name: string;
  examples: Item[];
  /** Class names: label i means `labels[i]`. Null where there are no classes, as in regression, and where none is known. */
  labels: string[] | null;
  /** The number of the class that F1 is about, where it is not 1. */
  positive?: number;
  /** The metrics of an evaluation, the primary one first; empty where no answer is known. */
  metrics: Metric[];
  /** What is learnt from the data, where the columns decide it; one line each. */
  notes?: string[];
  /** Warnings about data that can be used all the same; one line each. */
  warnings: string[];
  /** Rows that could not be used and were left out; left out: none. */
  skipped?: number;
}
