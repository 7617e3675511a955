import { InputError } from '../errors.ts';
import type { HeadOptions } from './classifier.ts';
import type { ProblemType } from './encoder-schema.ts';
import { matchLabels } from './match-labels.ts';
import type { ModelConfig } from './model-config.ts';
import {
  describeClass,
  type Lacking,
  type OwnHead,
  ownAnswerHead,
  ownClassificationHead,
  ownTokenHead,
  type StoredShapes,
} from './own-head.ts';

/** The use of the head of a checkpoint: if it fits, in any case, or not at all. */
export type HeadUse = 'auto' | 'checkpoint' | 'new';

/** The head that a model gets. */
export interface HeadChoice {
  /** Whether it is the checkpoint's. */
  readonly keeps: boolean;
  /** Why the checkpoint's is not used; null if it has none, so that there is nothing to report. */
  readonly reason: string | null;
  /** The kind of checkpoint, for messages on what is not used of it. */
  readonly is?: string;
  /** The assumption under which it is used. */
  readonly warnings: readonly string[];
  /** Whether the pooler goes with the head: then it begins as the checkpoint's, and is trained and saved with the head. */
  readonly pooler?: PoolerPlace;
}

/** Whether the pooler of an encoder belongs to its frozen weights, or to the head above it. */
export type PoolerPlace = 'backbone' | 'head';

/** Neither loads a head from the checkpoint nor makes one. */
export const noHead: HeadChoice = { keeps: true, reason: null, warnings: [] };

export const keptHead = (warnings: readonly string[]): HeadChoice => ({ keeps: true, reason: null, warnings });
export const unusedHead: HeadChoice = { keeps: false, reason: null, warnings: [] };

const insisted = (folder: string, kind: string, problem: string): InputError =>
  new InputError(`${folder} has no trained ${kind} head for this: ${problem}. Train one, or allow a new one.`);

const isBare = ({ stated }: ModelConfig, lacks: string): boolean =>
  lacks === 'it has no head' && (stated.kind === 'none' || stated.kind === 'unstated');

/**
 * A new head where that of the checkpoint does not fit.
 *
 * @param kind of head, for messages
 * @throws InputError if it must be the checkpoint's
 */
export function newHead(folder: string, config: ModelConfig, kind: string, lacks: string, head: HeadUse): HeadChoice {
  if (head === 'checkpoint') throw insisted(folder, kind, lacks);
  return { ...unusedHead, reason: isBare(config, lacks) ? null : lacks };
}

/**
 * Decides which head a classifier gets.
 *
 * @param wanted null: the one that the checkpoint has
 * @throws InputError if the checkpoint must have one and has not
 */
export function chooseClassifierHead(
  folder: string,
  config: ModelConfig,
  stored: StoredShapes,
  wanted: (HeadOptions & { readonly head?: HeadUse; readonly pooler?: PoolerPlace }) | null,
): HeadChoice & { readonly options: HeadOptions } {
  const own = ownClassificationHead(config, stored, wanted?.pooling);
  if (wanted === null) return ownOnly(folder, config, own);
  const { head = 'auto', pooler, ...options } = wanted;
  if (head === 'new' || options.layered) return { ...unusedHead, options, pooler };
  const fit = fitOf(own, options);
  if ('lacks' in fit) return { ...newHead(folder, config, 'classification', fit.lacks, head), options, pooler };
  const { labels, assumed, warnings } = fit;
  const names = labels ? `its outputs are ${labels.join(', ')}` : 'its output is a number';
  const line = `${folder}: the head of the checkpoint is used, ${names}${assumed ? ` (${assumed})` : ''}.`;
  return { ...keptHead([...prefixed(folder, warnings), line]), options: { ...options, labels }, pooler };
}

const prefixed = (folder: string, warnings: readonly string[]) => warnings.map((line) => `${folder}: ${line}.`);

