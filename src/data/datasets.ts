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
  /** The official number of examples, where it is one. */
  readonly size?: Readonly<Partial<Record<Split, number>>>;
  /** The dataset whose runs are evaluated on it, where it has nothing to train on. */
  readonly trainedOn?: string;
}

/** A dataset of texts with one to write for each. */
export interface KnownPairs extends Known {
  readonly task: 'text2text-generation';
  readonly columns: { readonly text: string; readonly target: string };
}

/** A dataset of questions; its columns are those of SQuAD on the hub. */
export interface KnownQuestions extends Known {
  readonly task: 'question-answering';
  /** Whether some of its questions have no answer. */
  readonly hasUnanswerable: boolean;
}

/** A retrieval set; its rows are pairs of a query and a relevant document. */
export interface KnownRetrieval extends Known {
  readonly task: 'feature-extraction';
}

export type KnownDataset = KnownExamples | KnownPairs | KnownQuestions | KnownRetrieval;

/**
 * Well-known datasets: columns as the Hugging Face hub has them, class names in the order of the hub, so that its
 * checkpoints agree, and metrics of the benchmark (GLUE: Wang et al. 2019, table 1).
 */
const nliClasses = ['entailment', 'neutral', 'contradiction'] as const;
const nliColumns = { text: ['premise', 'hypothesis'], label: 'label' } as const;

export const knownDatasets = {
  cola: {
    task: 'text-classification',
    title: 'CoLA',
    columns: { text: ['sentence'], label: 'label' },
    classes: ['unacceptable', 'acceptable'],
    metrics: ['matthews'],
    size: { train: 8551, evaluation: 1043 },
  },
  sst2: {
    task: 'text-classification',
    title: 'SST-2',
    columns: { text: ['sentence'], label: 'label' },
    classes: ['negative', 'positive'],
    metrics: ['accuracy'],
    size: { train: 67349, evaluation: 872 },
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
  qqp: {
    task: 'text-classification',
    title: 'QQP',
    columns: { text: ['question1', 'question2'], label: 'label' },
    classes: ['not_duplicate', 'duplicate'],
    metrics: ['accuracy', 'f1'],
    // The training rows are 363846 or 363849: readers do not agree on where a line ends.
    size: { evaluation: 40430 },
  },
  mnli: {
    task: 'text-classification',
    title: 'MNLI',
    columns: nliColumns,
    classes: nliClasses,
    metrics: ['accuracy'],
    size: { train: 392702, evaluation: 9815 + 9832 },
  },
  qnli: {
    task: 'text-classification',
    title: 'QNLI',
    columns: { text: ['question', 'sentence'], label: 'label' },
    classes: ['entailment', 'not_entailment'],
    metrics: ['accuracy'],
    size: { train: 104743, evaluation: 5463 },
  },
  rte: {
    task: 'text-classification',
    title: 'RTE',
    columns: { text: ['sentence1', 'sentence2'], label: 'label' },
    classes: ['entailment', 'not_entailment'],
    metrics: ['accuracy'],
    size: { train: 2490, evaluation: 277 },
  },
  wnli: {
    task: 'text-classification',
    title: 'WNLI',
    columns: { text: ['sentence1', 'sentence2'], label: 'label' },
    classes: ['not_entailment', 'entailment'],
    metrics: ['accuracy'],
    size: { train: 635, evaluation: 71 },
  },
  /** The diagnostics of GLUE, on which models of MNLI are judged. */
  ax: {
    task: 'text-classification',
    title: 'AX',
    columns: nliColumns,
    classes: nliClasses,
    metrics: ['matthews'],
    size: { evaluation: 1104 },
    trainedOn: 'mnli',
  },
  squad: { task: 'question-answering', title: 'SQuAD', hasUnanswerable: false },
  squad_v2: { task: 'question-answering', title: 'SQuAD 2.0', hasUnanswerable: true },
  /** XSum (Narayan et al. 2018). */
  xsum: { task: 'text2text-generation', title: 'XSum', columns: { text: 'document', target: 'summary' } },
  beir: { task: 'feature-extraction', title: 'BEIR' },
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
