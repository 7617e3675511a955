import { option, positiveNumber } from '../settings/index.ts';
import { erdosRenyiDensities, paperLiteralDensities } from './erdos-renyi.ts';
import { definePruningMethod } from './method.ts';
import * as scores from './scores.ts';
import { synflow } from './synflow.ts';

/** The pruning methods that configurations know, in the order of the help. */
export const builtIn = [
  definePruningMethod({ name: 'random', summary: 'any', score: scores.randomScore }),
  definePruningMethod({ name: 'magnitude', summary: 'small weights', score: scores.magnitude }),
  definePruningMethod({
    name: 'er',
    summary: 'any, more of large matrices',
    densities: erdosRenyiDensities,
    score: scores.randomScore,
  }),
  definePruningMethod({
    name: 'snip',
    summary: 'little effect on the loss',
    data: 'batches',
    score: scores.snip,
  }),
  definePruningMethod({
    name: 'grasp',
    summary: 'against the gradient flow',
    data: 'batches',
    options: {
      graspTemperature: option(positiveNumber, {
        description: 'divides logits while weights are scored',
        default: 1,
      }),
    },
    score: (context, { graspTemperature }) => scores.grasp(context, { temperature: graspTemperature }),
  }),
  definePruningMethod({
    name: 'fisher',
    summary: 'little effect by the empirical Fisher information',
    data: 'examples',
    score: scores.fisher,
  }),
  definePruningMethod({
    name: 'synflow',
    summary: 'little of the flow through the adapter, without data',
    iterations: 100,
    score: synflow,
  }),
  definePruningMethod({
    name: 'er:paper-literal',
    summary: "er by the rule of the SparseAdapter paper's text",
    densities: paperLiteralDensities,
    score: scores.randomScore,
  }),
  definePruningMethod({
    name: 'snip:paper-literal',
    summary: "snip by the sign of the SparseAdapter paper's text",
    data: 'batches',
    score: scores.snipPaperLiteral,
  }),
] as const;
