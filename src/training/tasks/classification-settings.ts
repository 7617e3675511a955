import type { Pooling } from '../../models/index.ts';
import { boolean, oneOf, option } from '../../settings/index.ts';

export const classificationSettings = {
  pooling: option(oneOf(['cls', 'mean'] as const satisfies readonly Pooling[]), {
    description: 'what the head reads: the first token, or the mean of all',
    placeholder: '<how>',
    default: 'cls',
    for: { task: ['text-classification'] },
  }),
};

/** Settings of the tasks whose models have a head of their own. */
export const headSettings = {
  freezeHead: option(boolean, {
    description: "leave the task's head as it is: random, as in the SparseAdapter authors' code",
    default: false,
    for: { task: ['text-classification', 'question-answering'] },
  }),
};
