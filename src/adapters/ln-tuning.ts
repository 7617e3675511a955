import { InputError } from '../errors.ts';
import { names, option } from '../settings/index.ts';
import { isOfNorm, trainedInPlace } from './backbone-weights.ts';
import { defineFamily } from './family.ts';
import { endsIn } from './targets.ts';

/**
 * LN tuning (Zhao et al., 2023): the scales and shifts of the layer normalisations are trained, and nothing else. It has no weight
 * matrix to prune.
 */
export const lnTuning = defineFamily({
  kind: 'ln-tuning',
  summary: 'the layer normalisations of the backbone',
  options: {
    normModules: option(names, {
      description: 'normalisations, by the end of their path',
      default: [],
      defaultText: 'all',
      isOptional: true,
    }),
  },
  hasPrunable: false,
  title: () => 'ln-tuning',
  build: ({ backbone }, { normModules = [] }) => {
    const isMeant = (name: string) => normModules.length === 0 || normModules.some((end) => endsIn(name, end));
    const norms = backbone.filter((parameter) => isOfNorm(parameter) && isMeant(parameter.name.replace(/\.\w+$/, '')));
    if (norms.length === 0) {
      throw new InputError(
        `ln-tuning: no layer normalisation is called ${normModules.join(', ')}; leave out normModules for all.`,
      );
    }
    return { ...trainedInPlace(norms), chains: {} };
  },
});
