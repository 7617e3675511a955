import { InputError } from '../errors.ts';
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

/** The error for an output layer that is not the backbone's. */
export const trainedOutput = (label: string, { name }: Weight): InputError =>
  new InputError(
    `${label}: its output layer ("${name}") is not that of the backbone; a trained one is not supported, use the backbone that the adapter was trained on.`,
  );
