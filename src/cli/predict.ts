import { type Command, Option } from 'commander';
import { fraction, positiveInteger } from '../settings/index.ts';
import { featureExtraction, multipleChoice, questionAnswering, readRunConfig, taskOf } from '../training/index.ts';
import { UsageError } from './errors.ts';
import { inputOption, textOption } from './input.ts';
import { jsonOption, outputFileOption, overwriteOption, rejectExplicit } from './options.ts';
import { predictAnswers } from './predict-answers.ts';
import { predictChosen } from './predict-chosen.ts';
import { predictLabels } from './predict-labels.ts';
import { parserOf, shared } from './setting-options.ts';

/** A backend that is not named is that of the run. */
const ofRun = { defaultText: 'that of the run' };

/** Options that go with labels of texts alone. */
const labelFlags = ['topK', 'threshold', 'output', 'overwrite', 'keep'];

export function describePredict(command: Command): void {
  command
    .description(
      'Label texts or answer questions with a trained adapter, or with a checkpoint that has its own head for that.',
    )
    .argument('[run]', 'folder that train wrote')
    .addOption(
      shared('model', { description: 'checkpoint with its own head; beside a run: where its backbone is now' }),
    )
    .addOption(inputOption())
    .addOption(textOption())
    .addOption(shared('choices', ofRun))
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
      new Option('--top-k <count>', 'so many of the likeliest classes, instead of one').argParser(
        parserOf(positiveInteger),
      ),
    )
    .addOption(
      new Option('--threshold <probability>', 'classes with a smaller probability are not given').argParser(
        parserOf(fraction),
      ),
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
Prints label, probability and text with a TAB between them, one line per input (regression: value and text).
A line for a model of text pairs holds both texts with a TAB between them.
To questions it prints answer, probability and question. Lines of input are JSON objects with "question" and "context".
Of choices it prints the chosen one, its number, its probability and the text; rows have "text" and "choices", or the columns of training.

Examples:
  $ echo 'a small animal with soft fur' | sparse-adapter predict runs/demo/snip40
  $ sparse-adapter predict runs/mail --input new.csv --text subject,body --json
  $ sparse-adapter predict runs/mail --input new.csv --keep --output labelled.csv
  $ sparse-adapter predict runs/squad --question 'Who wrote it?' --context 'It was written by Mary Shelley.'`,
    );
}

export async function predict(command: Command, run: string | undefined): Promise<void> {
  const task = run === undefined ? null : taskOf(readRunConfig(run).settings);
  if (task === multipleChoice && run !== undefined) return predictChosen(command, run);
  if (command.getOptionValue('choices') !== undefined)
    throw new UsageError('--choices is for a model that chooses among answers, which this is not.');
  if (task === featureExtraction) throw new UsageError(`${run} gives vectors; use sparse-adapter embed.`);
  const isQuestion = task ? task === questionAnswering : command.getOptionValue('question') !== undefined;
  if (isQuestion) rejectExplicit(command, labelFlags, 'is for models that label texts');
  await (isQuestion ? predictAnswers : predictLabels)(command, run);
}