/** The checkpoint's own head and nothing else. */
function ownOnly(
  folder: string,
  config: ModelConfig,
  own: OwnHead | Lacking,
): HeadChoice & { readonly options: HeadOptions } {
  if ('lacks' in own) {
    const what = /^it /.test(own.lacks) ? describeClass(config.stated) : own.lacks;
    const subject = what === own.lacks ? `${folder}: ${what}` : `${folder} is ${what}`;
    throw new InputError(
      `${subject}; it cannot label whole texts. Train a head for that and give the folder of the run.`,
    );
  }
  const { labels, problem, warnings } = own;
  const options: HeadOptions = problem === 'regression' ? { labels: null, outputs: labels } : { labels, problem };
  return { ...keptHead(prefixed(folder, warnings)), options };
}

interface Fit {
  readonly labels: readonly string[] | null;
  readonly assumed: string | null;
  readonly warnings: readonly string[];
}

const MULTI_LABEL = 'multi_label_classification';

const listed = (labels: readonly string[] | null, problem: ProblemType | undefined): string => {
  if (labels === null) return 'a number';
  if (problem === MULTI_LABEL) return `any number at once of the ${labels.length} labels ${labels.join(', ')}`;
  return `the ${labels.length} classes ${labels.join(', ')}`;
};

/** The classes in the order of the checkpoint's head, if that is one for them. */
function fitOf(own: OwnHead | Lacking, { labels, problem }: HeadOptions): Fit | Lacking {
  if ('lacks' in own) return own;
  const is =
    own.problem === 'regression'
      ? `${own.labels.length === 1 ? 'a number' : 'numbers'}`
      : listed(own.labels, own.problem);
  const other: Lacking = { lacks: `its head is for ${is}, the data have ${listed(labels, problem)}` };
  if ((own.problem === MULTI_LABEL) !== (problem === MULTI_LABEL)) return other;
  if (labels === null) {
    const fits = own.problem === 'regression' && own.labels.length === 1;
    return fits ? { labels, assumed: null, warnings: own.warnings } : other;
  }
  if (own.problem === 'regression') return other;
  const matched = matchLabels(own.labels, labels);
  return matched ? { ...matched, warnings: own.warnings } : other;
}

/**
 * Decides which head a model for labels of tokens gets. The checkpoint's fits data that have some of its labels.
 *
 * @param labels null: those of the checkpoint
 * @throws InputError if the checkpoint must have one and has not
 */
export function chooseTokenHead(
  folder: string,
  config: ModelConfig,
  stored: StoredShapes,
  labels: readonly string[] | null,
  head: HeadUse,
): HeadChoice & { readonly labels: readonly string[] } {
  if (head === 'new' && labels) return { ...unusedHead, labels };
  const own = ownTokenHead(config, stored);
  if ('lacks' in own) {
    const use = labels === null ? 'checkpoint' : head;
    return { ...newHead(folder, config, 'token classification', own.lacks, use), labels: labels ?? [] };
  }
  const isPart = labels === null || labels.every((label) => own.labels.includes(label));
  const matched = isPart ? { labels: own.labels, assumed: null } : matchLabels(own.labels, labels);
  const names = `its outputs are ${own.labels.join(', ')}`;
  if (!matched) {
    const lacks = `its head labels tokens with other names: ${names}; the data have ${labels?.join(', ')}`;
    if (head === 'checkpoint') throw insisted(folder, 'token classification', lacks);
    return { ...unusedHead, reason: lacks, labels: labels ?? [] };
  }
  const line = `${folder}: the head of the checkpoint is used, ${names}${matched.assumed ? ` (${matched.assumed})` : ''}.`;
  const warnings = prefixed(folder, own.warnings);
  return { ...keptHead(labels === null ? warnings : [...warnings, line]), labels: matched.labels };
}

/** Decides which head a model for questions gets. @throws InputError if it must be the checkpoint's and cannot */
export function chooseAnswerHead(folder: string, config: ModelConfig, stored: StoredShapes, head: HeadUse): HeadChoice {
  if (head === 'new') return unusedHead;
  const own = ownAnswerHead(config, stored);
  if (!('lacks' in own)) {
    const line = `${folder}: the head of the checkpoint is used.`;
    return keptHead([...prefixed(folder, own.warnings), ...(head === 'checkpoint' ? [] : [line])]);
  }
  return newHead(folder, config, 'question-answering', own.lacks, head);
}
