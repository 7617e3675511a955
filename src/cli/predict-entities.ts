import type { Command } from 'commander';
import { isConll, isTable, streamWordRows, type WordsRow } from '../data/index.ts';
import { loadTokenClassification, type TokenClassificationModel } from '../models/index.ts';
import { findEntities, type LabelledSpan, tokenClassification } from '../training/index.ts';
import { UsageError } from './errors.ts';
import { checkInput, readRows, tableOf } from './input.ts';
import { warn } from './output.ts';
import { checkOutput, givePredictions, keptColumns, type OutputFlags } from './predict-output.ts';
import { type QuestionFlags, refuseQuestion } from './predict-question.ts';
import { type ModelFlags, modelOfCheckpoint, modelOfRun, type UsedModel } from './used-model.ts';

interface Flags extends OutputFlags, ModelFlags, QuestionFlags {
  readonly text?: readonly string[];
  readonly skipInvalid?: boolean;
}

/** The model that finds entities. */
interface Reader extends UsedModel<TokenClassificationModel> {
  readonly maxLength: number;
  /** The column of a table to read by default. */
  readonly column?: string;
}

interface Found extends WordsRow {
  readonly entities: readonly LabelledSpan[];
}

/** Gives the entities of each text. @throws UsageError for options that do not fit */
export async function predictEntities(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  refuseQuestion(flags, 'labels words');
  if (flags.text && flags.text.length > 1)
    throw new UsageError('--text names two columns; it is one, with the words or the text.');
  const isOfWords = flags.input !== undefined && isConll(flags.input);
  checkInput(isOfWords ? { ...flags, text: undefined, skipInvalid: undefined } : flags);
  await checkOutput(flags);
  const { model, tokenizer, maxLength, column } = run === undefined ? await ownHead(flags) : await trained(run, flags);
  const isOfTable = flags.input !== undefined && (isOfWords || isTable(flags.input));
  const [named = column ?? 'tokens'] = isOfWords ? ['tokens'] : (flags.text ?? []);
  const columns = await keptColumns(flags, [isOfTable ? named : 'text']);
  const found = async function* (): AsyncGenerator<Found[]> {
    const rows = isOfTable ? wordsOf(flags, named, columns) : linesOf(flags);
    for await (const some of rows) {
      const entities = await findEntities(
        model,
        tokenizer,
        some.map(({ input }) => input),
        { maxLength },
      );
      yield some.map((row, i) => ({ ...row, entities: entities[i] }));
    }
  };
  await givePredictions(flags, columns, found(), {
    columns: ['entities'],
    values: ({ entities }) => ({ entities }),
    json: ({ input, entities }) => ({
      ...{ entities, text: textOf(input) },
      ...(typeof input !== 'string' && { tokens: input }),
    }),
    lines: cellsOf,
  });
}

async function trained(run: string, flags: Flags): Promise<Reader> {
  const { settings, ...used } = await modelOfRun(run, tokenClassification, flags);
  const { maxLength, text: [column] = [] } = settings;
  return { ...used, maxLength, column };
}

const ownHead = (flags: Flags): Promise<Reader> =>
  modelOfCheckpoint(flags, 'that labels words', tokenClassification.maxLength, (folder, random, held) =>
    loadTokenClassification(folder, random, null, held),
  );

/** The rows of a table or a CoNLL file. */
function wordsOf(
  { input = '', skipInvalid, delimiter, encoding }: Flags,
  text: string,
  keep: readonly string[],
): AsyncIterable<WordsRow[]> {
  const rows = tableOf(input, { delimiter, encoding }, tokenClassification.name);
  return streamWordRows(rows, { text, keep, skipInvalid, onWarning: warn });
}

async function* linesOf({ input }: Flags): AsyncGenerator<WordsRow[]> {
  for await (const rows of readRows({ input, kind: 'text' }))
    yield rows.map(({ example, kept }) => ({ input: example.text, kept }));
}

const textOf = (input: WordsRow['input']): string => (typeof input === 'string' ? input : input.join(' '));

/** One line for each entity, or one for none. */
function cellsOf({ input, entities }: Found): string[][] {
  const whole = textOf(input);
  if (entities.length === 0) return [['-', '-', '-', '-', '-', whole]];
  return entities.map(({ label, score, text, start, end }) => [
    ...[label, score.toFixed(4), text, String(start), String(end), whole],
  ]);
}
