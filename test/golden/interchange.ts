import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { InputError } from '../../src/errors.ts';
import { tidy } from '../../src/index.ts';
import {
  MultipleChoiceModel,
  packSequences,
  QuestionAnsweringModel,
  SentenceEncoder,
  Seq2SeqModel,
  SequenceClassifier,
  TokenClassificationModel,
  type TokenSequence,
} from '../../src/models/index.ts';
import { convertAdapter, openAdapter, type TaskModel } from '../../src/training/index.ts';
import type { Area, Case, Compare } from './framework.ts';
import { caseFolders, casesOf } from './framework.ts';
import { notLoaded } from './not-loaded.ts';

/** One input of a folder that Python saved, with what Python computes of it. */
export interface InterchangeExample extends TokenSequence {
  readonly decoderIds?: readonly number[];
  /** The sequences of an example for multiple choice, where there are several. */
  readonly choices?: readonly TokenSequence[];
  /** Row-major. */
  readonly outputs: readonly number[];
}

/** What has to become of a folder that Python saved. */
export interface InterchangeCase {
  readonly folder: string;
  readonly backbone: string;
  /** What kind of numbers they are; one of {@link outputsOf}. */
  readonly form: string;
  readonly mayLoad: boolean;
  readonly mayBeRefused: boolean;
  /** What the line of a refusal has, outside of paths. */
  readonly refusal: RegExp | null;
  readonly tolerance: number;
  readonly examples: readonly InterchangeExample[];
  /** Class names by output; undefined if nothing is said of them. */
  readonly labels?: readonly string[] | null;
}

type Outputs = (model: TaskModel['network'], example: InterchangeExample) => ArrayLike<number>;

const wrongModel = (model: object): Error => new Error(`the folder was loaded as ${model.constructor.name}`);

const classes: Outputs = (model, example) => {
  if (!(model instanceof SequenceClassifier)) throw wrongModel(model);
  return model.forward(packSequences([example], model.encoder.positionIds)).dataSync();
};

const decoderRows: Outputs = (model, { ids, decoderIds = [] }) => {
  if (!(model instanceof Seq2SeqModel)) throw wrongModel(model);
  const { positionIds } = model.transformer;
  const [source, target] = [[{ ids }], [{ ids: decoderIds }]].map((rows) => packSequences(rows, positionIds));
  return model.forward({ source, target }).dataSync();
};

/** Outputs by the kind of numbers that Python gives. Those of other models stand in the list of what does not load. */
const outputsOf: Readonly<Record<string, Outputs>> = {
  classes,
  tokens: (model, example) => {
    if (!(model instanceof TokenClassificationModel)) throw wrongModel(model);
    return model.forward(packSequences([example], model.encoder.positionIds)).dataSync();
  },
  choices: (model, example) => {
    if (!(model instanceof MultipleChoiceModel)) throw wrongModel(model);
    return model.forward(packSequences(example.choices ?? [example], model.encoder.positionIds)).dataSync();
  },
  // Of the encoder alone.
  'last hidden state': (model, example) => {
    if (!(model instanceof SentenceEncoder)) throw wrongModel(model);
    const rows = model.encoder.forward(packSequences([example], model.encoder.positionIds)).dataSync();
    return rows.slice(0, example.outputs.length);
  },
  answers: (model, example) => {
    if (!(model instanceof QuestionAnsweringModel)) throw wrongModel(model);
    const rows = model.forward(packSequences([example], model.encoder.positionIds)).dataSync();
    return [0, 1].flatMap((side) => Array.from(rows).filter((_, i) => i % 2 === side));
  },
  'decoder rows': decoderRows,
  'last decoder row': (model, example) => Array.from(decoderRows(model, example)).slice(-example.outputs.length),
};

/** Reads a folder as `convert` and `predict` do. @throws InputError */
async function opened({ folder, backbone }: InterchangeCase): Promise<{ model: TaskModel; close: () => void }> {
  const run = mkdtempSync(join(tmpdir(), 'golden-'));
  try {
    await convertAdapter(folder, run, { to: 'sparse', model: backbone, overwrite: true });
    const { model } = openAdapter(run);
    return { model, close: () => model.dispose() };
  } finally {
    rmSync(run, { recursive: true, force: true });
  }
}

/** The line of a refusal without paths, whose words do not count. */
const withoutPaths = (message: string, { folder, backbone }: InterchangeCase): string =>
  message.replaceAll(folder, '').replaceAll(backbone, '');

function checkRefusal(error: unknown, golden: InterchangeCase): void {
  if (!(error instanceof InputError)) throw error;
  const line = withoutPaths(error.message, golden);
  if (line.includes('\n')) throw new Error(`the refusal has several lines: ${error.message}`);
  if (golden.refusal && !golden.refusal.test(line)) throw new Error(`the refusal is misleading: ${error.message}`);
}

const shown = (labels: readonly string[] | null | undefined): string => labels?.join(', ') ?? 'none';

function checkLabels(model: TaskModel, expected: readonly string[] | null | undefined): void {
  if (expected === undefined || String(model.labels) === String(expected)) return;
  throw new Error(`its classes are ${shown(model.labels)}, expected ${shown(expected)}`);
}

async function runCase(golden: InterchangeCase, waits: boolean, compare: Compare): Promise<void> {
  let adapted: Awaited<ReturnType<typeof opened>>;
  try {
    adapted = await opened(golden);
  } catch (error) {
    checkRefusal(error, golden);
    if (!golden.mayBeRefused && !waits) throw error;
    if (golden.mayBeRefused && waits) throw new Error('it may be refused, so it need not be in not-loaded.ts');
    compare('refusal', [1], [1], 0);
    return;
  }
  try {
    if (!golden.mayLoad) throw new Error('it was loaded; it must be refused');
    const outputs = outputsOf[golden.form];
    if (!outputs) throw new Error(`it was loaded, and nothing here computes its outputs (${golden.form})`);
    tidy(() => {
      for (const [i, example] of golden.examples.entries()) {
        compare(`outputs ${i}`, outputs(adapted.model.network, example), example.outputs, golden.tolerance);
      }
    });
    checkLabels(adapted.model, golden.labels);
    if (waits) throw new Error('it loads; take it out of not-loaded.ts');
  } finally {
    adapted.close();
  }
}

/**
 * An area whose cases are folders that another library saved.
 *
 * @param read reads what a folder has to do
 */
export const interchangeArea = (name: string, read: (folder: string, area: string) => InterchangeCase): Area => ({
  name,
  backends: [['wasm', {}]],
  cases: (folder) =>
    caseFolders(join(folder, name)).flatMap((path) =>
      casesOf(basename(path), (): Case[] => {
        if (!existsSync(join(path, 'expected.json'))) throw new Error(`${path} has no expected.json`);
        const golden = read(path, join(folder, name));
        const waits = Object.values(notLoaded).some((names) => names.includes(`${name}/${basename(path)}`));
        return [{ name: basename(path), run: (compare) => runCase(golden, waits, compare) }];
      }),
    ),
});
