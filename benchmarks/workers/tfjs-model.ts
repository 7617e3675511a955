import * as tf from '@tensorflow/tfjs';
import type { ModelTask } from '../tasks.ts';
import { mask, weight } from './numbers.ts';
import { type PaddedBatch, transposed } from './padded.ts';

type Map2 = (x: tf.Tensor2D) => tf.Tensor2D;

/** Weight [in, out] and bias of a linear layer. */
function linearTensors(name: string, inputs: number, outputs: number): { w: tf.Tensor2D; b: tf.Tensor1D } {
  const w = transposed(weight(`${name}.weight`, outputs * inputs), outputs, inputs);
  return { w: tf.tensor2d(w, [inputs, outputs]), b: tf.tensor1d(weight(`${name}.bias`, outputs)) };
}

function frozenLinear(name: string, inputs: number, outputs: number): Map2 {
  const { w, b } = linearTensors(name, inputs, outputs);
  return (x) => tf.matMul(x, w).add(b);
}

function layerNorm(name: string, width: number): Map2 {
  const gain = tf.tensor1d(weight(`${name}.weight`, width));
  const bias = tf.tensor1d(weight(`${name}.bias`, width));
  return (x) => {
    const { mean, variance } = tf.moments(x, 1, true);
    return x.sub(mean).mul(variance.add(1e-12).rsqrt()).mul(gain).add(bias);
  };
}

/** The erf form. */
const gelu: Map2 = (x) => x.mul(0.5).mul(tf.erf(x.mul(Math.SQRT1_2)).add(1));

/** A BERT classifier with masked Houlsby adapters, written with the operations of TensorFlow.js. */
export class TfjsModel {
  readonly trained: tf.Variable[] = [];
  readonly #task: ModelTask;
  readonly #words: tf.Tensor2D;
  readonly #positions: tf.Tensor2D;
  readonly #type: tf.Tensor1D;
  readonly #norm: Map2;
  readonly #layers: readonly ((x: tf.Tensor2D, padding: tf.Tensor4D) => tf.Tensor2D)[];
  readonly #pooler: Map2;
  readonly #classifier: Map2;

  constructor(task: ModelTask) {
    const { vocabulary, positions, hidden, layers } = task.model;
    const at = (name: string) => `bert.embeddings.${name}`;
    this.#task = task;
    this.#words = tf.tensor2d(weight(at('word_embeddings.weight'), vocabulary * hidden), [vocabulary, hidden]);
    this.#positions = tf.tensor2d(weight(at('position_embeddings.weight'), positions * hidden), [positions, hidden]);
    this.#type = tf.tensor1d(weight(at('token_type_embeddings.weight'), 2 * hidden).slice(0, hidden));
    this.#norm = layerNorm(at('LayerNorm'), hidden);
    this.#layers = Array.from({ length: layers }, (_, i) => this.#layer(`bert.encoder.layer.${i}`));
    this.#pooler = frozenLinear('bert.pooler.dense', hidden, hidden);
    this.#classifier = this.#trainedLinear('classifier', hidden, 2, null);
  }

