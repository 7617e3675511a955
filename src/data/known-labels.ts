import type { KnownExamples } from './datasets.ts';
import type { LabelColumn, ReadLabels } from './labels.ts';
import { quoted } from './quoted.ts';

/** Reads the values of a label column where classes or numbers are known: a class stands by its name or its number. */
export function knownTargets(column: LabelColumn, { title, classes, range, metrics }: KnownExamples): ReadLabels {
  const targets = column.values.map((value) => {
    const target = classes ? classOf(value, classes) : numberIn(value, range);
    return target ?? { problem: `${quoted(value)} is no label of ${title}` };
  });
  return { targets, labels: classes && [...classes], metrics: [...metrics], warnings: [] };
}

function classOf(value: string, classes: readonly string[]): number | null {
  const index = classes.findIndex((name, i) => name === value || String(i) === value);
  return index < 0 ? null : index;
}

function numberIn(value: string, [least, most]: readonly [number, number] = [-Infinity, Infinity]): number | null {
  const number = value === '' ? Number.NaN : Number(value);
  return number >= least && number <= most ? number : null;
}
