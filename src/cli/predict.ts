import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { readModelConfig, resolveModelFolder } from '../io/index.ts';
import { type HeadKind, parseModelConfig } from '../models/index.ts';
import { fraction, positiveInteger } from '../settings/index.ts';
import { readRunConfig, taskOf, usedTask } from '../training/index.ts';
import { UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import { inputOption, textOption } from './input.ts';
import { jsonOption, outputFileOption, overwriteOption, rejectExplicit } from './options.ts';
import { predictAnswers } from './predict-answers.ts';
import { predictChosen } from './predict-chosen.ts';
import { predictEntities } from './predict-entities.ts';
import { predictLabels } from './predict-labels.ts';
import { parserOf, shared } from './setting-options.ts';

/** A backend that is not named is that of the run. */
const ofRun = { defaultText: 'that of the run' };

/** Options that go with labels of texts alone. */
const labelFlags = ['topK', 'threshold'];

export function describePredict(command: Command): void {
  command
    .description(
      'Label texts, find entities or answer questions with a trained adapter, or with a checkpoint that has its own head for that.',
    )
    .argument('[run]', 'folder that train wrote')
    .addOption(
      shared('model', { description: 'checkpoint with its own head; beside a run: where its backbone is now' }),
    )
    .addOption(inputOption())
    .addOption(textOption())
    .addOption(shared('choices', ofRun))
    .addOption(shared('delimiter'))
    .addOption(shared('encoding'))
    .addOption(shared('skipInvalid'))
    .option('--question <text>', 'a question, with --context')
    .option('--context <text>', 'the text that the answer is looked for in')
    .addOption(
      new Option('--answers <count>', 'answers to each question with --json')
        .argParser(parserOf(positiveInteger))
        .default(5),
    )
    .addOption(shared('nullScoreDiffThreshold', ofRun))
    .addOption(
      new Option(
        '--top-k <count>',
        'so many of the likeliest classes, instead of one; for models that label texts',
      ).argParser(parserOf(positiveInteger)),
    )
    .addOption(
      new Option(
        '--threshold <probability>',
        'classes with a smaller probability are not given; for models that label texts',
      ).argParser(parserOf(fraction)),
    )
    .addOption(outputFileOption('.csv, .tsv, .jsonl or .parquet file to write instead of printing'))
    .addOption(overwriteOption())
    .option('--keep', 'all columns of the table beside the predictions, with --output or --json')
    .addOption(shared('backboneDtype', ofRun))
    .addOption(shared('backend', ofRun))
    .addOption(jsonOption('print one JSON object per input, with everything that is known'))
    .addHelpText(
      'after',
      `
Prints label, probability and text with a TAB between them, one line per input (regression: value and text; several labels with commas between them).
Of the entities in a text it prints label, probability, entity, its start and end in the text, and the text, one line per entity.
A line for a model of text pairs holds both texts with a TAB between them.
To questions it prints answer, probability and question. Rows of a table and JSON lines have "question" and "context".
Of choices it prints the chosen one, its number, its probability and the text; rows have "text" and "choices", or the columns of training.

Examples:
  $ echo 'a small animal with soft fur' | sparse-adapter predict runs/demo/snip40
  $ sparse-adapter predict runs/mail --input new.csv --text subject,body --json
  $ sparse-adapter predict runs/mail --input new.csv --keep --output labelled.csv
  $ sparse-adapter predict runs/squad --question 'Who wrote it?' --context 'It was written by Mary Shelley.'`,
    );
}

export async function predict(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  const task = run === undefined ? await taskOfCheckpoint(flags) : usedTask(taskOf(readRunConfig(run).settings)).name;
  if (task !== 'text-classification') rejectExplicit(command, labelFlags, 'is for models that label texts');
  if (task === 'multiple-choice' && run !== undefined) return predictChosen(command, run);
  if (flags.choices !== undefined)
    throw new UsageError('--choices is for a model that chooses among answers, which this is not.');
  switch (task) {
    case 'text-classification':
      return predictLabels(command, run);
    case 'token-classification':
      return predictEntities(command, run);
    case 'question-answering':
      return predictAnswers(command, run);
    case 'feature-extraction':
      throw new UsageError(`${run} gives vectors; use sparse-adapter embed.`);
    case 'text2text-generation':
      throw new UsageError(`${run} writes texts; use sparse-adapter generate.`);
    default:
      throw new UsageError(
        `${run} was trained for ${task}, which does not say what its models are used as (usedAs, in the plugin); evaluate it instead.`,
      );
  }
}

/** What a checkpoint with its own head is used for: questions where there is one, else what its configuration states. */
async function taskOfCheckpoint({ question, model }: Flags): Promise<string> {
  if (question !== undefined) return 'question-answering';
  const isOfTokens = model !== undefined && (await statedHead(model)) === 'token-classification';
  return isOfTokens ? 'token-classification' : 'text-classification';
}

/** Options that tell what is predicted. */
interface Flags {
  readonly question?: string;
  readonly choices?: unknown;
  readonly model?: string;
}

/** The kind of head that the configuration of a checkpoint states. */
async function statedHead(model: string): Promise<HeadKind> {
  const folder = resolveModelFolder(await useModel(model));
  return parseModelConfig(readModelConfig(folder), join(folder, 'config.json')).stated.kind;
}