  /** Logits [sequences, 2]. */
  forward({ sequences, length, ids, padding }: PaddedBatch): tf.Tensor2D {
    const { hidden } = this.#task.model;
    const words = tf.gather(this.#words, tf.tensor1d(ids, 'int32')).reshape([sequences, length, hidden]);
    const sum = words.add(this.#positions.slice([0, 0], [length, hidden])).add(this.#type);
    const attended = tf.tensor4d(padding, [sequences, 1, 1, length]);
    let x = this.#norm(sum.reshape([sequences * length, hidden]));
    for (const layer of this.#layers) x = layer(x, attended);
    const first = x.reshape([sequences, length, hidden]).slice([0, 0, 0], [sequences, 1, hidden]);
    return this.#classifier(tf.tanh(this.#pooler(first.reshape([sequences, hidden]))));
  }

  loss(batch: PaddedBatch): tf.Scalar {
    const classes = tf.oneHot(tf.tensor1d(batch.labels, 'int32'), 2);
    return tf.logSoftmax(this.forward(batch)).mul(classes).sum().div(-batch.sequences);
  }

  #layer(name: string): (x: tf.Tensor2D, padding: tf.Tensor4D) => tf.Tensor2D {
    const { hidden, heads, intermediate } = this.#task.model;
    const [query, key, value] = ['query', 'key', 'value'].map((part) =>
      frozenLinear(`${name}.attention.self.${part}`, hidden, hidden),
    );
    const attentionDense = frozenLinear(`${name}.attention.output.dense`, hidden, hidden);
    const attentionAdapter = this.#adapter(`${name}.attention.output`);
    const attentionNorm = layerNorm(`${name}.attention.output.LayerNorm`, hidden);
    const up = frozenLinear(`${name}.intermediate.dense`, hidden, intermediate);
    const down = frozenLinear(`${name}.output.dense`, intermediate, hidden);
    const adapter = this.#adapter(`${name}.output`);
    const norm = layerNorm(`${name}.output.LayerNorm`, hidden);
    return (x, padding) => {
      const [sequences, , , length] = padding.shape;
      const split = (y: tf.Tensor2D) =>
        y.reshape<tf.Tensor4D>([sequences, length, heads, hidden / heads]).transpose<tf.Tensor4D>([0, 2, 1, 3]);
      const scores = tf.matMul(split(query(x)), split(key(x)), false, true).mul((hidden / heads) ** -0.5);
      const context = tf.matMul(tf.softmax(scores.add<tf.Tensor4D>(padding)), split(value(x)));
      const joined = context.transpose([0, 2, 1, 3]).reshape<tf.Tensor2D>([sequences * length, hidden]);
      const y = attentionNorm(attentionAdapter(attentionDense(joined)).add(x));
      return norm(adapter(down(gelu(up(y)))).add(y));
    };
  }

  /** x + up(silu(down(x))) */
  #adapter(point: string): Map2 {
    const { model, bottleneck, sparsity } = this.#task;
    const name = `${point}.adapters.default`;
    const down = this.#trainedLinear(`${name}.adapter_down.0`, model.hidden, bottleneck, sparsity);
    const up = this.#trainedLinear(`${name}.adapter_up`, bottleneck, model.hidden, sparsity);
    return (x) => {
      const inner = down(x);
      return x.add(up(inner.mul(tf.sigmoid(inner))));
    };
  }

  /** @param sparsity of its mask; null: none */
  #trainedLinear(name: string, inputs: number, outputs: number, sparsity: number | null): Map2 {
    const tensors = linearTensors(name, inputs, outputs);
    const masks =
      sparsity === null
        ? tf.onesLike(tensors.w)
        : tf.tensor2d(transposed(mask(`${name}.weight`, outputs * inputs, sparsity), outputs, inputs), [
            inputs,
            outputs,
          ]);
    const w = tf.variable(tensors.w.mul<tf.Tensor2D>(masks), true, `${name}.weight`);
    const b = tf.variable(tensors.b, true, `${name}.bias`);
    this.trained.push(w, b);
    if (sparsity === null) return (x) => tf.matMul(x, w as tf.Tensor2D).add(b);
    return (x) => tf.matMul(x, w.mul<tf.Tensor2D>(masks)).add(b);
  }
}

/** Gradients scaled to a common norm of at most 1. */
export function clipped(gradients: tf.NamedTensorMap): tf.NamedTensorMap {
  const squares = Object.values(gradients).map((g) => g.square().sum());
  const scale = tf.minimum(1, tf.div(1, tf.addN(squares).sqrt().add(1e-6)));
  return Object.fromEntries(Object.entries(gradients).map(([name, g]) => [name, g.mul(scale)]));
}

const [LEARNING_RATE, BETA1, BETA2, EPSILON, DECAY] = [1e-4, 0.9, 0.98, 1e-8, 0.1];

/** AdamW, which TensorFlow.js lacks; biases do not decay. */
export class AdamW {
  readonly #moments = new Map<string, readonly [m: tf.Variable, v: tf.Variable]>();
  #step = 0;

  step(variables: readonly tf.Variable[], gradients: tf.NamedTensorMap): void {
    this.#step++;
    const [c1, c2] = [1 - BETA1 ** this.#step, 1 - BETA2 ** this.#step];
    for (const w of variables) {
      const g = gradients[w.name];
      const moments = this.#moments.get(w.name) ?? [tf.variable(tf.zerosLike(w)), tf.variable(tf.zerosLike(w))];
      this.#moments.set(w.name, moments);
      const [m, v] = moments;
      m.assign(m.mul(BETA1).add(g.mul(1 - BETA1)));
      v.assign(v.mul(BETA2).add(g.square().mul(1 - BETA2)));
      const direction = m.div(v.div(c2).sqrt().add(EPSILON));
      const decay = w.name.endsWith('.bias') ? 0 : DECAY;
      w.assign(w.mul(1 - LEARNING_RATE * decay).sub(direction.mul(LEARNING_RATE / c1)));
    }
  }
}
