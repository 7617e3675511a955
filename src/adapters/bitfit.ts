import { isBias, trainedInPlace } from './backbone-weights.ts';
import { defineFamily } from './family.ts';

/** BitFit (Ben Zaken et al., 2022): the biases of the backbone are trained, and nothing else. It has no weight matrix to prune. */
export const bitfit = defineFamily({
  kind: 'bitfit',
  summary: 'the biases of the backbone',
  options: {},
  hasPrunable: false,
  title: () => 'bitfit',
  build: ({ backbone }) => ({ ...trainedInPlace(backbone.filter(isBias)), chains: {} }),
});
