import { configOf } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import type { StoredAdapter } from './format.ts';
import { isPooler } from './modules.ts';
import type { Weight } from './portable.ts';

/** `bert.pooler.dense` of `bert.pooler.dense.lora_A.*.weight`, with the letter. */
const parts = ({ name }: Weight) => /^(.*)\.lora_([AB])\.\*\.weight$/.exec(name);

const isPoolerLora = (weight: Weight): boolean => {
  const module = parts(weight)?.[1];
  return module !== undefined && isPooler(module);
};

/**
 * Puts LoRA on the pooler into the pooler: W + s · B A. The pooler is no place where an adapter attaches, as it belongs to heads.
 *
 * @param model has the pooler as it was before
 * @throws InputError if the model has none, or a matrix does not fit
 */
export function withMergedPooler(model: { parameters(): readonly Parameter[] }, stored: StoredAdapter): StoredAdapter {
  const [a, b] = (['A', 'B'] as const).map((letter) =>
    stored.weights.find((weight) => isPoolerLora(weight) && parts(weight)?.[2] === letter),
  );
  if (!a && !b) return stored;
  const dense = model.parameters().filter(({ name }) => /(^|\.)pooler\.dense\.(weight|bias)$/.test(name));
  const [weight, bias] = ['weight', 'bias'].map((end) => dense.find(({ name }) => name.endsWith(end)));
  const refuse = (problem: string) => new InputError(`${stored.label}: LoRA on the pooler ${problem}.`);
  if (!weight || !bias) throw refuse('has no place in a model without a pooler');
  if (!a || !b) throw refuse(`lacks its ${a ? 'lora_B' : 'lora_A'}`);
  const [out, inner] = weight.shape;
  const [rank] = a.shape;
  if (a.shape[1] !== inner || b.shape[0] !== out || b.shape[1] !== rank) {
    throw refuse(`has the shapes ${a.shape} and ${b.shape}, which do not fit ${weight.shape}`);
  }
  const { alpha, rslora } = configOf(stored.settings);
  const scale = Number(alpha) / (rslora ? Math.sqrt(rank) : rank);
  const merged = Float32Array.from(weight.value.dataSync());
  for (let row = 0; row < out; row++) {
    for (let column = 0; column < inner; column++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += b.values[row * rank + k] * a.values[k * inner + column];
      merged[row * inner + column] += scale * sum;
    }
  }
  return {
    ...stored,
    weights: [
      ...stored.weights.filter((other) => !isPoolerLora(other)),
      { name: weight.name, shape: weight.shape, values: merged, masked: false },
      { name: bias.name, shape: bias.shape, values: Float32Array.from(bias.value.dataSync()), masked: false },
    ],
  };
}
