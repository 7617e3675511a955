import { configOf, loraSizes, rowNorms } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { add, div, mul } from '../ops/arithmetic.ts';
import { matmul } from '../ops/matmul.ts';
import { reshape } from '../ops/reduce.ts';
import { tensor } from '../tensor/create.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { StoredAdapter } from './format.ts';
import { isHeadModule } from './modules.ts';
import type { Weight } from './portable.ts';

/** The module of a LoRA tensor, and which one it is: `lora_A.weight`. */
function placeOf({ name }: Weight): { readonly module: string; readonly part: string } | null {
  const [, module, letters, kind] = /^(.*)\.(lora_[AB]|lora_magnitude_vector)\.\*\.(weight|bias)$/.exec(name) ?? [];
  return module !== undefined && isHeadModule(module) ? { module, part: `${letters}.${kind}` } : null;
}

/** A change of the model's head and pooler by a folder. */
export interface HeadChange {
  /** The folder's adapter without it. */
  readonly stored: StoredAdapter;
  /** Returns whether it changes a parameter of the model. */
  changes(parameter: string): boolean;
  /** Sets the weights of the head to the changed ones. */
  apply(): void;
}

/**
 * Returns the change W + s · B A that LoRA on the head or on the pooler is, or null if the folder has none. These are no places where an
 * adapter attaches, so it is merged into them, and they are the head from then on.
 *
 * @param model has the head as it was before
 * @throws InputError if the model has no such layer, or a matrix does not fit
 */
export function headChange(model: { parameters(): readonly Parameter[] }, stored: StoredAdapter): HeadChange | null {
  const modules = new Map<string, Map<string, Weight>>();
  for (const weight of stored.weights) {
    const place = placeOf(weight);
    if (!place) continue;
    const parts = modules.get(place.module) ?? new Map<string, Weight>();
    modules.set(place.module, parts.set(place.part, weight));
  }
  if (modules.size === 0) return null;
  const changes = Array.from(modules, ([module, parts]) => changeOf(model, stored, module, parts));
  return {
    stored: { ...stored, weights: stored.weights.filter((weight) => placeOf(weight) === null) },
    changes: (name) => [...modules.keys()].some((module) => isIn(name, module)),
    apply: () => {
      for (const change of changes) tidy(change);
    },
  };
}

const isIn = (parameter: string, module: string): boolean =>
  ['weight', 'bias'].some((kind) => `.${parameter}`.endsWith(`.${module}.${kind}`));

/** The layers of the head that a folder changes. */
export const changedHeadModules = (weights: readonly Weight[]): string[] => [
  ...new Set(weights.flatMap((weight) => placeOf(weight)?.module ?? [])),
];

/** The change of one layer. */
function changeOf(
  model: { parameters(): readonly Parameter[] },
  stored: StoredAdapter,
  module: string,
  parts: ReadonlyMap<string, Weight>,
): () => void {
  const refuse = (problem: string) => new InputError(`${stored.label}: LoRA on ${module} ${problem}.`);
  const parameter = (kind: string) => model.parameters().find(({ name }) => `.${name}`.endsWith(`.${module}.${kind}`));
  const [weight, bias] = [parameter('weight'), parameter('bias')];
  if (!weight || !bias) throw refuse('has no place in a model without that layer');
  const [a, b] = [parts.get('lora_A.weight'), parts.get('lora_B.weight')];
  if (!a || !b) throw refuse(`lacks its ${a ? 'lora_B' : 'lora_A'}`);
  const [out, inner] = weight.shape;
  const sizes = loraSizes(configOf(stored.settings) as Parameters<typeof loraSizes>[0], module);
  const [rank] = a.shape;
  if (a.shape[1] !== inner || b.shape[0] !== out || b.shape[1] !== rank || rank !== sizes.rank) {
    throw refuse(
      `has the shapes ${a.shape} and ${b.shape}, which do not fit ${weight.shape} and the rank ${sizes.rank}`,
    );
  }
  const valuesOf = (part: Weight | undefined): Tensor | null => (part ? tensor(part.values, [out]) : null);
  return () => {
    const change = mul(matmul(tensor(b.values, b.shape), tensor(a.values, a.shape)), sizes.scale); // [out, in]
    const changed = add(weight.value.detach(), change);
    const lengths = valuesOf(parts.get('lora_magnitude_vector.weight'));
    const stretch = lengths ? div(lengths, rowNorms(changed)) : null; // [out]
    weight.assign(stretch ? mul(changed, reshape(stretch, [-1, 1])) : changed);
    const added = valuesOf(parts.get('lora_B.bias'));
    if (!added) return;
    const scaled = mul(added, sizes.scale);
    bias.assign(add(bias.value.detach(), stretch ? mul(scaled, stretch) : scaled));
  };
}
