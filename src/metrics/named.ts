import { accuracy, f1, macroF1, matthews } from './classification.ts';
import { pearson, spearman } from './correlation.ts';

/** The metrics by their names. */
export const namedMetrics = { accuracy, f1, f1_macro: macroF1, matthews, pearson, spearman };

/** Classification (values are class indices): `accuracy`, `f1`, `f1_macro`, `matthews`. Regression: `pearson`, `spearman`. */
export type MetricName = keyof typeof namedMetrics;

/**
 * The named metrics of paired predictions and labels, as fractions (not percent).
 * @throws RangeError for another name, and if there are not as many predictions as labels.
 */
export function computeMetrics<Name extends MetricName>(
  names: readonly Name[],
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
): Record<Name, number> {
  for (const name of names) {
    if (!Object.hasOwn(namedMetrics, name)) {
      throw new RangeError(
        `computeMetrics: there is no metric "${name}"; there are ${Object.keys(namedMetrics).join(', ')}.`,
      );
    }
  }
  const values = names.map((name) => [name, namedMetrics[name](predictions, labels)]);
  return Object.fromEntries(values) as Record<Name, number>;
}
