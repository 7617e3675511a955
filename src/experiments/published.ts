import type { PaperTaskName } from './tasks.ts';

/** Numbers that the paper prints, in percent: for each row of a table, one per task and the mean over GLUE as printed. */
export type PublishedScores = Readonly<Partial<Record<PaperTaskName | 'average', number>>>;

/** The backbones of the paper's tables. */
export type PaperModel = 'BERT' | 'RoBERTa' | 'BART';

/** By backbone, by row. */
export type Published = Readonly<Partial<Record<PaperModel, Readonly<Record<string, PublishedScores>>>>>;

/** A row of scores in the order of the tables. */
const row = (cola: number, mrpc: number, stsb: number, rte: number, average: number): PublishedScores => ({
  cola,
  mrpc,
  stsb,
  rte,
  average,
});

/** Table 1: methods of pruning at 40 %. */
export const table1: Published = {
  BERT: {
    full: row(59.4, 83.1, 87.2, 68.3, 74.5),
    adapter: row(59.1, 82.1, 86.6, 66.5, 73.6),
    random: row(58.4, 82.9, 86.7, 66.8, 73.7),
    magnitude: row(58.2, 82.8, 86.7, 66.3, 73.2),
    er: row(58.6, 82.2, 86.8, 67.0, 73.7),
    snip: row(59.4, 82.3, 87.0, 68.2, 74.2),
    grasp: row(59.0, 82.7, 86.9, 67.2, 74.0),
  },
  RoBERTa: {
    full: row(61.8, 88.0, 90.8, 75.2, 79.0),
    adapter: row(61.3, 87.4, 90.4, 74.1, 78.3),
    random: row(61.0, 87.5, 90.5, 73.2, 78.1),
    magnitude: row(60.6, 87.0, 90.6, 73.3, 77.9),
    er: row(60.9, 87.2, 90.2, 73.6, 78.0),
    snip: row(61.4, 87.6, 90.3, 75.0, 78.6),
    grasp: row(61.2, 87.1, 90.7, 74.4, 78.4),
  },
};

/** Table 2, by sparsity: means over GLUE with RoBERTa-base, ROUGE-2 on XSum with BART-large, F1 on SQuAD v1.1 with BERT-base. */
export const table2: Published = {
  RoBERTa: {
    full: { average: 79.0 },
    adapter: { average: 78.3 },
    s20: { average: 78.7 },
    s40: { average: 78.6 },
    s60: { average: 78.2 },
    s80: { average: 77.9 },
  },
  BART: {
    full: { xsum: 21.9 },
    adapter: { xsum: 21.6 },
    s20: { xsum: 21.6 },
    s40: { xsum: 21.8 },
    s60: { xsum: 21.5 },
    s80: { xsum: 21.3 },
  },
  BERT: {
    full: { squad: 87.8 },
    adapter: { squad: 87.4 },
    s20: { squad: 87.5 },
    s40: { squad: 87.7 },
    s60: { squad: 87.4 },
    s80: { squad: 87.0 },
  },
};

/** Table 3: Large-Sparse. */
export const table3: Published = {
  BERT: {
    adapter: row(59.1, 82.1, 86.6, 66.5, 73.6),
    ls2: row(59.9, 82.3, 87.6, 67.5, 74.3),
    ls3: row(60.1, 82.7, 87.7, 67.7, 74.6),
    ls4: row(60.6, 83.3, 88.2, 68.2, 75.1),
  },
  RoBERTa: {
    adapter: row(61.3, 87.4, 90.4, 74.1, 78.3),
    ls2: row(61.7, 88.2, 90.3, 75.5, 78.9),
    ls3: row(61.8, 88.7, 90.4, 75.3, 79.1),
    ls4: row(62.1, 89.5, 90.5, 76.2, 79.6),
  },
};

/** Table 4: other kinds of adapters. */
export const table4: Published = {
  RoBERTa: {
    pfeiffer: row(61.2, 85.8, 89.2, 74.7, 77.7),
    's-pfeiffer': row(61.1, 86.0, 89.3, 75.2, 77.9),
    lora: row(62.0, 87.5, 88.5, 74.5, 78.1),
    's-lora': row(62.1, 87.7, 88.8, 74.6, 78.2),
    mam: row(61.3, 86.5, 89.7, 74.6, 78.0),
    's-mam': row(61.5, 87.6, 89.8, 74.3, 78.3),
    fusion: row(63.1, 89.7, 90.9, 76.0, 79.9),
    's-fusion': row(63.3, 90.0, 90.8, 76.4, 80.1),
  },
};

/** Figure 1 prints no numbers; these are the means that tables 1, 3 and 4 give for its points. */
export const figure1: Published = {
  RoBERTa: {
    full: { average: 79.0 },
    adapter: { average: 78.3 },
    's-adapter': { average: 78.6 },
    'ls-adapter': { average: 79.6 },
    pfeiffer: { average: 77.7 },
    's-pfeiffer': { average: 77.9 },
    lora: { average: 78.1 },
    's-lora': { average: 78.2 },
  },
};

/** The trained parameters of those points of figure 1 for which the paper prints them, in percent of the backbone (tables 1 and 3). */
export const figure1Trained: Readonly<Record<string, number>> = {
  full: 100,
  adapter: 2.0,
  's-adapter': 1.2,
  'ls-adapter': 2.0,
};
