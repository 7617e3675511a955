import type { Command } from 'commander';
import { encodeExamples, isSeparable, type TableRow } from '../data/index.ts';
import { type AnyClassifier, anyClassifierRecipe, loadModel, recipeFor } from '../models/index.ts';
import { classification, type Prediction, predict } from '../training/index.ts';
import {
  checkColumns,
  checkInput,
  type InputKind,
  type InputOptions,
  inputColumns,
  inputKind,
  readRows,
} from './input.ts';
import { rejectExplicit } from './options.ts';
import { checkOutput, givePredictions, type OutputFlags } from './predict-output.ts';
import { type QuestionFlags, refuseQuestion } from './predict-question.ts';
import { type AnswerOptions, answerCells, answerColumns, answerFields, answerValues } from './predicted.ts';
import { type ModelFlags, modelOfCheckpoint, modelOfRun, type UsedModel } from './used-model.ts';

interface Flags extends AnswerOptions, OutputFlags, ModelFlags, QuestionFlags {
  readonly text?: readonly string[];
  readonly skipInvalid?: boolean;
}

interface Labelled extends TableRow {
  readonly prediction: Prediction;
}

/** Gives a label or a value for each text. @throws UsageError for options that do not fit */
export async function predictLabels(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  refuseQuestion(flags, 'labels texts');
  checkInput(flags);
  await checkOutput(flags);
  const reader = run === undefined ? await ownHead(flags) : await trained(run, flags);
  const { model, kind, columns, separator } = reader;
  if (!model.labels) rejectExplicit(command, ['topK', 'threshold'], 'is for classes, and this model gives numbers');
  checkColumns(flags.text, kind);
  const { input, text, skipInvalid, delimiter, encoding } = flags;
  const options = { input, text, skipInvalid, delimiter, encoding, columns, kind };
  const isWritten = flags.output !== undefined;
  const keep = isWritten || flags.keep ? await inputColumns(options, flags.keep ?? false) : [];
  const asked = { ...flags, separator: isWritten && isOfCells(flags.output ?? '') ? separator : undefined };
  await givePredictions(flags, keep, predicted(reader, { ...options, keep }), {
    columns: answerColumns(model, asked),
    values: ({ prediction }) => answerValues(model, prediction, asked),
    json: ({ example, prediction }) => ({ ...answerFields(model, prediction, asked), ...example }),
    lines: ({ example: { text: first, textPair }, prediction }) => [
      [...answerCells(model, prediction, asked), first, ...(textPair === undefined ? [] : [textPair])],
    ],
  });
}

/** The model that reads texts, and the kind of its input. */
interface Reader extends UsedModel<AnyClassifier> {
  readonly maxLength: number;
  /** The probability from which on a label holds, where several can. */
  readonly threshold?: number;
  /** What stands between the labels of a cell. */
  readonly separator?: string;
  readonly kind: InputKind;
  /** Columns of a table to read by default. */
  readonly columns?: readonly string[];
}

/** Predictions for the rows of the input, some at a time. */
async function* predicted(
  { model, tokenizer, maxLength, threshold }: Reader,
  options: InputOptions,
): AsyncGenerator<Labelled[]> {
  for await (const rows of readRows(options)) {
    const examples = rows.map(({ example }) => example);
    // Single texts and pairs may be mixed: then each is encoded alone.
    const groups = options.kind === 'either' ? examples.map((example) => [example]) : [examples];
    const items = groups.flatMap((some) => encodeExamples(some, tokenizer, maxLength));
    const predictions = await predict(model, items, { threshold });
    yield rows.map((row, i) => ({ ...row, prediction: predictions[i] }));
  }
}

async function trained(run: string, flags: Flags): Promise<Reader> {
  const { settings, ...used } = await modelOfRun(run, classification, flags);
  const { text: columns, threshold, maxLength, labelSeparator } = settings;
  const isRead = labelSeparator !== undefined && isSeparable(used.model.outputs, labelSeparator);
  const separator = isRead ? labelSeparator : undefined;
  return { ...used, maxLength, threshold, separator, kind: inputKind(settings), columns };
}

async function ownHead(flags: Flags): Promise<Reader> {
  const kind = 'that has a classification head';
  const used = await modelOfCheckpoint(flags, kind, classification.maxLength, (folder, random, held) =>
    loadModel(
      recipeFor(
        anyClassifierRecipe(() => null),
        folder,
      ),
      folder,
      random,
      undefined,
      held,
    ),
  );
  return { ...used, kind: 'either' };
}

/** Whether a row of the file has no lists. */
const isOfCells = (output: string): boolean => !/\.(jsonl|ndjson)$/i.test(output);
