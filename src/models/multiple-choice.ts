import type { ParameterPath } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { indexSelect } from '../ops/gather.ts';
import { crossEntropy } from '../ops/losses.ts';
import { reshape } from '../ops/reduce.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { headsOf, modelEncoder } from './architectures.ts';
import type { PackedBatch } from './batch.ts';
import type { EncoderConfig } from './config.ts';
import { EncoderModel } from './encoder-model.ts';
import { type HeadChoice, type HeadUse, keptHead, newHead, type PoolerPlace, unusedHead } from './head-choice.ts';
import { type ClassificationHead, SequenceHead } from './heads.ts';
import { LayeredClassificationHead, type LayeredHead } from './layered-head.ts';
import { describeClass, headTensors, type Lacking, type StoredShapes } from './own-head.ts';
import type { Recipe } from './recipe.ts';

/**
 * An encoder that scores each choice of an example by itself: `BertForMultipleChoice`, `RobertaForMultipleChoice` of Hugging Face. Each
 * choice is a sequence of its own, and those of an example follow each other.
 */
export class MultipleChoiceModel extends EncoderModel {
  /** The kind of its head. */
  readonly headKind = 'multiple-choice';
  /** The form of its head, where it is one of AdapterHub's. */
  readonly layeredHead: LayeredHead | undefined;
  readonly #head: ClassificationHead;

  constructor(root: ParameterPath, config: EncoderConfig, layered?: LayeredHead) {
    super(root, modelEncoder(root, config));
    this.layeredHead = layered;
    const { choice, pooling } = headsOf(config);
    this.#head = layered
      ? new LayeredClassificationHead(root, config, 1, layered)
      : new SequenceHead(root, config, choice, 1, pooling);
  }

  /** One logit for each choice [choices]. Dropout is on when `random` is given. */
  override outputOf(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    return reshape(this.#head.forward(hidden, batch, random), [-1]);
  }

  /**
   * The cross-entropy over the choices of each example, averaged over the examples.
   *
   * @param logits [choices] of all examples
   * @param counts of choices of each example, which need not be the same
   * @param targets the number of the right choice of each example
   */
  loss(logits: Tensor, counts: readonly number[], targets: readonly number[]): Tensor {
    const firsts = counts.map((_, i) => counts.slice(0, i).reduce((sum, count) => sum + count, 0));
    const losses = [...new Set(counts)].map((count) => {
      const examples = [...counts.keys()].filter((i) => counts[i] === count);
      const rows = examples.flatMap((i) => Array.from({ length: count }, (_, choice) => firsts[i] + choice));
      const own = reshape(counts.length === examples.length ? logits : indexSelect(logits, rows), [-1, count]);
      const mean = crossEntropy(
        own,
        examples.map((i) => targets[i]),
      );
      return mul(mean, examples.length / counts.length);
    });
    return losses.reduce((a, b) => add(a, b));
  }
}

/** The head of a checkpoint that chooses among answers: it must say that it is one, as its tensors are those of a regression too. */
function ownChoiceHead(config: EncoderConfig, stored: StoredShapes): Lacking | null {
  const { stated } = config;
  if (stated.kind === 'none' || stated.kind === 'unstated') return { lacks: 'it has no head' };
  if (stated.kind !== 'multiple-choice') return { lacks: `it is ${describeClass(stated)}` };
  const names = headTensors(headsOf(config).choice);
  const missing = names.find((name) => !stored.has(name));
  if (missing !== undefined) return { lacks: `there is no tensor "${missing}" of a multiple-choice head` };
  const last = names[names.length - 2];
  const [outputs] = stored.shapeOf(last) ?? [0];
  return outputs === 1 ? null : { lacks: `"${last}" has ${outputs} outputs where one score is needed` };
}

/** Decides which head a model of choices gets. @throws InputError if it must be the checkpoint's and cannot */
function chooseChoiceHead(
  folder: string,
  config: EncoderConfig,
  stored: StoredShapes,
  head: HeadUse,
  pooler: PoolerPlace | undefined,
): HeadChoice {
  if (head === 'new') return { ...unusedHead, pooler };
  const own = ownChoiceHead(config, stored);
  if (own === null) {
    const line = `${folder}: the head of the checkpoint is used.`;
    return { ...keptHead(head === 'checkpoint' ? [] : [line]), pooler };
  }
  return { ...newHead(folder, config, 'multiple-choice', own.lacks, head), pooler };
}

export const multipleChoiceRecipe = (
  head: HeadUse = 'auto',
  pooler?: PoolerPlace,
  layered?: LayeredHead,
): Recipe<MultipleChoiceModel, 'encoder'> => ({
  kind: 'encoder',
  choose: (config, stored, folder) => chooseChoiceHead(folder, config, stored, layered ? 'new' : head, pooler),
  build: (root, config) => new MultipleChoiceModel(root, config, layered),
});
