import { InputError } from '../errors.ts';
import { isBias, trainedInPlace } from './backbone-weights.ts';
import { defineFamily } from './family.ts';

/** BitFit (Ben Zaken et al., 2022): the biases of the backbone are trained, and nothing else. It has no weight matrix to prune. */
export const bitfit = defineFamily({
  kind: 'bitfit',
  summary: 'the biases of the backbone',
  options: {},
  hasPrunable: false,
  title: () => 'bitfit',
  build({ backbone }) {
    const biases = backbone.filter(isBias);
    if (biases.length === 0)
      throw new InputError('bitfit: this model has no biases to train; take another kind, as lora.');
    return { ...trainedInPlace(biases), chains: {} };
  },
});
