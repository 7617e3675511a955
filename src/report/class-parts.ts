import { brierScore, type Calibration, type CalibrationBin, calibration } from '../metrics/calibration.ts';
import { type ClassificationReport, classificationReport } from '../metrics/classification-report.ts';
import type { ClassScores } from '../metrics/precision-recall.ts';
import { examplesPart } from './examples-part.ts';
import { finiteOrNull } from './finite.ts';
import type { PartOf, ReportPart } from './schema.ts';

/** Answers of a model where one class is right. */
export interface ClassAnswers {
  /** Of the classes, in their order. */
  readonly names: readonly string[];
  /** The class of each example. */
  readonly labels: readonly number[];
  /** The class that the model gives. */
  readonly predictions: readonly number[];
  /** [examples][classes] */
  readonly probabilities: readonly (readonly number[])[];
  /** The texts of an example, to show errors. */
  readonly textsOf: (example: number) => readonly string[];
  /** Whether the model was trained with balanced weights of the classes. Default false. */
  readonly isBalanced?: boolean;
}

/** Warnings and parts that a task adds to its scores. */
export interface ReportParts {
  readonly warnings: readonly string[];
  readonly parts: readonly ReportPart[];
}

/** A confusion matrix of more classes is larger than what somebody reads. */
const MOST_CLASSES = 1000;

/**
 * The report of a classifier: a summary, the scores of each class, the confusion matrix, calibration, and the errors that the model is
 * the surest of. All numbers are those of scikit-learn; see {@link classificationReport} and {@link calibration}.
 */
export function classParts(answers: ClassAnswers): ReportParts {
  const { names, labels, predictions, probabilities, isBalanced = false } = answers;
  const [calibrated, errors] = [calibration(probabilities, labels), errorsOf(answers)];
  if (names.length > MOST_CLASSES) {
    const warning = `There are ${names.length} classes; the report shows the scores of each for up to ${MOST_CLASSES}.`;
    return { warnings: [warning], parts: [calibrationPart(calibrated), errors] };
  }
  const report = classificationReport(predictions, labels, names.length);
  const predicted = names.map((_, j) => report.confusionMatrix.reduce((sum, row) => sum + row[j], 0));
  return {
    warnings: neverPredicted(
      names,
      predicted,
      report,
      isBalanced ? 'more --epochs (epochs)' : "training with --class-weights balanced (classWeights: 'balanced')",
    ),
    parts: [
      {
        kind: 'numbers',
        title: 'Summary',
        values: {
          accuracy: finiteOrNull(report.accuracy),
          'accuracy of the most frequent class':
            Math.max(...report.perClass.map(({ support }) => support)) / labels.length,
          'balanced accuracy': finiteOrNull(report.balancedAccuracy),
          'macro F1': finiteOrNull(report.macro.f1),
          "Cohen's kappa": finiteOrNull(report.cohenKappa),
          'Brier score': brierScore(probabilities, labels),
          'calibration error (ECE)': calibrated.ece,
        },
      },
      classesPart(
        'Classes',
        names.map((name, i) => ({ name, scores: report.perClass[i], predicted: predicted[i] })),
        report,
      ),
      { kind: 'confusion', title: 'Confusion matrix', names, matrix: report.confusionMatrix },
      calibrationPart(calibrated),
      errors,
    ],
  };
}

/** Scores by class, label or type of entity, with their averages. */
export function classesPart(
  title: string,
  classes: readonly { readonly name: string; readonly scores: ClassScores; readonly predicted?: number }[],
  averages: Pick<ClassificationReport, 'micro' | 'macro' | 'weighted'>,
): PartOf<'classes'> {
  const row = (name: string, { precision, recall, f1, support }: ClassScores) => ({
    name,
    precision: finiteOrNull(precision),
    recall: finiteOrNull(recall),
    f1: finiteOrNull(f1),
    support,
  });
  const { micro, macro, weighted } = averages;
  return {
    kind: 'classes',
    title,
    classes: classes.map(({ name, scores, predicted }) => ({
      ...row(name, scores),
      ...(predicted !== undefined && { predicted }),
    })),
    averages: Object.entries({ micro, macro, weighted }).map(([name, scores]) => row(name, scores)),
  };
}

/** How well probabilities agree with being right. */
export const calibrationPart = ({ ece, mce, bins }: Calibration): PartOf<'calibration'> => ({
  kind: 'calibration',
  title: 'Calibration',
  ece,
  mce,
  bins: bins.map(({ count, confidence, accuracy }: CalibrationBin, i) => ({
    from: i / bins.length,
    to: (i + 1) / bins.length,
    count,
    confidence,
    accuracy,
  })),
});

const errorsOf = ({ names, labels, predictions, probabilities, textsOf }: ClassAnswers): PartOf<'examples'> =>
  examplesPart(
    'Most confident errors',
    labels.flatMap((label, i) => {
      const predicted = predictions[i];
      if (predicted === label) return [];
      return [
        { texts: textsOf(i), expected: names[label], predicted: names[predicted], value: probabilities[i][predicted] },
      ];
    }),
    { measure: 'probability' },
  );

const MOST_NAMES = 5;

/**
 * A line for the classes that have examples, none of which the model finds since it never gives these classes.
 *
 * @param remedy what may help beside more examples
 */
export function neverPredicted(
  names: readonly string[],
  predicted: readonly number[],
  { perClass }: Pick<ClassificationReport, 'perClass'>,
  remedy: string,
): string[] {
  const missed = names.flatMap((name, i) =>
    predicted[i] === 0 && perClass[i].support > 0 ? [{ name, support: perClass[i].support }] : [],
  );
  if (missed.length === 0) return [];
  const shown = missed
    .toSorted((a, b) => b.support - a.support)
    .slice(0, MOST_NAMES)
    .map(({ name, support }) => `"${name}" (0 of ${support} found)`);
  const more = missed.length > MOST_NAMES ? ` and ${missed.length - MOST_NAMES} more` : '';
  return [
    `${missed.length === 1 ? 'One class is' : `${missed.length} of ${names.length} classes are`} never predicted: ${shown.join(', ')}${more}. More examples, or ${remedy}, may help.`,
  ];
}
