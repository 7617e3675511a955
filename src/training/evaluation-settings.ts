import {
  boolean,
  type Choice,
  type GivenOf,
  kebabCase,
  nonEmptyText,
  option,
  positiveInteger,
} from '../settings/index.ts';

/** The name of the choice, in messages and in the help, on which what chooses the best weights has an effect. */
const KEPT = `--${kebabCase('loadBestModelAtEnd')}`;

/** Settings of evaluations while a model is trained, and of what they decide. */
export const evaluationSettings = {
  evaluations: option(positiveInteger, {
    description:
      'how often the model is evaluated while it is trained, at equal distances; the last time is at the end',
    placeholder: '<count>',
    default: 1,
    defaultText: `1, with ${KEPT} the number of epochs`,
    excludes: 'evalSteps',
  }),
  evalSteps: option(positiveInteger, {
    description: 'steps from one evaluation to the next, instead of their number; the last one is at the end',
    placeholder: '<steps>',
    excludes: 'evaluations',
  }),
  loadBestModelAtEnd: option(boolean, {
    description:
      'end with the weights of the best evaluation instead of the last ones; the evaluation rows choose then',
    placeholder: '[true|false]',
    defaultText: 'true for a table of your own with evaluation rows, else false',
  }),
  metricForBestModel: option(nonEmptyText, {
    description: 'score that says which evaluation is the best',
    placeholder: '<name>',
    defaultText: 'the first of the scores',
    for: { best: [KEPT] },
  }),
  earlyStoppingPatience: option(positiveInteger, {
    description: 'evaluations in a row without a better score after which training ends',
    placeholder: '<count>',
    for: { best: [KEPT] },
  }),
};

export type KeepSettings = Pick<
  GivenOf<typeof evaluationSettings>,
  'loadBestModelAtEnd' | 'metricForBestModel' | 'earlyStoppingPatience'
>;

/** Whether the best weights are kept, as a choice that decides which settings have an effect. */
export const bestChoice = (isKept: boolean): { best: Choice } => ({
  best: { name: isKept ? KEPT : 'last', by: 'loadBestModelAtEnd', value: String(isKept) },
});

/** Settings that say at which steps a model is evaluated. */
export type EvaluationTimes = Pick<GivenOf<typeof evaluationSettings>, 'evaluations' | 'evalSteps'>;

/** Returns the steps after which a model is evaluated; the last one is always among them. */
export function evaluationSteps(totalSteps: number, { evaluations = 1, evalSteps }: EvaluationTimes): Set<number> {
  if (evalSteps !== undefined) {
    const times = Math.floor(totalSteps / evalSteps);
    return new Set([...Array.from({ length: times }, (_, i) => (i + 1) * evalSteps), totalSteps]);
  }
  const times = Math.min(evaluations, Math.max(1, totalSteps));
  // Equal parts of a training, rounded up to whole steps.
  return new Set(Array.from({ length: times }, (_, i) => Math.ceil(((i + 1) * totalSteps) / times)));
}
