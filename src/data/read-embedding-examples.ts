import { InputError } from '../errors.ts';
import { retrievalScoreNames } from '../metrics/score-names.ts';
import { BadRows } from './bad-rows.ts';
import type { Dataset, Example } from './examples.ts';
import { readExamples } from './read-examples.ts';
import { type RetrievalSet, relevantPairs } from './retrieval-set.ts';
import type { Data, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';
import { textRows } from './text-rows.ts';

/** Two texts that belong together, or as much as the label says. */
export interface EmbeddingExample extends Example {
  textPair: string;
  /** A text that does not belong to the first. */
  negative?: string;
}

export interface EmbeddingOptions {
  /** The two columns with the texts. Default `text` and `textPair`. */
  readonly text?: string | readonly string[];
  /** The column with a text that does not belong to the first. */
  readonly negative?: string;
  /** The column with the score of each pair. */
  readonly label?: string;
  /** Leave out rows that cannot be used, with a warning that counts them, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
}

/** Texts to learn embeddings from, or to judge them by; these can be a retrieval set instead of pairs. */
export interface EmbeddingDataset extends Dataset<EmbeddingExample, string> {
  readonly retrieval?: RetrievalSet;
}

/**
 * Reads pairs of texts, with scores or with a third text each, from the files or rows that `readExamples` reads, too.
 *
 * @throws InputError naming the file or a column, or listing the rows that cannot be used
 */
export async function readEmbeddingExamples(
  data: Data | Rows,
  { text = ['text', 'textPair'], negative, label, skipInvalid }: EmbeddingOptions = {},
): Promise<EmbeddingDataset> {
  const texts = [text].flat();
  if (texts.length !== 2) {
    throw new InputError('text names one column; embeddings need two, whose texts belong together.');
  }
  if (label !== undefined && negative !== undefined) {
    throw new InputError('label and negative exclude each other: pairs have a score, or a third text.');
  }
  const rows = rowsOf(data, 'feature-extraction');
  if (label !== undefined) {
    const read = await readExamples(rows, { text: texts, label, problemType: 'regression', skipInvalid });
    const examples = read.examples.map(({ textPair = '', ...example }) => ({ ...example, textPair }));
    return { ...read, examples };
  }
  const bad = new BadRows(skipInvalid);
  const examples: EmbeddingExample[] = [];
  const columns = [...texts, ...(negative === undefined ? [] : [negative])].map((name) => ({ name }));
  for await (const part of textRows(rows, columns, { bad })) {
    for (const { cells } of part.rows) {
      const [first, second, third] = cells;
      examples.push({ text: first, textPair: second, ...(third !== undefined && { negative: third }) });
    }
  }
  const warnings = bad.finish(rows.name, examples.length);
  return { name: rows.name, examples, labels: null, metrics: [], warnings, ...bad.skipped };
}

/**
 * Reads what rows to evaluate on are the judgements of.
 *
 * @returns null where they are those of no retrieval set
 * @throws InputError naming the file, or listing the rows that cannot be used
 */
export async function readRetrieval(
  rows: Rows,
  { skipInvalid }: Pick<EmbeddingOptions, 'skipInvalid'> = {},
): Promise<EmbeddingDataset | null> {
  const { name } = rows;
  const bad = new BadRows(skipInvalid);
  const retrieval = await rows.retrieval?.(bad);
  if (!retrieval) return null;
  const examples = relevantPairs(retrieval);
  const judgements = Object.values(retrieval.qrels).reduce((sum, grades) => sum + Object.keys(grades).length, 0);
  const warnings = bad.finish(name, judgements);
  return { name, examples, retrieval, labels: null, metrics: [...retrievalScoreNames], warnings, ...bad.skipped };
}
