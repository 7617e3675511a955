/** Schemas of `report.json`, from which the types of reports are derived. All of it is plain JSON. */
import * as v from 'valibot';
import {
  byName,
  finiteNumber,
  listOf,
  namedValues,
  nonEmptyText,
  orNone,
  strictFields,
  text,
  type ValueOf,
  wholeNumber,
} from '../settings/index.ts';

/** A number, or null where it is undefined, as the correlation with a constant is. */
const number = orNone(finiteNumber);

const part = <const Kind extends string, const Fields extends v.ObjectEntries>(kind: Kind, fields: Fields) =>
  strictFields({ kind: v.literal(kind, kind), title: nonEmptyText, ...fields });

/** Precision, recall and F1 as fractions, and the examples that the truth has. */
const scoresOfClass = { name: text, precision: number, recall: number, f1: number, support: wholeNumber };

const parts = {
  /** The scores of each class, label or type of entity, and averages over them. */
  classes: part('classes', {
    /** `predicted`: how often the model gives the class, where that is known. */
    classes: listOf(strictFields({ ...scoresOfClass, predicted: v.optional(wholeNumber) })),
    averages: listOf(strictFields(scoresOfClass)),
  }),
  /** Entry [i][j] of `matrix` counts the examples of class i that were predicted as class j. */
  confusion: v.pipe(
    part('confusion', { names: listOf(text), matrix: listOf(listOf(wholeNumber)) }),
    v.check(
      ({ names, matrix }) => [matrix, ...matrix].every(({ length }) => length === names.length),
      'a matrix with a row and a column for each name',
    ),
  ),
  /** How well probabilities agree with being right: by bins of the confidence, from the least confident. */
  calibration: part('calibration', {
    ece: finiteNumber,
    mce: finiteNumber,
    bins: listOf(
      strictFields({
        from: finiteNumber,
        to: finiteNumber,
        count: wholeNumber,
        confidence: finiteNumber,
        accuracy: finiteNumber,
      }),
    ),
  }),
  /** True and predicted numbers: some of the pairs, and what holds of all of them by bins of the true number. */
  scatter: part('scatter', {
    points: listOf(strictFields({ actual: finiteNumber, predicted: finiteNumber })),
    /** Of how many the points are some. */
    total: wholeNumber,
    bins: listOf(
      strictFields({
        from: finiteNumber,
        to: finiteNumber,
        count: wholeNumber,
        predicted: number,
        error: number,
      }),
    ),
  }),
  /** How many values lie in each of some intervals that follow each other. `axis` names the values. */
  histogram: part('histogram', {
    axis: text,
    bins: listOf(strictFields({ from: finiteNumber, to: finiteNumber, count: wholeNumber })),
  }),
  /** Single examples with their texts: the truth, what the model gives, and a number that they are ordered by, named by `measure`. */
  examples: part('examples', {
    measure: text,
    examples: listOf(strictFields({ texts: listOf(text), expected: text, predicted: text, value: number })),
  }),
  /** Numbers by name. */
  numbers: part('numbers', { values: namedValues(number) }),
  /** Any other table; numbers stand on the right. */
  table: v.pipe(
    part('table', {
      head: listOf(text),
      rows: listOf(listOf(v.union([text, number], 'a text, a number or null'))),
    }),
    v.check(({ head, rows }) => rows.every(({ length }) => length === head.length), 'rows as long as the head'),
  ),
} as const;

/** One part of a report, told apart by its `kind`. */
export type ReportPart = ValueOf<typeof reportPart>;
export const reportPart = byName('kind', parts);

/** One part of a certain kind. */
export type PartOf<Kind extends ReportPart['kind']> = Extract<ReportPart, { readonly kind: Kind }>;

/** `report.json`: what a model does on some data. */
export type EvaluationReport = ValueOf<typeof evaluationReport>;
export const evaluationReport = strictFields({
  /** The name of the data. */
  data: text,
  examples: wholeNumber,
  scores: namedValues(number),
  /** What else is to be known of the scores, such as which rows chose the weights; one line each. */
  notes: listOf(text),
  /** What is amiss, such as a class that is never predicted; one line each. */
  warnings: listOf(text),
  parts: listOf(reportPart),
  /** Of the tensors that were judged. */
  fingerprint: v.optional(nonEmptyText),
});
