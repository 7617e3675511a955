import { InputError } from '../errors.ts';
import { entityTags, taggingScoreNames } from '../metrics/entity-tags.ts';
import type { TaggingScoreName } from '../metrics/index.ts';
import { BadRows, type RowPlace } from './bad-rows.ts';
import { type ClassNames, doubts, newNames, trainedNames, type Unusable } from './class-names.ts';
import type { Dataset } from './examples.ts';
import { jsonList } from './label-cells.ts';
import { addUnusable } from './labels.ts';
import { quoted } from './quoted.ts';
import type { Column, Data, Part, Row, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';

/** The words of a sentence, and what each is. */
export interface TaggedWords {
  readonly tokens: readonly string[];
  /** Class indices, one per word; absent where nothing is known. */
  readonly tags?: readonly number[];
}

/** Sentences whose words are tagged. */
export type TagDataset = Dataset<TaggedWords, TaggingScoreName>;

export interface TagOptions {
  /** The column with the words. Default `tokens`. */
  readonly tokens?: string;
  /** The column with their tags. Default `tags`, or `ner_tags` where there is none of that name; null: none is read. */
  readonly tags?: string | null;
  /** The tags of a trained model, in its order. */
  readonly labels?: readonly string[];
  /** Leave out sentences that cannot be used, with a warning that counts them. Default false. */
  readonly skipInvalid?: boolean;
}

interface Sentence extends RowPlace {
  readonly tokens: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Reads sentences as lists of words with a tag for each, named or by the number of a class that the file names: from CoNLL files,
 * JSON lines, Parquet, CSV with lists as JSON has them, or rows in memory. New tags are sorted as classes are.
 *
 * @throws InputError naming the file: unreadable, without the columns or without any tag but one; or listing the rows that cannot be used
 */
export async function readTaggedWords(data: Data | Rows, options: TagOptions = {}): Promise<TagDataset> {
  const { tokens = 'tokens', tags, labels, skipInvalid } = options;
  const rows = rowsOf(data, 'token-classification');
  const { name, place = name } = rows;
  const ofTags = tags === null ? [] : tags === undefined ? usualTags : [{ name: tags }];
  const bad = new BadRows(skipInvalid);
  const sentences: Sentence[] = [];
  for await (const part of rows.parts([{ name: tokens }, ...ofTags])) {
    for (const row of part.rows) {
      const read = row.problem ?? sentenceOf(part, row, tokens, ofTags);
      if (typeof read === 'string') bad.add({ file: part.file, unit: part.unit, number: row.number }, read);
      else sentences.push(read);
    }
  }
  if (ofTags.length === 0) {
    const warnings = bad.finish(name, sentences.length);
    return { name, examples: sentences.map((one) => ({ tokens: one.tokens })), labels: null, metrics: [], warnings };
  }
  const names = labels ? trainedNames(labels) : newNames([...new Set(sentences.flatMap((one) => one.tags))]);
  const examples: TaggedWords[] = [];
  for (const sentence of sentences) {
    const numbers = numbersOf(sentence, names);
    if ('problem' in numbers) addUnusable(bad, sentence, numbers);
    else examples.push({ tokens: sentence.tokens, tags: numbers });
  }
  const warnings = bad.finish(name, examples.length);
  if (names.labels.length < 2) {
    const only = names.labels.map(quoted).join('');
    throw new InputError(`${place}: all tags are ${only}; a model needs two or more`);
  }
  const marks = entityTags(names.labels);
  const plain = marks.areEntities ? [] : [plainLine(names.labels)];
  const metrics = marks.areEntities ? [...taggingScoreNames] : (['accuracy'] as const);
  const doubtful = labels ? [] : [...plain, ...doubts(names.labels, tags ?? 'tags')];
  return { name, examples, labels: [...names.labels], metrics: [...metrics], warnings: [...warnings, ...doubtful] };
}

/** Names of the column of tags: that of our own, and the one of named entities on the hub. */
const usualTags: readonly Column[] = [
  { name: 'tags', optional: true },
  { name: 'ner_tags', optional: true },
];

const plainLine = (labels: readonly string[]): string =>
  `tags such as ${labels.slice(0, 3).map(quoted).join(', ')} mark no entities (as O, B-PER, I-PER do), so the accuracy of tags is the only score`;

/** The words and tags of a row, or what is wrong with it. */
function sentenceOf(
  { file, unit, classes }: Part,
  { number, cells }: Row,
  column: string,
  ofTags: readonly Column[],
): Sentence | string {
  const tokens = listIn(cells[0]);
  if (!tokens?.every((token) => typeof token === 'string')) return `'${column}' is not a list of words`;
  if (tokens.length === 0) return `'${column}' has no words`;
  const at = ofTags.findIndex((_, i) => cells[i + 1] !== undefined && cells[i + 1] !== null);
  if (ofTags.length === 0) return { file, unit, number, tokens, tags: [] };
  if (at < 0) return `there is no '${ofTags[0].name}'`;
  const { name } = ofTags[at];
  const given = listIn(cells[at + 1]);
  if (!given) return `'${name}' is not a list`;
  if (given.length !== tokens.length) return `there are ${tokens.length} words and ${given.length} tags`;
  const names = classes?.[at + 1];
  const tags = given.map((tag) => (names && typeof tag === 'number' ? names[tag] : tag));
  const strange = tags.findIndex((tag) => tag === '' || !['string', 'number'].includes(typeof tag));
  if (strange >= 0) return `word ${strange + 1}, ${quoted(tokens[strange])}, has no tag`;
  return { file, unit, number, tokens, tags: tags.map(String) };
}

/** A list, or a text that holds one as JSON has it. */
const listIn = (cell: unknown): readonly unknown[] | null =>
  Array.isArray(cell) ? cell : typeof cell === 'string' ? jsonList(cell.trim()) : null;

function numbersOf(
  { tags }: Sentence,
  names: ClassNames & Partial<ReturnType<typeof trainedNames>>,
): number[] | Unusable {
  const numbers: number[] = [];
  for (const tag of tags) {
    const number = names.numberOf(tag);
    if (number === undefined) return names.unknown?.(tag, 'tags') ?? { problem: `${quoted(tag)} is no tag` };
    numbers.push(number);
  }
  return numbers;
}
