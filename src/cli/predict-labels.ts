import type { Command } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { type Example, encodeExamples } from '../data/index.ts';
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
import { checkColumns, checkInput, type InputKind, inputKind, readInput } from './input.ts';
import { printCells, printJsonLine, warn } from './output.ts';

interface Flags {
  readonly backboneDtype?: HeldDType;
  readonly model?: string;
  readonly input?: string;
  readonly text?: readonly string[];
  readonly skipInvalid?: boolean;
  readonly question?: string;
  readonly context?: string;
  readonly nullScoreDiffThreshold?: number;
  readonly backend?: BackendName;
  readonly json?: boolean;
}

/** Prints a label or a value for each text, one line each. @throws UsageError for options that do not fit */
export async function predictLabels(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  if (flags.question !== undefined || flags.context !== undefined) {
    throw new UsageError('--question and --context are for a model of questions; this one labels texts.');
  }
  if (flags.nullScoreDiffThreshold !== undefined) {
    throw new UsageError('--null-score-diff-threshold is for a model of questions; this one labels texts.');
  }
  checkInput(flags);
  const { model, tokenizer, maxLength, kind, columns } =
    run === undefined ? await ownHead(flags) : await trained(run, flags);
  const print = flags.json ? printAsJson : printAsLine;
  checkColumns(flags.text, kind);
  for await (const batch of readInput({ ...flags, columns, kind })) {
    // Single texts and pairs may be mixed: then each is encoded alone.
    const groups = kind === 'either' ? batch.map((example) => [example]) : [batch];
    const items = groups.flatMap((examples) => encodeExamples(examples, tokenizer, maxLength));
    const predictions = await predict(model, items);
    for (const [i, prediction] of predictions.entries()) print(model, prediction, batch[i]);
  }
}

/** The model that reads texts, and the kind of its input. */
interface Reader {
  readonly model: SequenceClassifier;
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
  readonly kind: InputKind;
  /** Columns of a table to read by default. */
  readonly columns?: readonly string[];
}

async function trained(run: string, { model, backend, ...flags }: Flags): Promise<Reader> {
  refuseBesideRun(flags);
  const { settings } = readRunConfig(run);
  await useBackend(backend ?? settings.backend);
  const place = await useModel(model ?? settings.model);
  const { model: loaded } = loadRun(run, { task: classification, model: place, isOnlyUsed: true });
  for (const warning of loaded.warnings) warn(warning);
  const { text: columns } = settings;
  const kind = inputKind(settings);
  return { model: loaded.hold(), tokenizer: loaded.tokenizer, maxLength: settings.maxLength, kind, columns };
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

function printAsJson(model: SequenceClassifier, prediction: Prediction, example: Example): void {
  const { value, classes, logits, probabilities } = prediction;
  const byName = (values: readonly number[]) => Object.fromEntries(model.outputs.map((name, i) => [name, values[i]]));
  if (model.labels && probabilities) {
    const names = classes.map((i) => model.outputs[i]);
    const answer = model.problem === 'multi_label_classification' ? { labels: names } : { label: names[0] };
    printJsonLine({ ...answer, probabilities: byName(probabilities), logits: byName(logits), ...example });
  } else if (model.outputs.length > 1) {
    printJsonLine({ values: byName(logits), logits, ...example });
  } else {
    printJsonLine({ value, logits, ...example });
  }
}

/** Returns the cells before the texts: a label and its probability, several of them, or numbers. */
function answerCells({ labels, problem, outputs }: SequenceClassifier, prediction: Prediction): string[] {
  const { value, classes, logits, probabilities } = prediction;
  if (labels && probabilities) {
    const cells = [
      classes.map((i) => outputs[i]).join(', '),
      classes.map((i) => probabilities[i].toFixed(4)).join(', '),
    ];
    return problem === 'multi_label_classification' && classes.length === 0 ? ['-', '-'] : cells;
  }
  return outputs.length > 1 ? [outputs.map((name, i) => `${name} ${logits[i]}`).join(', ')] : [String(value)];
}

function printAsLine(model: SequenceClassifier, prediction: Prediction, example: Example): void {
  const texts = example.textPair === undefined ? [example.text] : [example.text, example.textPair];
  printCells([...answerCells(model, prediction), ...texts]);
}
