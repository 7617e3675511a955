import type { MetricName } from '../metrics/index.ts';
import type { Split } from './source.ts';

interface Known {
  /** The task that is learnt from it. */
  readonly task: string;
  /** For messages. */
  readonly title: string;
}

/** A dataset of texts, or pairs of texts, with one label for each. */
export interface KnownExamples extends Known {
  readonly task: 'text-classification';
  readonly columns: { readonly text: readonly string[]; readonly label: string };
  /** The names of the classes in their order, which may stand in the data by name or by number; null for numbers in `range`. */
  readonly classes: readonly string[] | null;
  readonly range?: readonly [number, number];
  /** Whether its examples are drawn, anew for each seed, so that no place is to be named. */
  readonly isDrawn?: boolean;
  /** The primary one first. */
  readonly metrics: readonly MetricName[];
  /** The official number of examples. */
  readonly size?: Readonly<Record<Split, number>>;
}

/** A dataset of texts with one to write for each. */
export interface KnownPairs extends Known {
  readonly task: 'text2text-generation';
  readonly columns: { readonly text: string; readonly target: string };
}

/** A dataset of questions; its columns are those of SQuAD on the hub. */
export interface KnownQuestions extends Known {
  readonly task: 'question-answering';
}

export type KnownDataset = KnownExamples | KnownPairs | KnownQuestions;

/**
 * Well-known datasets: columns as the Hugging Face hub has them, class names in the order of the hub, so that its
 * checkpoints agree, and metrics of the benchmark (GLUE: Wang et al. 2019, table 1).
 */
export const knownDatasets = {
  cola: {
    task: 'text-classification',
    title: 'CoLA',
    columns: { text: ['sentence'], label: 'label' },
    classes: ['unacceptable', 'acceptable'],
    metrics: ['matthews'],
    size: { train: 8551, evaluation: 1043 },
  },
  mrpc: {
    task: 'text-classification',
    title: 'MRPC',
    columns: { text: ['sentence1', 'sentence2'], label: 'label' },
    classes: ['not_equivalent', 'equivalent'],
    metrics: ['accuracy', 'f1'],
    size: { train: 3668, evaluation: 408 },
  },
  stsb: {
    task: 'text-classification',
    title: 'STS-B',
    columns: { text: ['sentence1', 'sentence2'], label: 'label' },
    classes: null,
    range: [0, 5],
    metrics: ['pearson', 'spearman'],
    size: { train: 5749, evaluation: 1500 },
  },
  rte: {
    task: 'text-classification',
    title: 'RTE',
    columns: { text: ['sentence1', 'sentence2'], label: 'label' },
    classes: ['entailment', 'not_entailment'],
    metrics: ['accuracy'],
    size: { train: 2490, evaluation: 277 },
  },
  squad: { task: 'question-answering', title: 'SQuAD' },
  /** XSum (Narayan et al. 2018). */
  xsum: { task: 'text2text-generation', title: 'XSum', columns: { text: 'document', target: 'summary' } },
  /** The semantic field of a noun, given its definition; ten large fields. */
  wordnet: {
    task: 'text-classification',
    title: 'WordNet',
    columns: { text: ['text'], label: 'label' },
    classes: ['act', 'animal', 'artifact', 'body', 'communication', 'food', 'location', 'person', 'plant', 'substance'],
    metrics: ['accuracy'],
    isDrawn: true,
  },
} as const satisfies Readonly<Record<string, KnownDataset>>;

export type DatasetName = keyof typeof knownDatasets;

/** Returns the entry of a well-known dataset; undefined for other names. */
export const knownDataset = (name: string | undefined): KnownDataset | undefined =>
  name !== undefined && Object.hasOwn(knownDatasets, name) ? knownDatasets[name as DatasetName] : undefined;

/** Whether the examples of a well-known dataset are drawn, anew for each seed. */
export function isDrawn(name: string | undefined): boolean {
  const known = knownDataset(name);
  return known?.task === 'text-classification' && known.isDrawn === true;
}

/** Returns the task that is learnt, where `task` of the settings is its name or that of a well-known dataset. */
export function taskNamed(name: string): string;
export function taskNamed(name: string | undefined): string | undefined;
export function taskNamed(name: string | undefined): string | undefined {
  return knownDataset(name)?.task ?? name;
}
