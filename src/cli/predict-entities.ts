import type { Command } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { isConll, isTable, streamWords } from '../data/index.ts';
import { loadTokenClassification, longestSequence, type TokenClassificationModel } from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import { Random } from '../random/index.ts';
import type { Tokenizer } from '../text/index.ts';
import {
  defaultOf,
  findEntities,
  type LabelledSpan,
  loadRun,
  readRunConfig,
  tokenClassification,
  tokenizerOf,
  type WordsInput,
} from '../training/index.ts';
import { heldCheckpoint, refuseBesideRun } from './backbone.ts';
import { useBackend } from './backend.ts';
import { UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import { checkInput, readInput } from './input.ts';
import { printCells, printJsonLine, warn } from './output.ts';

interface Flags {
  readonly backboneDtype?: HeldDType;
  readonly model?: string;
  readonly input?: string;
  readonly text?: readonly string[];
  readonly skipInvalid?: boolean;
  readonly question?: string;
  readonly context?: string;
  readonly backend?: BackendName;
  readonly json?: boolean;
}

/** The model that finds entities. */
interface Reader {
  readonly model: TokenClassificationModel;
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
  /** The column of a table to read by default. */
  readonly column?: string;
}

/** Prints the entities of each text, one line each. @throws UsageError for options that do not fit */
export async function predictEntities(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  if (flags.question !== undefined || flags.context !== undefined) {
    throw new UsageError('--question and --context are for a model of questions; this one labels words.');
  }
  if (flags.text && flags.text.length > 1)
    throw new UsageError('--text names two columns; it is one, with the words or the text.');
  if (flags.input === undefined || !isConll(flags.input)) checkInput(flags);
  const { model, tokenizer, maxLength, column } = run === undefined ? await ownHead(flags) : await trained(run, flags);
  const print = flags.json ? printAsJson : printAsLines;
  for await (const inputs of inputsOf(flags, column)) {
    const found = await findEntities(model, tokenizer, inputs, { maxLength });
    for (const [i, entities] of found.entries()) print(inputs[i], entities);
  }
}

async function trained(run: string, { model, backend, ...flags }: Flags): Promise<Reader> {
  refuseBesideRun(flags);
  const { settings } = readRunConfig(run);
  await useBackend(backend ?? settings.backend);
  const place = await useModel(model ?? settings.model);
  const { model: loaded } = loadRun(run, { task: tokenClassification, model: place, isOnlyUsed: true });
  for (const warning of loaded.warnings) warn(warning);
  const { maxLength, text: [column] = [] } = settings;
  return { model: loaded.hold(), tokenizer: loaded.tokenizer, maxLength, column };
}

async function ownHead({ model, backend = defaultOf('backend'), ...flags }: Flags): Promise<Reader> {
  if (model === undefined) throw new UsageError('name the folder of a run, or with --model a checkpoint.');
  await useBackend(backend);
  const held = heldCheckpoint(flags);
  const random = new Random(defaultOf('seed'));
  const loaded = loadTokenClassification(await useModel(model), random, null, held.options);
  for (const warning of [...loaded.warnings, ...held.warnings]) warn(warning);
  const maxLength = Math.min(tokenClassification.maxLength, longestSequence(loaded.config));
  return { model: loaded.model, tokenizer: tokenizerOf(loaded, warn), maxLength };
}

/** Lines of text, or the rows of a table or a CoNLL file. */
async function* inputsOf({ input, text, skipInvalid }: Flags, column?: string): AsyncGenerator<WordsInput[]> {
  if (input !== undefined && (isTable(input) || isConll(input))) {
    const [named = column] = text ?? [];
    yield* streamWords(input, { text: isConll(input) ? 'tokens' : named, skipInvalid, onWarning: warn });
    return;
  }
  for await (const examples of readInput({ input, kind: 'text' })) yield examples.map((example) => example.text);
}

const textOf = (input: WordsInput): string => (typeof input === 'string' ? input : input.join(' '));

function printAsJson(input: WordsInput, entities: readonly LabelledSpan[]): void {
  printJsonLine({ entities, text: textOf(input), ...(typeof input !== 'string' && { tokens: input }) });
}

function printAsLines(input: WordsInput, entities: readonly LabelledSpan[]): void {
  for (const { label, score, text, start, end } of entities) {
    printCells([label, score.toFixed(4), text, String(start), String(end), textOf(input)]);
  }
  if (entities.length === 0) printCells(['-', '-', '-', '-', '-', textOf(input)]);
}
