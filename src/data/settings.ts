import { resolve } from 'node:path';
import * as v from 'valibot';
import { parseHubName } from '../io/hub/repository.ts';
import { problemTypes } from '../models/encoder-schema.ts';
import {
  boolean,
  factor,
  listOf,
  nonEmptyText,
  oneOf,
  option,
  positiveInteger,
  probability,
} from '../settings/index.ts';
import { delimiter } from './delimiters.ts';
import { encoding } from './encodings.ts';

/** A path, absolute, so that what is stored of it stays valid in another directory. */
export const path = v.pipe(
  nonEmptyText,
  v.transform((text) => resolve(text)),
);

const HUB_NAME = 'org/name or org/name@revision';
const hubName = v.pipe(
  v.string(HUB_NAME),
  v.check((text) => parseHubName(text, 'dataset') !== undefined, HUB_NAME),
);

const COLUMNS = 'a column, or two columns with a comma between them';
const column = v.pipe(v.string('a column'), v.nonEmpty(COLUMNS));
const columns = v.pipe(
  v.union([v.pipe(listOf(column), v.minLength(1, COLUMNS), v.maxLength(2, COLUMNS)), column], COLUMNS),
  v.transform((text) => (typeof text === 'string' ? [text] : text)),
);

/** Where rows come from. */
export const sourceSettings = {
  data: option(path, {
    description:
      'a .csv, .tsv, .jsonl or .parquet file, a .conll file, or a folder of GLUE, SQuAD, XSum, BEIR or CoNLL files',
    short: 'd',
    placeholder: '<path>',
    excludes: 'dataset',
  }),
  dataset: option(hubName, {
    description: 'dataset of the Hugging Face hub, such as stanfordnlp/imdb',
    placeholder: '<org/name>',
    excludes: 'data',
  }),
  subset: option(nonEmptyText, {
    description: 'part of a dataset that has several',
    needs: 'dataset',
    for: { known: ['own', 'squad', 'xsum'] },
  }),
  evalData: option(path, {
    description: 'file to evaluate on',
    placeholder: '<file>',
    needs: 'data',
    for: { known: ['own', 'squad', 'xsum', 'beir'] },
  }),
  skipInvalid: option(boolean, {
    description: 'leave out rows that cannot be used and count them, instead of an error that lists them',
    default: false,
    for: {
      task: [
        'text-classification',
        'token-classification',
        'text2text-generation',
        'translation',
        'question-answering',
        'multiple-choice',
        'feature-extraction',
      ],
      known: ['own', 'glue', 'squad', 'xsum', 'beir'],
    },
  }),
};

/** Rows that are held out of training. */
export const heldOutSettings = {
  validationSplit: option(probability, {
    description: 'part of a table, or of the training file of GLUE, to evaluate on instead of --eval-data; 0 is none',
    placeholder: '<fraction>',
    default: 0.1,
    isOptional: true,
    defaultText: '0.1 if each class keeps two rows on both sides; GLUE: its dev file',
    excludes: ['evalData', 'dataset'],
    for: { known: ['own', 'glue'] },
  }),
  testData: option(path, {
    description: 'file of rows that choose nothing, for the score at the end',
    placeholder: '<file>',
    needs: 'data',
    excludes: ['testSplit', 'folds'],
    for: { known: ['own', 'squad', 'xsum'] },
  }),
  testSplit: option(probability, {
    description: 'part of a table to use so instead of --test-data',
    placeholder: '<fraction>',
    excludes: ['dataset', 'testData', 'folds'],
    for: { known: ['own'] },
  }),
  folds: option(factor, {
    description: 'cross-validation: as many runs, each tested on another part of the table',
    placeholder: '<count>',
    excludes: ['dataset', 'evalData', 'testData', 'testSplit'],
    for: { known: ['own'] },
  }),
  /** The one that a run is tested on, from 1. */
  fold: option(positiveInteger, {
    description: 'the fold that a run of a cross-validation is tested on',
    needs: 'folds',
    flag: null,
    for: { known: ['own'] },
  }),
};

/** The number of examples that are drawn from WordNet, the dataset of the demo. */
export const wordnetSettings = {
  trainPerClass: option(positiveInteger, {
    description: 'training examples of each class',
    default: 100,
    flag: null,
    for: { known: ['wordnet'] },
  }),
  evalPerClass: option(positiveInteger, {
    description: 'evaluation examples of each class',
    default: 50,
    flag: null,
    for: { known: ['wordnet'] },
  }),
};

/** How a table of the user's own is written. */
export const tableSettings = {
  delimiter: option(delimiter, {
    description: "what stands between the cells of a table: ',', ';', '|' or tab",
    placeholder: '<character>',
    defaultText: 'told by the header',
    for: { known: ['own'] },
  }),
  encoding: option(encoding, {
    description: 'encoding of a table of text, such as windows-1252',
    placeholder: '<name>',
    defaultText: 'utf-8, or utf-16 with a byte-order mark',
    for: { known: ['own'] },
  }),
};

/** The columns of a table of the user's own. */
export const columnSettings = {
  text: option(columns, {
    description: 'column with the text, or two for pairs of texts',
    placeholder: '<columns>',
    for: { known: ['own'] },
  }),
  label: option(nonEmptyText, {
    description: 'column to predict; numbers mean regression, for embeddings the scores of pairs',
    placeholder: '<column>',
    for: {
      task: ['text-classification', 'token-classification', 'multiple-choice', 'feature-extraction'],
      known: ['own'],
    },
  }),
  problemType: option(oneOf(['auto', ...problemTypes]), {
    description: 'what the label column holds: a class, any number of labels, or a number',
    placeholder: '<name>',
    default: 'auto',
    defaultText: 'auto: numbers if all values are, else classes; several labels with a separator',
    for: { task: ['text-classification'], known: ['own'] },
  }),
  labelSeparator: option(nonEmptyText, {
    description: 'what stands between the labels of a cell, where a text can have several',
    placeholder: '<text>',
    for: { task: ['text-classification'], known: ['own'], problemType: ['multi_label_classification'] },
  }),
  target: option(nonEmptyText, {
    description: 'column with the text to write for that of the text column, instead of a label',
    placeholder: '<column>',
    for: { task: ['text2text-generation', 'translation'], known: ['own'] },
  }),
};
