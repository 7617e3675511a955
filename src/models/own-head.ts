import { headTitles, type StatedClass } from './checkpoint-class.ts';
import type { ProblemType } from './config.ts';
import type { Pooling } from './heads.ts';
import { defaultLabels } from './labels.ts';
import type { ModelConfig } from './model-config.ts';

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

/** The tensors of a classification head, the last two with a row for each output. */
function headTensors({ model_type }: ModelConfig): string[] {
  const parts = {
    bert: ['bert.pooler.dense', 'classifier'],
    roberta: ['classifier.dense', 'classifier.out_proj'],
    bart: ['classification_head.dense', 'classification_head.out_proj'],
  }[model_type];
  return parts.flatMap((part) => [`${part}.weight`, `${part}.bias`]);
}

/** Returns whether a class may have a head of a kind: it says so, or it says of no head and the tensors may tell. */
const mayHave = ({ kind }: StatedClass, wanted: StatedClass['kind']): boolean =>
  kind === wanted || kind === 'none' || kind === 'unstated';

/** A line that says that the tensors decided and not the file. */
const assumedFrom = ({ stated }: ModelConfig, tensor: string, title: string): string[] =>
  stated.kind === 'none' || stated.kind === 'unstated'
    ? [`config.json names ${stated.architecture ?? 'no class'}; the tensor "${tensor}" is taken for ${title}`]
    : [];

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
  const { stated } = config;
  const names = headTensors(config);
  const last = names[names.length - 2];
  if (!mayHave(stated, 'sequence-classification')) return { lacks: `it is ${describeClass(stated)}` };
  if (!stored.has(last) && stated.kind !== 'sequence-classification') return { lacks: 'it has no head' };
  const missing = names.find((name) => !stored.has(name));
  if (missing !== undefined) return { lacks: `there is no tensor "${missing}" of a classification head` };
  if (pooling === 'mean') return { lacks: 'its head reads the first token and not the mean of all' };
  const [outputs] = stored.shapeOf(last) ?? [0];
  const labels = config.labels ?? defaultLabels(outputs);
  if (labels.length !== outputs) {
    return { lacks: `config.json names ${labels.length} classes, but "${last}" has ${outputs} outputs` };
  }
  const problem = problemOf(config, outputs);
  if (problem === 'single_label_classification' && outputs === 1) {
    return { lacks: 'problem_type single_label_classification has no meaning for a single output' };
  }
  return {
    labels,
    problem,
    warnings: assumedFrom(config, last, headTitles['sequence-classification']),
  };
}

/** The head of a checkpoint for labels of tokens: `classifier` without a layer before it. */
export function ownTokenHead(config: ModelConfig, stored: StoredShapes): Omit<OwnHead, 'problem'> | Lacking {
  const { stated } = config;
  const [weight, bias] = ['classifier.weight', 'classifier.bias'];
  if (!mayHave(stated, 'token-classification')) return { lacks: `it is ${describeClass(stated)}` };
  const isStated = stated.kind === 'token-classification';
  if (!isStated && (!stored.has(weight) || stored.has('bert.pooler.dense.weight'))) return { lacks: 'it has no head' };
  const missing = [weight, bias].find((name) => !stored.has(name));
  if (missing !== undefined) return { lacks: `there is no tensor "${missing}" of a token classification head` };
  const [outputs] = stored.shapeOf(weight) ?? [0];
  const labels = config.labels ?? defaultLabels(outputs);
  if (labels.length !== outputs) {
    return { lacks: `config.json names ${labels.length} classes, but "${weight}" has ${outputs} outputs` };
  }
  return { labels, warnings: assumedFrom(config, weight, headTitles['token-classification']) };
}

/** The head of a checkpoint for answers to questions. */
export function ownAnswerHead(config: ModelConfig, stored: StoredShapes): { warnings: readonly string[] } | Lacking {
  const { stated } = config;
  const last = 'qa_outputs.weight';
  if (!mayHave(stated, 'question-answering')) return { lacks: `it is ${describeClass(stated)}` };
  if (!stored.has(last) && stated.kind !== 'question-answering') return { lacks: 'it has no head' };
  const missing = [last, 'qa_outputs.bias'].find((name) => !stored.has(name));
  if (missing !== undefined) return { lacks: `there is no tensor "${missing}" of a question-answering head` };
  const [outputs] = stored.shapeOf(last) ?? [0];
  if (outputs !== 2) return { lacks: `"${last}" has ${outputs} outputs where a start and an end are needed` };
  return { warnings: assumedFrom(config, last, headTitles['question-answering']) };
}
