import type { Command } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { type ChoiceExample, isTable, openRowFile, readChoices, readLines } from '../data/index.ts';
import { memoryRows } from '../data/sources/memory.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/index.ts';
import type { HeldDType } from '../nn/index.ts';
import {
  type ChoicePrediction,
  encodeChoices,
  loadRun,
  multipleChoice,
  predictChoices,
  readRunConfig,
} from '../training/index.ts';
import { refuseBesideRun } from './backbone.ts';
import { useBackend } from './backend.ts';
import { UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import { formatCount, note, printCells, printJsonLine, warn } from './output.ts';
import { checkOutput, type OutputFlags } from './predict-output.ts';

interface Flags extends OutputFlags {
  readonly backboneDtype?: HeldDType;
  readonly model?: string;
  readonly text?: readonly string[];
  readonly choices?: readonly string[];
  readonly skipInvalid?: boolean;
  readonly question?: string;
  readonly context?: string;
  readonly nullScoreDiffThreshold?: number;
  readonly backend?: BackendName;
}

/** Prints the choice that a run makes for each row, one line each, or writes them into a table. @throws UsageError for options that do not fit */
export async function predictChosen(command: Command, run: string): Promise<void> {
  const flags = command.opts<Flags>();
  if (flags.question !== undefined || flags.context !== undefined) {
    throw new UsageError('--question and --context are for a model of questions; this one chooses among answers.');
  }
  if (flags.nullScoreDiffThreshold !== undefined) {
    throw new UsageError('--null-score-diff-threshold is for a model of questions; this one chooses among answers.');
  }
  refuseBesideRun(flags);
  await checkOutput(flags);
  const { settings } = readRunConfig(run);
  const examples = await read(flags, settings);
  await useBackend(flags.backend ?? settings.backend);
  const place = await useModel(flags.model ?? settings.model);
  const { model } = loadRun(run, { task: multipleChoice, model: place, isOnlyUsed: true });
  for (const warning of model.warnings) warn(warning);
  const items = encodeChoices(examples, model.tokenizer, settings.maxLength);
  const predictions = await predictChoices(model.hold(), items);
  if (flags.output !== undefined) return writeTable(flags.output, flags, examples, predictions);
  const print = flags.json ? printAsJson : printAsLine;
  for (const [i, prediction] of predictions.entries()) print(examples[i], prediction);
}

/** The rows of a table, in the columns of the run unless others are named; or JSON lines with `text` and `choices`. */
async function read(
  { input, skipInvalid, ...flags }: Flags,
  { text, choices }: Pick<Flags, 'text' | 'choices'>,
): Promise<ChoiceExample[]> {
  const isOfTable = input !== undefined && isTable(input);
  if (!isOfTable && input === undefined && process.stdin.isTTY)
    note('reading JSON lines from standard input, Ctrl-D ends them');
  const rows = isOfTable ? input : memoryRows(jsonLines(input), input ?? 'standard input');
  const columns = { text: flags.text ?? text, choices: flags.choices ?? choices };
  const { examples, warnings } = await readChoices(rows, { ...columns, label: null, skipInvalid });
  for (const warning of warnings) warn(warning);
  return examples;
}

async function* jsonLines(input: string | undefined): AsyncGenerator<object> {
  let number = 0;
  for await (const line of readLines(input ?? process.stdin)) {
    number++;
    if (line.trim() !== '') yield objectOf(`${input ?? 'standard input'}, line ${number}`, line);
  }
}

function objectOf(place: string, line: string): object {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new InputError(`${place} is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (isJsonObject(value)) return value;
  throw new InputError(`${place} is not a JSON object such as {"text": "...", "choices": ["...", "..."]}`);
}

async function writeTable(
  output: string,
  options: Pick<Flags, 'overwrite'>,
  examples: readonly ChoiceExample[],
  predictions: readonly ChoicePrediction[],
): Promise<void> {
  const file = await openRowFile(output, ['text', 'choices', 'prediction', 'choice', 'probability'], options);
  try {
    await file.write(
      predictions.map(({ value, probabilities }, i) => {
        const { text, choices } = examples[i];
        return { text, choices, prediction: choices[value], choice: value, probability: probabilities[value] };
      }),
    );
    await file.commit();
    note(`${formatCount(predictions.length)} rows in ${output}`);
  } finally {
    file.discard();
  }
}

function printAsJson({ text, choices }: ChoiceExample, { value, logits, probabilities }: ChoicePrediction): void {
  printJsonLine({ choice: value, answer: choices[value], probabilities, logits, text, choices });
}

function printAsLine({ text, choices }: ChoiceExample, { value, probabilities }: ChoicePrediction): void {
  printCells([choices[value], String(value), probabilities[value].toFixed(4), text]);
}
