import type { Parameter } from '../nn/index.ts';
import type { AdapterParts } from './family.ts';
import { WeightSwap } from './weight-swap.ts';

/**
 * Trains weights of the backbone as they are. The pretrained ones are kept, so that deactivating the adapter restores them.
 *
 * @param parameters of the backbone
 */
export const trainedInPlace = (
  parameters: readonly Parameter[],
): { readonly parameters: readonly Parameter[] } & Pick<AdapterParts, 'weights'> => ({
  parameters,
  weights:
    parameters.length > 0
      ? new WeightSwap(new Map(parameters.map((parameter) => [parameter, parameter.value])))
      : undefined,
});

/** Returns whether a parameter is a bias. */
export const isBias = ({ name }: Parameter): boolean => /(^|\.)bias$/.test(name);

/** Returns whether a parameter is the scale or the shift of a layer normalisation. */
export const isOfNorm = ({ name }: { readonly name: string }): boolean =>
  /((layer_?norm)(_\w+)?|(^|[._])norm)\.(weight|bias)$/i.test(name);
