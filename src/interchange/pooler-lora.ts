import { configOf } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { matmul } from '../ops/matmul.ts';
import { tensor } from '../tensor/create.ts';
import { tidy } from '../tensor/scope.ts';
import type { StoredAdapter } from './format.ts';
import { isPooler } from './modules.ts';
import type { Weight } from './portable.ts';

/** `bert.pooler.dense` of `bert.pooler.dense.lora_A.*.weight`, with the letter. */
const parts = ({ name }: Weight) => /^(.*)\.lora_([AB])\.\*\.weight$/.exec(name);

const isPoolerLora = (weight: Weight): boolean => {
  const module = parts(weight)?.[1];
  return module !== undefined && isPooler(module);
};

/** A change of the model's pooler by a folder. */
export interface PoolerChange {
  /** The folder's adapter without it. */
  readonly stored: StoredAdapter;
  /** Adds it to the weights of the pooler. */
  apply(): void;
}

/**
 * Returns the change W + s · B A that LoRA on the pooler is, or null if the folder has none. The pooler is no place where an adapter
 * attaches, as it belongs to heads.
 *
 * @param model has the pooler as it was before
 * @throws InputError if the model has none, or a matrix does not fit
 */
export function poolerChange(
  model: { parameters(): readonly Parameter[] },
  stored: StoredAdapter,
): PoolerChange | null {
  const [a, b] = (['A', 'B'] as const).map((letter) =>
    stored.weights.find((weight) => isPoolerLora(weight) && parts(weight)?.[2] === letter),
  );
  if (!a && !b) return null;
  const weight = model.parameters().find(({ name }) => /(^|\.)pooler\.dense\.weight$/.test(name));
  const refuse = (problem: string) => new InputError(`${stored.label}: LoRA on the pooler ${problem}.`);
  if (!weight) throw refuse('has no place in a model without a pooler');
  if (!a || !b) throw refuse(`lacks its ${a ? 'lora_B' : 'lora_A'}`);
  const [out, inner] = weight.shape;
  const [rank] = a.shape;
  if (a.shape[1] !== inner || b.shape[0] !== out || b.shape[1] !== rank) {
    throw refuse(`has the shapes ${a.shape} and ${b.shape}, which do not fit ${weight.shape}`);
  }
  const { alpha, rslora } = configOf(stored.settings);
  const scale = Number(alpha) / (rslora ? Math.sqrt(rank) : rank);
  return {
    stored: { ...stored, weights: stored.weights.filter((other) => !isPoolerLora(other)) },
    apply: () =>
      tidy(() => {
        const change = matmul(tensor(b.values, b.shape), tensor(a.values, a.shape)); // [out, in]
        weight.assign(add(weight.value.detach(), mul(change, scale)));
      }),
  };
}
