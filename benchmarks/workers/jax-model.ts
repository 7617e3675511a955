/**
 * The model in jax-js. Functions own their arguments there: `x.ref` passes an array that is used again, `x` gives it away.
 */
import { lax, nn, numpy as np } from '@jax-js/jax';
import type { ModelSize, ModelTask } from '../tasks.ts';
import { mask, weight } from './numbers.ts';
import type { PaddedBatch } from './padded.ts';

/** Arrays by the names of the parameters. */
export type Weights = { [name: string]: np.Array };

const array = (values: Float32Array<ArrayBuffer>, shape: number[]): np.Array => np.array(values, { shape });

/** The arrays that stay as they are, among them the masks (`<name>.mask`), and those that are trained. */
export function weightsOf({ model, bottleneck, sparsity }: ModelTask): { frozen: Weights; trained: Weights } {
  const { vocabulary, positions, hidden, layers, intermediate } = model;
  const [frozen, trained]: Weights[] = [{}, {}];
  const linear = (to: Weights, name: string, inputs: number, outputs: number) => {
    to[`${name}.weight`] = array(weight(`${name}.weight`, outputs * inputs), [outputs, inputs]);
    to[`${name}.bias`] = array(weight(`${name}.bias`, outputs), [outputs]);
  };
  const masked = (name: string, inputs: number, outputs: number) => {
    linear(trained, name, inputs, outputs);
    const key = `${name}.weight`;
    frozen[`${key}.mask`] = array(mask(key, outputs * inputs, sparsity), [outputs, inputs]);
    trained[key] = trained[key].mul(frozen[`${key}.mask`].ref);
  };
  const norm = (name: string) => {
    for (const part of ['weight', 'bias'])
      frozen[`${name}.${part}`] = array(weight(`${name}.${part}`, hidden), [hidden]);
  };
  const table = (name: string, rows: number) => {
    frozen[name] = array(weight(`bert.embeddings.${name}.weight`, rows * hidden), [rows, hidden]);
  };
  table('word_embeddings', vocabulary);
  table('position_embeddings', positions);
  table('token_type_embeddings', 2);
  norm('bert.embeddings.LayerNorm');
  for (let i = 0; i < layers; i++) {
    const at = `bert.encoder.layer.${i}`;
    for (const part of ['query', 'key', 'value']) linear(frozen, `${at}.attention.self.${part}`, hidden, hidden);
    linear(frozen, `${at}.attention.output.dense`, hidden, hidden);
    linear(frozen, `${at}.intermediate.dense`, hidden, intermediate);
    linear(frozen, `${at}.output.dense`, intermediate, hidden);
    for (const point of [`${at}.attention.output`, `${at}.output`]) {
      norm(`${point}.LayerNorm`);
      masked(`${point}.adapters.default.adapter_down.0`, hidden, bottleneck);
      masked(`${point}.adapters.default.adapter_up`, bottleneck, hidden);
    }
  }
  linear(frozen, 'bert.pooler.dense', hidden, hidden);
  linear(trained, 'classifier', hidden, 2);
  return { frozen, trained };
}

export type Inputs = { ids: np.Array; padding: np.Array; classes: np.Array };

export function inputsOf({ sequences, length, ids, padding, labels }: PaddedBatch): Inputs {
  const classes = Float32Array.from({ length: 2 * sequences }, (_, i) => (labels[i >> 1] === i % 2 ? 1 : 0));
  return {
    ids: np.array(ids, { shape: [sequences, length], dtype: np.int32 }),
    padding: array(padding, [sequences, 1, 1, length]),
    classes: array(classes, [sequences, 2]),
  };
}

function layerNorm(x: np.Array, gain: np.Array, bias: np.Array): np.Array {
  return nn.standardize(x, -1, { epsilon: 1e-12 }).mul(gain).add(bias);
}

/** x Wᵀ + b */
const linear = (x: np.Array, w: np.Array, b: np.Array): np.Array => np.matmul(x, np.transpose(w)).add(b);

/** The erf form. */
const gelu = (x: np.Array): np.Array => x.ref.mul(0.5).mul(lax.erf(x.mul(Math.SQRT1_2)).add(1));

/** Logits [sequences, 2]. All arrays are given away. */
export function logits(
  { hidden, heads, layers }: ModelSize,
  weights: Weights,
  { ids, padding }: Pick<Inputs, 'ids' | 'padding'>,
): np.Array {
  const [sequences, length] = ids.shape;
  const apply = (x: np.Array, name: string) => linear(x, weights[`${name}.weight`], weights[`${name}.bias`]);
  const normalize = (x: np.Array, name: string) => layerNorm(x, weights[`${name}.weight`], weights[`${name}.bias`]);
  const adapt = (x: np.Array, point: string) => {
    const masked = (y: np.Array, name: string) => {
      const key = `${point}.adapters.default.${name}`;
      return linear(y, weights[`${key}.weight`].mul(weights[`${key}.weight.mask`]), weights[`${key}.bias`]);
    };
    return x.ref.add(masked(nn.silu(masked(x, 'adapter_down.0')), 'adapter_up'));
  };
  const split = (y: np.Array) => np.transpose(y.reshape([sequences, length, heads, hidden / heads]), [0, 2, 1, 3]);

  const words = np.take(weights.word_embeddings, ids, 0);
  const places = weights.position_embeddings.slice([0, length]);
  const type = weights.token_type_embeddings.slice(0);
  let x = normalize(words.add(places).add(type), 'bert.embeddings.LayerNorm');
  for (let i = 0; i < layers; i++) {
    const at = `bert.encoder.layer.${i}`;
    const query = split(apply(x.ref, `${at}.attention.self.query`));
    const key = split(apply(x.ref, `${at}.attention.self.key`));
    const value = split(apply(x.ref, `${at}.attention.self.value`));
    const scores = np.matmul(query, np.transpose(key, [0, 1, 3, 2])).mul((hidden / heads) ** -0.5);
    const context = np.matmul(nn.softmax(scores.add(padding.ref), -1), value);
    const joined = np.transpose(context, [0, 2, 1, 3]).reshape([sequences, length, hidden]);
    const h = adapt(apply(joined, `${at}.attention.output.dense`), `${at}.attention.output`);
    x = normalize(h.add(x), `${at}.attention.output.LayerNorm`);
    const inner = gelu(apply(x.ref, `${at}.intermediate.dense`));
    x = normalize(adapt(apply(inner, `${at}.output.dense`), `${at}.output`).add(x), `${at}.output.LayerNorm`);
  }
  padding.dispose();
  return apply(np.tanh(apply(x.slice([], 0), 'bert.pooler.dense')), 'classifier');
}

/** The mean cross-entropy. All arrays are given away. */
export function lossOf(model: ModelSize, weights: Weights, { classes, ...inputs }: Inputs): np.Array {
  const sequences = classes.shape[0];
  return np.sum(nn.logSoftmax(logits(model, weights, inputs), -1).mul(classes)).mul(-1 / sequences);
}
