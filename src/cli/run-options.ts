import { type Command, Option } from 'commander';
import { batchOrders, windowDefaults } from '../data/index.ts';
import { runDefaults, textDefaults, trainingDefaults } from '../training/index.ts';
import { addFamilyOptions } from './adapter-options.ts';
import { maxTargetLengthOption } from './generation-options.ts';
import {
  hubDataset,
  namedRuns,
  nonNegative,
  path,
  poolings,
  positiveInteger,
  positiveNumber,
  positiveNumberOrNone,
  ratio,
  shared,
  textColumns,
} from './options.ts';
import { taskNames } from './settings.ts';

export function addDataOptions(command: Command): Command {
  return command
    .optionsGroup('Model and data:')
    .addOption(shared.model())
    .addOption(
      new Option(
        '--task <name>',
        'GLUE task, questions about texts, or summaries; without it the table in --data or --dataset',
      ).choices(taskNames),
    )
    .addOption(
      new Option(
        '-d, --data <path>',
        'folder of GLUE, SQuAD or XSum, or a .csv, .tsv, .jsonl or .parquet file',
      ).argParser(path),
    )
    .addOption(
      new Option(
        '--dataset <org/name>',
        'dataset of the Hugging Face hub, such as nyu-mll/glue or rajpurkar/squad with --task',
      )
        .argParser(hubDataset)
        .conflicts('data'),
    )
    .option('--subset <name>', 'part of a dataset that has several')
    .addOption(new Option('--eval-data <file>', 'file to evaluate on').argParser(path))
    .addOption(
      new Option('--text <column[,column]>', 'column with the text, or two for pairs of texts').argParser(textColumns),
    )
    .option('--label <column>', 'column to predict; numbers mean regression')
    .addOption(
      new Option('--label-kind <kind>', 'what the label column holds')
        .choices(['auto', 'classification', 'regression'])
        .default('auto'),
    )
    .option('--skip-invalid', 'leave out rows that cannot be used and count them, in place of an error that lists them')
    .option('--target <column>', 'column with the text to write for that of --text, in place of --label')
    .addOption(
      new Option('--stride <tokens>', 'squad: from the beginning of one window of a text to that of the next')
        .argParser(positiveInteger)
        .default(windowDefaults.stride),
    )
    .addOption(shared.maxLength())
    .addOption(maxTargetLengthOption(String(textDefaults.maxTargetLength)))
    .addOption(shared.rougeTokenizer());
}

export function addAdapterOptions(command: Command): Command {
  command.optionsGroup('Adapter:');
  return addFamilyOptions(command, 'houlsby')
    .addOption(
      new Option('--fuse <[name=]run,...>', 'finished runs whose adapters --adapter fusion mixes').argParser(namedRuns),
    )
    .addOption(
      new Option('--pooling <how>', 'what the head reads: the first token, or the mean of all')
        .choices(poolings)
        .default(runDefaults.pooling),
    )
    .addOption(
      new Option(
        '--no-ignore-mismatched-sizes',
        'insist on the head of the checkpoint: it is an error if it does not fit the labels (default: a new head, and a line that says so)',
      ),
    );
}

export const addBatchSize = (command: Command): Command =>
  command
    .addOption(
      new Option('--batch-size <count>', 'examples per batch')
        .argParser(positiveInteger)
        .default(trainingDefaults.batchSize),
    )
    .addOption(
      new Option('--batch-tokens <count>', 'tokens per batch at most, in place of --batch-size')
        .argParser(positiveInteger)
        .conflicts('batchSize'),
    );

export function addTrainingOptions(command: Command): Command {
  command.optionsGroup('Training:');
  return addBatchSize(command)
    .addOption(
      new Option('--batch-order <order>', 'mix examples of all lengths, or batches of similar lengths')
        .choices(batchOrders)
        .default(trainingDefaults.batchOrder),
    )
    .addOption(
      new Option('--learning-rate <rate>', 'highest learning rate')
        .argParser(positiveNumber)
        .default(trainingDefaults.learningRate),
    )
    .addOption(
      new Option('--epochs <count>', 'passes over the training data')
        .argParser(positiveInteger)
        .default(trainingDefaults.epochs),
    )
    .addOption(
      new Option('--warmup-ratio <fraction>', 'fraction of the steps in which the learning rate rises')
        .argParser(ratio)
        .default(trainingDefaults.warmupRatio),
    )
    .addOption(
      new Option('--weight-decay <rate>', 'decoupled weight decay')
        .argParser(nonNegative)
        .default(trainingDefaults.weightDecay),
    )
    .addOption(
      new Option('--max-grad-norm <norm|none>', 'gradients are scaled down to this norm')
        .argParser(positiveNumberOrNone)
        .default(trainingDefaults.maxGradNorm),
    )
    .addOption(
      new Option(
        '--no-dropout-below',
        'no dropout in layers below the first with a part of the adapter (--leave-out): their output is computed once per example',
      ),
    )
    .addOption(
      new Option('--head <how>', 'train the task head, or leave it random')
        .choices(['train', 'frozen'])
        .default('train'),
    );
}

/** @param options those before the common ones */
export function addRunOptions(command: Command, ...options: Option[]): Command {
  command.optionsGroup('Run:');
  for (const option of options) command.addOption(option);
  return command
    .addOption(shared.seed())
    .addOption(shared.backend().default(runDefaults.backend))
    .addOption(shared.json());
}
