import { InputError } from '../errors.ts';
import type { StoredAdapter } from './format.ts';
import type { Weight } from './portable.ts';

/** The output layer of BART, which is the backbone's, though it is saved as a head. */
const isTied = ({ name }: Weight): boolean => name === 'lm_head.weight' || name === 'final_logits_bias';

/** The weights of a folder, and copies of the backbone's output layer among them. */
export const withoutTied = (
  weights: readonly Weight[],
): { readonly weights: readonly Weight[]; readonly tied: readonly Weight[] } => ({
  weights: weights.filter((weight) => !isTied(weight)),
  tied: weights.filter(isTied),
});

/** The names of the parameters that BART's output layer is. */
const parameterNames: Readonly<Record<string, string>> = {
  'lm_head.weight': 'model.shared.weight',
  final_logits_bias: 'final_logits_bias',
};

/**
 * Checks that a folder has the output layer of the backbone.
 *
 * @param valuesOf the numbers of a parameter of the backbone; a bias that it lacks is 0
 * @throws InputError if it has another one
 */
export function checkOutputLayer(
  { label, tied = [] }: StoredAdapter,
  valuesOf: (parameter: string) => ArrayLike<number> | undefined,
): void {
  const other = tied.find(({ name, values }) => {
    const own = valuesOf(parameterNames[name]) ?? new Float32Array(values.length);
    return own.length !== values.length || values.some((value, i) => value !== own[i]);
  });
  if (!other) return;
  throw new InputError(
    `${label}: its output layer ("${other.name}") is not that of the backbone; a trained one is not supported, use the backbone that the adapter was trained on.`,
  );
}
