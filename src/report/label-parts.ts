import { labelCalibration } from '../metrics/calibration.ts';
import { multilabelReport } from '../metrics/multilabel.ts';
import { calibrationPart, classesPart, neverPredicted, type ReportParts } from './class-parts.ts';
import { examplesPart, type JudgedExample } from './examples-part.ts';

/** Answers of a model where any number of labels is right. */
export interface LabelAnswers {
  /** Of the labels, in their order. */
  readonly names: readonly string[];
  /** [examples][labels], 1 for each label that holds. */
  readonly labels: readonly (readonly number[])[];
  /** The same for those that the model gives. */
  readonly predictions: readonly (readonly number[])[];
  /** [examples][labels] */
  readonly probabilities: readonly (readonly number[])[];
  /** The texts of an example, to show errors. */
  readonly textsOf: (example: number) => readonly string[];
}

/**
 * The report of a classifier of any number of labels: a summary, the scores of each label, how often it is given and not, rightly and
 * wrongly, calibration, and the errors that the model is the surest of. All numbers are those of scikit-learn; see {@link multilabelReport}
 * and {@link labelCalibration}.
 */
export function labelParts(answers: LabelAnswers): ReportParts {
  const { names, labels, predictions, probabilities } = answers;
  const calibrated = labelCalibration(probabilities, labels);
  const report = multilabelReport(predictions, labels);
  const predicted = names.map((_, j) => predictions.reduce((sum, row) => sum + row[j], 0));
  const withoutAny = (rows: LabelAnswers['labels']) => rows.filter((row) => !row.includes(1)).length / rows.length;
  return {
    warnings: neverPredicted(names, predicted, { perClass: report.perLabel }, 'a lower --threshold (threshold)'),
    parts: [
      {
        kind: 'numbers',
        title: 'Summary',
        values: {
          'all labels right': report.subsetAccuracy,
          'Hamming loss': report.hammingLoss,
          'Jaccard similarity': report.jaccard,
          'F1 of examples': report.samples.f1,
          'without any label': withoutAny(labels),
          'predicted without any label': withoutAny(predictions),
          'calibration error (ECE)': calibrated.ece,
        },
      },
      classesPart(
        'Labels',
        names.map((name, i) => ({ name, scores: report.perLabel[i], predicted: predicted[i] })),
        report,
      ),
      {
        kind: 'table',
        title: 'Confusion by label',
        head: ['label', 'true positives', 'false positives', 'false negatives', 'true negatives'],
        rows: report.confusion.map((counts, i) => [
          names[i],
          ...[counts.truePositives, counts.falsePositives, counts.falseNegatives, counts.trueNegatives],
        ]),
      },
      calibrationPart(calibrated),
      examplesPart('Most confident errors', errorsOf(answers), { measure: 'probability' }),
    ],
  };
}

/** One for each text with a wrong label, with the probability of the wrong answer that the model is the surest of. */
function errorsOf({ names, labels, predictions, probabilities, textsOf }: LabelAnswers): JudgedExample[] {
  const listed = (row: readonly number[]) => names.filter((_, i) => row[i] === 1).join(', ') || 'none';
  return labels.flatMap((truth, i): JudgedExample[] => {
    const wrong = truth.flatMap((value, j) => {
      if (value === predictions[i][j]) return [];
      return [value === 1 ? 1 - probabilities[i][j] : probabilities[i][j]];
    });
    if (wrong.length === 0) return [];
    return [
      { texts: textsOf(i), expected: listed(truth), predicted: listed(predictions[i]), value: Math.max(...wrong) },
    ];
  });
}
