import * as v from 'valibot';
import {
  boolean,
  type Choice,
  factsOf,
  fraction,
  type GivenOf,
  nonNegative,
  oneOf,
  option,
  orNone,
  parseGiven,
  positiveInteger,
  positiveNumber,
  probability,
  refuseWithoutEffect,
  type SettingsOf,
  wholeNumberIn,
  withDefaults,
} from '../settings/index.ts';

const MOST_EPOCHS = 1_000_000;

/** Names of schedules of the learning rate, as transformers has them. */
const schedulerTypes = ['linear', 'cosine', 'constant', 'constant_with_warmup'] as const;

/** Settings of training. The defaults are those of the SparseAdapter protocol (He et al., 2022) where it states them. */
export const trainerSettings = {
  learningRate: option(nonNegative, { description: 'highest learning rate', placeholder: '<rate>', default: 1e-4 }),
  epochs: option(wholeNumberIn(0, MOST_EPOCHS), {
    description: 'passes over the training data',
    placeholder: '<count>',
    default: 10,
  }),
  batchSize: option(positiveInteger, {
    description: 'examples per batch',
    placeholder: '<count>',
    default: 16,
    excludes: 'batchTokens',
  }),
  batchTokens: option(positiveInteger, {
    description: 'tokens per batch at most, instead of a number of examples',
    placeholder: '<count>',
    excludes: 'batchSize',
  }),
  groupByLength: option(boolean, {
    description: 'batches of examples of similar length, instead of all lengths mixed',
    default: false,
  }),
  gradientAccumulationSteps: option(positiveInteger, {
    description: 'batches whose gradients are averaged for one step',
    placeholder: '<batches>',
    default: 1,
    isOptional: true,
  }),
  lrSchedulerType: option(oneOf(schedulerTypes), {
    description:
      'the learning rate after the warm-up: it falls to 0, in a line or as the cosine, or stays; constant has no warm-up either',
    placeholder: '<name>',
    default: 'linear',
  }),
  warmupRatio: option(fraction, {
    description: 'fraction of the steps in which the learning rate rises',
    placeholder: '<fraction>',
    default: 0.1,
    for: { lrSchedulerType: schedulerTypes.filter((type) => type !== 'constant') },
  }),
  weightDecay: option(nonNegative, {
    description: 'decoupled weight decay, not of biases and norms',
    placeholder: '<rate>',
    default: 0.1,
  }),
  betas: option(v.strictTuple([probability, probability], 'two numbers in [0, 1)'), {
    description: 'decay rates of the moments of AdamW',
    placeholder: '<beta1,beta2>',
    default: [0.9, 0.98],
  }),
  maxGradNorm: option(orNone(positiveNumber), {
    description: 'gradients are scaled down to this norm',
    placeholder: '<norm|none>',
    default: 1,
  }),
};

/** Options of a trainer; batches have `batchSize` examples, or at most `batchTokens` tokens. */
export type TrainingOptions = SettingsOf<typeof trainerSettings>;

/** The schedule of the learning rate as a choice that decides which settings have an effect. */
export const scheduleChoice = ({ lrSchedulerType }: GivenOf<typeof trainerSettings>): { lrSchedulerType: Choice } => ({
  lrSchedulerType: { name: lrSchedulerType ?? factsOf(trainerSettings.lrSchedulerType).default ?? '' },
});

/** Complete options of a trainer. @throws InputError for an option or a value that there is not, one without effect, and two that exclude each other */
export const trainingOptions = (given: GivenOf<typeof trainerSettings> = {}): TrainingOptions => {
  const values = parseGiven(trainerSettings, given, 'training');
  const choices = scheduleChoice(values);
  refuseWithoutEffect(trainerSettings, values, choices);
  return withDefaults(trainerSettings, values, choices) as TrainingOptions;
};
