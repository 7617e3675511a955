import * as v from 'valibot';
import { balancedClassWeights } from '../data/browser.ts';
import { InputError } from '../errors.ts';
import { fraction, type GivenOf, namedValues, option, positiveNumber } from '../settings/index.ts';
import type { LossOptions, Task, TaskTypes } from './task.ts';
import { learnableTasks, taskOf } from './tasks/index.ts';

/** Tasks whose examples are of classes. */
const ofClasses = () => learnableTasks().filter((task) => taskOf({ task }).classesOf !== undefined);

/** Where any number of labels can hold, or a number is predicted, a text is of no class. */
const oneClass = ['auto', 'single_label_classification'] as const;

/** Settings of the loss of tasks with classes. */
export const lossSettings = {
  classWeights: option(
    v.union(
      [v.literal('balanced'), namedValues(positiveNumber)],
      'balanced, or weights above 0 by class: name=weight with commas between them',
    ),
    {
      description:
        'how much an example of each class counts: balanced (the rarer the more), or by name, where those left out count 1',
      placeholder: '<balanced|name=weight,...>',
      for: { task: ofClasses, problemType: oneClass },
    },
  ),
  labelSmoothingFactor: option(fraction, {
    description: 'part of each target that is spread evenly over all classes',
    placeholder: '<fraction>',
    default: 0,
    isOptional: true,
    for: { task: ofClasses, problemType: oneClass },
  }),
};

/** How much each class counts: by its frequency in the training data, or by name. */
export type ClassWeights = NonNullable<GivenOf<typeof lossSettings>['classWeights']>;

/**
 * Returns the options of the loss that settings ask for.
 *
 * @param labels the classes in the order of the outputs; null where numbers are predicted
 * @param items all that is trained on, by which balanced weights are computed
 * @throws InputError for weights and smoothing where there are no classes, and a weight of a class that there is not
 */
export function lossOptionsOf<T extends TaskTypes>(
  { name, classesOf }: Pick<Task<T>, 'name' | 'classesOf'>,
  { classWeights, labelSmoothingFactor: labelSmoothing = 0 }: GivenOf<typeof lossSettings>,
  labels: readonly string[] | null,
  items: readonly T['item'][],
): LossOptions {
  if (classWeights === undefined && labelSmoothing === 0) return {};
  if (!labels || !classesOf) {
    const what =
      classWeights === undefined ? '--label-smoothing-factor (labelSmoothingFactor)' : '--class-weights (classWeights)';
    const why = classesOf ? 'numbers are predicted, and not classes' : `${name} has no classes`;
    throw new InputError(`${what} has no effect: ${why}; leave it out.`);
  }
  if (classWeights === undefined) return { labelSmoothing };
  return { labelSmoothing, classWeights: weightsOf(classWeights, labels, () => items.flatMap(classesOf)) };
}

function weightsOf(given: ClassWeights, labels: readonly string[], classes: () => readonly number[]): number[] {
  if (given === 'balanced') {
    const weights = balancedClassWeights(classes());
    return labels.map((_, i) => weights.get(i) ?? 1);
  }
  const unknown = Object.keys(given).find((name) => !labels.includes(name));
  if (unknown !== undefined) {
    throw new InputError(
      `--class-weights (classWeights) names the class '${unknown}'; there are ${labels.join(', ')}.`,
    );
  }
  return labels.map((name) => (Object.hasOwn(given, name) ? given[name] : 1));
}
