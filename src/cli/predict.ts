import { type Command, Option } from 'commander';
import { positiveInteger } from '../settings/index.ts';
import { questionAnswering, readRunConfig, taskOf } from '../training/index.ts';
import { inputOption, textOption } from './input.ts';
import { jsonOption } from './options.ts';
import { predictAnswers } from './predict-answers.ts';
import { predictLabels } from './predict-labels.ts';
import { parserOf, shared } from './setting-options.ts';

/** A backend that is not named is that of the run. */
const ofRun = { defaultText: 'that of the run' };

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
    .addOption(shared('skipInvalid'))
    .option('--question <text>', 'a question, with --context')
    .option('--context <text>', 'the text that the answer is looked for in')
    .addOption(
      new Option('--answers <count>', 'answers to each question with --json')
        .argParser(parserOf(positiveInteger))
        .default(5),
    )
    .addOption(shared('nullScoreDiffThreshold', ofRun))
    .addOption(shared('backboneDtype', ofRun))
    .addOption(shared('backend', ofRun))
    .addOption(jsonOption('print one JSON object per input, with everything that is known'))
    .addHelpText(
      'after',
      `
Prints label, probability and text with a TAB between them, one line per input (regression: value and text).
A line for a model of text pairs holds both texts with a TAB between them.
To questions it prints answer, probability and question. Lines of input are JSON objects with "question" and "context".

Examples:
  $ echo 'a small animal with soft fur' | sparse-adapter predict runs/demo/snip40
  $ sparse-adapter predict runs/mail --input new.csv --text subject,body --json
  $ sparse-adapter predict runs/squad --question 'Who wrote it?' --context 'It was written by Mary Shelley.'`,
    );
}

export async function predict(command: Command, run: string | undefined): Promise<void> {
  const isQuestion =
    run === undefined
      ? command.getOptionValue('question') !== undefined
      : taskOf(readRunConfig(run).settings) === questionAnswering;
  await (isQuestion ? predictAnswers : predictLabels)(command, run);
}
