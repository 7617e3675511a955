import { headsOf } from './architectures.ts';
import { type HeadKind, headTitles, type StatedClass } from './checkpoint-class.ts';
import type { ProblemType } from './encoder-schema.ts';
import { bartHeads, type HeadLayer, type Pooling } from './heads.ts';
import { defaultLabels } from './labels.ts';
import { isEncoderDecoder, type ModelConfig } from './model-config.ts';

/** The tensors of a checkpoint, before they are read. */
export interface StoredShapes {
  has(name: string): boolean;
  /** Undefined if there is none. */
  shapeOf(name: string): readonly number[] | undefined;
}

/** A head that a checkpoint brings along for classes or numbers of whole texts. */
export interface OwnHead {
  /** The names of the outputs in their order. */
  readonly labels: readonly string[];
  readonly problem: ProblemType;
  readonly warnings: readonly string[];
}

/** Why a checkpoint has no head of a kind. */
export interface Lacking {
  readonly lacks: string;
}

/** The Python class of a checkpoint and what it has. */
export const describeClass = ({ architecture, kind }: StatedClass): string =>
  architecture === null ? 'a checkpoint that names no class' : `${architecture}, which has ${headTitles[kind]}`;

/** The tensors of a head, the last two with a row for each output. */
export const headTensors = (layers: readonly HeadLayer[]): string[] =>
  layers.flatMap(({ at, tensors = [`${at}.weight`, `${at}.bias`] }) => tensors);

/** What the head for texts of transformers reads. */
export const ownPooling = (config: ModelConfig): Pooling =>
  (isEncoderDecoder(config) ? undefined : headsOf(config).pooling) ?? 'cls';

const formsOf = (config: ModelConfig) => (isEncoderDecoder(config) ? bartHeads(0) : headsOf(config));

/** What a checkpoint has of a head. */
interface StoredHead {
  /** The tensor with a row for each output. */
  readonly last: string;
  readonly outputs: number;
  /** A line where the tensors decided and not the file. */
  readonly warnings: readonly string[];
}

/**
 * The head of a kind in a checkpoint: its class says so, or says of no head and the tensors tell.
 *
 * @param name of the head, for messages
 * @param other a tensor of a head of another kind
 */
function storedHead(
  { stated }: ModelConfig,
  stored: StoredShapes,
  kind: HeadKind,
  layers: readonly HeadLayer[],
  { name, other }: { readonly name: string; readonly other?: string },
): StoredHead | Lacking {
  const names = headTensors(layers);
  const last = names[names.length - 2];
  const isStated = stated.kind === kind;
  if (!isStated && stated.kind !== 'none' && stated.kind !== 'unstated')
    return { lacks: `it is ${describeClass(stated)}` };
  const isOther = other !== undefined && stored.has(other);
  if (!isStated && (!stored.has(last) || isOther)) return { lacks: 'it has no head' };
  const missing = names.find((tensor) => !stored.has(tensor));
  if (missing !== undefined) return { lacks: `there is no tensor "${missing}" of a ${name} head` };
  const line = `config.json names ${stated.architecture ?? 'no class'}; the tensor "${last}" is taken for ${headTitles[kind]}`;
  return { last, outputs: stored.shapeOf(last)?.[0] ?? 0, warnings: isStated ? [] : [line] };
}

/** The names of a head's outputs. */
function namesOf({ labels }: ModelConfig, { last, outputs }: StoredHead): readonly string[] | Lacking {
  const names = labels ?? defaultLabels(outputs);
  if (names.length === outputs) return names;
  return { lacks: `config.json names ${names.length} classes, but "${last}" has ${outputs} outputs` };
}

/** Returns the meaning of outputs where the file does not say: a single one is a number. */
const problemOf = ({ problem_type }: ModelConfig, outputs: number): ProblemType =>
  problem_type ?? (outputs === 1 ? 'regression' : 'single_label_classification');

/**
 * The head of a checkpoint for classes or numbers of whole texts.
 *
 * @param pooling what the head must read
 */
export function ownClassificationHead(
  config: ModelConfig,
  stored: StoredShapes,
  pooling: Pooling = 'cls',
): OwnHead | Lacking {
  const head = storedHead(config, stored, 'sequence-classification', formsOf(config).text, { name: 'classification' });
  if ('lacks' in head) return head;
  if (pooling === 'mean' && ownPooling(config) !== pooling)
    return { lacks: 'its head reads the first token and not the mean of all' };
  const labels = namesOf(config, head);
  if ('lacks' in labels) return labels;
  const { outputs, warnings } = head;
  const problem = problemOf(config, outputs);
  if (problem === 'single_label_classification' && outputs === 1) {
    return { lacks: 'problem_type single_label_classification has no meaning for a single output' };
  }
  return { labels, problem, warnings };
}

/** The head of a checkpoint for labels of tokens: one for texts may have its tensors too. */
export function ownTokenHead(config: ModelConfig, stored: StoredShapes): Omit<OwnHead, 'problem'> | Lacking {
  const { token, text } = formsOf(config);
  const [other] = headTensors(text).filter((name) => !headTensors(token).includes(name));
  const head = storedHead(config, stored, 'token-classification', token, { name: 'token classification', other });
  if ('lacks' in head) return head;
  const labels = namesOf(config, head);
  return 'lacks' in labels ? labels : { labels, warnings: head.warnings };
}

/** The head of a checkpoint for answers to questions. */
export function ownAnswerHead(config: ModelConfig, stored: StoredShapes): { warnings: readonly string[] } | Lacking {
  const head = storedHead(config, stored, 'question-answering', formsOf(config).answer, { name: 'question-answering' });
  if ('lacks' in head || head.outputs === 2) return head;
  return { lacks: `"${head.last}" has ${head.outputs} outputs where a start and an end are needed` };
}
