import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import type { ConfiguredModel } from './assign.ts';
import type { StoredAdapter } from './format.ts';
import type { Weight } from './portable.ts';

/** Tensors of BART's output layer, and the weights of the backbone that they are copies of. */
const copies: Readonly<Record<string, string>> = {
  'lm_head.weight': 'model.shared.weight',
  final_logits_bias: 'final_logits_bias',
};

const isCopy = ({ values }: Weight, parameter: Parameter): boolean => {
  const own = parameter.value.dataSync();
  return own.length === values.length && values.every((value, i) => value === own[i]);
};

/**
 * The content of a folder without the output layer of BART, which AdapterHub saves as a head, though it is the backbone's.
 *
 * @throws InputError if it is another one than the model's
 */
export function withoutTiedHead(
  model: ConfiguredModel & { readonly constants?: readonly Parameter[] },
  stored: StoredAdapter,
): StoredAdapter {
  if (model.config.model_type !== 'bart') return stored;
  const own = new Map(
    [...model.parameters(), ...(model.constants ?? [])].map((parameter) => [parameter.name, parameter]),
  );
  const weights = stored.weights.filter((weight) => {
    const parameter = Object.hasOwn(copies, weight.name) ? own.get(copies[weight.name]) : undefined;
    if (!parameter) return true;
    if (isCopy(weight, parameter)) return false;
    throw new InputError(
      `${stored.label}: its output layer ("${stored.fileName(weight.name)}") is not that of the backbone; a trained one is not supported, use the backbone that the adapter was trained on.`,
    );
  });
  return { ...stored, weights };
}
