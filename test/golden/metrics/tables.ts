import type { PrecisionRecallF1 } from '../../../src/metrics/index.ts';
import type { Compare } from '../framework.ts';

/** A number as the golden files write it. */
export type GoldenNumber = number | 'NaN' | 'Infinity';

export type GoldenScores = Readonly<Record<'precision' | 'recall' | 'f1', GoldenNumber>> & {
  readonly support?: GoldenNumber;
};

const names = ['precision', 'recall', 'f1'] as const;

export const goldenNumbers = (values: readonly GoldenNumber[]): number[] => values.map(Number);

/** Compares the scores of a class or an average. */
export function compareScores(
  compare: Compare,
  name: string,
  got: PrecisionRecallF1 & { readonly support?: number },
  expected: GoldenScores,
  tolerance: number,
): void {
  compare(
    name,
    names.map((score) => got[score]),
    goldenNumbers(names.map((score) => expected[score])),
    tolerance,
  );
  if (expected.support !== undefined)
    compare(`${name} support`, [got.support ?? Number.NaN], [Number(expected.support)], 0);
}

/** Compares the scores of all classes, which the golden files have in columns. */
export function compareColumns(
  compare: Compare,
  got: readonly (PrecisionRecallF1 & { readonly support: number })[],
  expected: Readonly<Record<keyof (typeof got)[number], readonly number[]>>,
  tolerance: number,
): void {
  for (const name of [...names, 'support'] as const) {
    compare(
      name,
      got.map((scores) => scores[name]),
      expected[name],
      tolerance,
    );
  }
}

/** Compares two tables of numbers, row by row. */
export function compareRows(
  compare: Compare,
  name: string,
  got: readonly (readonly number[])[],
  expected: readonly (readonly number[])[],
  tolerance: number,
): void {
  compare(`${name}, rows`, [got.length], [expected.length], 0);
  expected.forEach((row, i) => {
    compare(`${name}[${i}]`, got[i], row, tolerance);
  });
}

/** 1 where two texts are equal. */
export const same = (got: string, expected: string): number[] => [got === expected ? 1 : 0];

/** @throws Error naming a key that nothing compares */
export function refuseOthers(golden: object, known: readonly string[]): void {
  const other = Object.keys(golden).find((key) => !known.includes(key));
  if (other !== undefined) throw new Error(`nothing compares ${other}`);
}
