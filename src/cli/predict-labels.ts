import type { Command } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { encodeExamples, isSeparable, openRowFile, type TableRow } from '../data/index.ts';
import { loadClassifier, longestSequence, type SequenceClassifier } from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import { Random } from '../random/index.ts';
import type { Tokenizer } from '../text/index.ts';
import {
  classification,
  defaultOf,
  loadRun,
  type Prediction,
  predict,
  readRunConfig,
  tokenizerOf,
} from '../training/index.ts';
import { heldCheckpoint, refuseBesideRun } from './backbone.ts';
import { useBackend } from './backend.ts';
import { UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import {
  checkColumns,
  checkInput,
  type InputKind,
  type InputOptions,
  inputColumns,
  inputKind,
  readRows,
} from './input.ts';
import { interruptedCode, interruptSignal } from './interrupt.ts';
import { rejectExplicit } from './options.ts';
import { formatCount, note, printCells, printJsonLine, warn } from './output.ts';
import { checkOutput } from './predict-output.ts';
import { type AnswerOptions, answerCells, answerColumns, answerFields, answerValues } from './predicted.ts';

interface Flags extends AnswerOptions {
  readonly backboneDtype?: HeldDType;
  readonly model?: string;
  readonly input?: string;
  readonly text?: readonly string[];
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly skipInvalid?: boolean;
  readonly question?: string;
  readonly context?: string;
  readonly nullScoreDiffThreshold?: number;
  readonly backend?: BackendName;
  readonly keep?: boolean;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** Prints a label or a value for each text, one line each, or writes them into a table. @throws UsageError for options that do not fit */
export async function predictLabels(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  if (flags.question !== undefined || flags.context !== undefined) {
    throw new UsageError('--question and --context are for a model of questions; this one labels texts.');
  }
  if (flags.nullScoreDiffThreshold !== undefined) {
    throw new UsageError('--null-score-diff-threshold is for a model of questions; this one labels texts.');
  }
  checkInput(flags);
  await checkOutput(flags);
  const reader = run === undefined ? await ownHead(flags) : await trained(run, flags);
  const { kind, columns } = reader;
  if (!reader.model.labels)
    rejectExplicit(command, ['topK', 'threshold'], 'is for classes, and this model gives numbers');
  checkColumns(flags.text, kind);
  const { input, text, skipInvalid, delimiter, encoding } = flags;
  const options = { input, text, skipInvalid, delimiter, encoding, columns, kind };
  if (flags.output !== undefined) return writeTable(reader, options, { ...flags, output: flags.output });
  const keep = flags.keep ? await inputColumns(options, true) : [];
  const { model } = reader;
  for await (const { predictions, rows } of predicted(reader, { ...options, keep })) {
    for (const [i, prediction] of predictions.entries()) {
      if (flags.json) printJsonLine({ ...answerFields(model, prediction, flags), ...textsOf(rows[i], flags) });
      else printAsLine(model, prediction, rows[i], flags);
    }
  }
}

/** The model that reads texts, and the kind of its input. */
interface Reader {
  readonly model: SequenceClassifier;
  readonly tokenizer: Tokenizer;
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
async function* predicted({ model, tokenizer, maxLength, threshold }: Reader, options: InputOptions) {
  for await (const rows of readRows(options)) {
    const examples = rows.map(({ example }) => example);
    // Single texts and pairs may be mixed: then each is encoded alone.
    const groups = options.kind === 'either' ? examples.map((example) => [example]) : [examples];
    const items = groups.flatMap((some) => encodeExamples(some, tokenizer, maxLength));
    yield { rows, predictions: await predict(model, items, { threshold }) };
  }
}

/** Writes the rows of the input with the predictions beside them. An interrupted command writes nothing. */
async function writeTable(
  reader: Reader,
  options: InputOptions,
  { output, overwrite, keep = false, ...flags }: Flags & { readonly output: string },
): Promise<void> {
  const { model, separator } = reader;
  const asked = { ...flags, separator: isOfCells(output) ? separator : undefined };
  const columns = await inputColumns(options, keep);
  const signal = interruptSignal(() => note('stopping; nothing is written'));
  const file = await openRowFile(output, [...columns, ...answerColumns(model, asked)], { overwrite });
  try {
    let count = 0;
    for await (const { rows, predictions } of predicted(reader, { ...options, keep: columns })) {
      if (signal.aborted) {
        process.exitCode = interruptedCode(signal);
        return;
      }
      await file.write(rows.map(({ kept }, i) => ({ ...kept, ...answerValues(model, predictions[i], asked) })));
      count += rows.length;
    }
    await file.commit();
    note(`${formatCount(count)} rows in ${output}`);
  } finally {
    file.discard();
  }
}

async function trained(run: string, { model, backend, ...flags }: Flags): Promise<Reader> {
  refuseBesideRun(flags);
  const { settings } = readRunConfig(run);
  await useBackend(backend ?? settings.backend);
  const place = await useModel(model ?? settings.model);
  const { model: loaded } = loadRun(run, { task: classification, model: place, isOnlyUsed: true });
  for (const warning of loaded.warnings) warn(warning);
  const { text: columns, threshold, maxLength, labelSeparator } = settings;
  const kind = inputKind(settings);
  const held = loaded.hold();
  const isRead = labelSeparator !== undefined && isSeparable(held.outputs, labelSeparator);
  const separator = isRead ? labelSeparator : undefined;
  return { model: held, tokenizer: loaded.tokenizer, maxLength, threshold, separator, kind, columns };
}

async function ownHead({ model, backend = defaultOf('backend'), ...flags }: Flags): Promise<Reader> {
  if (model === undefined) {
    throw new UsageError('name the folder of a run, or with --model a checkpoint that has a classification head.');
  }
  await useBackend(backend);
  const held = heldCheckpoint(flags);
  const random = new Random(defaultOf('seed'));
  const loaded = loadClassifier(await useModel(model), random, undefined, undefined, held.options);
  for (const warning of [...loaded.warnings, ...held.warnings]) warn(warning);
  const maxLength = Math.min(classification.maxLength, longestSequence(loaded.config));
  return { model: loaded.model, tokenizer: tokenizerOf(loaded, warn), maxLength, kind: 'either' };
}

/** Whether a row of the file has no lists. */
const isOfCells = (output: string): boolean => !/\.(jsonl|ndjson)$/i.test(output);

/** What a line of JSON says of the input. */
const textsOf = ({ example, kept }: TableRow, { keep }: Flags) => (keep ? { ...example, row: kept } : example);

function printAsLine(
  model: SequenceClassifier,
  prediction: Prediction,
  { example }: TableRow,
  asked: AnswerOptions,
): void {
  const texts = example.textPair === undefined ? [example.text] : [example.text, example.textPair];
  printCells([...answerCells(model, prediction, asked), ...texts]);
}
