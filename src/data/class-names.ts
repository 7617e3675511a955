import { InputError } from '../errors.ts';
import { quoted } from './quoted.ts';

/** Why a value is no label. */
export interface Unusable {
  readonly problem: string;
  /** Said once for all rows. */
  readonly hint?: string;
}

export const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
export const WHOLE_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.0+)?$/;

/** Names of classes, and the number of the class that a value of a table stands for. */
export interface ClassNames {
  readonly labels: readonly string[];
  numberOf(value: string): number | undefined;
}

/** Names that are the values themselves; numbers in one spelling each, so that `1.0` is `1`. */
export function newNames(values: readonly string[]): ClassNames {
  const areNumbers = values.every(isNumber);
  const spelling = (value: string) => (areNumbers ? wholeNumber(value) : value);
  const usable = values.map(spelling);
  const labels = [...new Set(usable)].sort(byValue(usable));
  const numbers = new Map(labels.map((label, i) => [label, i]));
  return { labels, numberOf: (value) => numbers.get(spelling(value)) };
}

/** The names of a trained model; with what is wrong with a value that is none of them. */
export interface TrainedNames extends ClassNames {
  unknown(value: string, column: string): Unusable;
}

/** @throws InputError for a name that is there twice */
export function trainedNames(labels: readonly string[]): TrainedNames {
  const twice = labels.find((label, i) => labels.indexOf(label) < i);
  if (twice !== undefined)
    throw new InputError(`two of the model's classes are called ${quoted(twice)}; rename one of them`);
  const numbers = new Map(labels.map((label, i) => [label, i]));
  const list = labels.slice(0, 20).map(quoted);
  const more = labels.length > 20 ? ` and ${labels.length - 20} more` : '';
  const hint = `known are ${list.join(', ')}${more}`;
  return {
    labels,
    numberOf: (value) => numbers.get(value) ?? numbers.get(wholeNumber(value)) ?? numbers.get(asBoolean(value)),
    unknown: (value, column) => ({ problem: `unknown label ${quoted(value)} in column '${column}'`, hint }),
  };
}

/** Returns warnings about names of classes that may be mistakes. */
export function doubts(labels: readonly string[], column: string): string[] {
  const warnings: string[] = [];
  const seen = new Map<string, string>();
  for (const label of labels) {
    const plain = label.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ');
    const other = seen.get(plain);
    if (other === undefined) seen.set(plain, label);
    else
      warnings.push(
        `column '${column}' has classes that differ in case or white space only: ${quoted(other)} and ${quoted(label)}`,
      );
  }
  const none = labels.find((label) => label === 'None' || label === '?');
  if (none !== undefined) warnings.push(`${quoted(none)} in column '${column}' is read as the name of a class`);
  return warnings;
}

export function isNumber(value: string): boolean {
  return NUMBER.test(value) && Number.isFinite(Number(value));
}

/** `1` for `1.0`, as pandas writes whole numbers of a column with gaps. */
const wholeNumber = (value: string): string =>
  WHOLE_NUMBER.test(value) ? String(BigInt(value.replace(/\.0+$/, ''))) : value;

/** As JSON and Parquet have it; Python writes a capital. */
const asBoolean = (value: string): string => (/^(?:true|false)$/i.test(value) ? value.toLowerCase() : value);

/** Numbers by their value, texts by their code units: the order does not depend on the rows. */
function byValue(labels: readonly string[]): (a: string, b: string) => number {
  const byCodeUnit = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  if (labels.every((label) => WHOLE_NUMBER.test(label)))
    return (a, b) => Number(BigInt(a) - BigInt(b)) || byCodeUnit(a, b);
  if (labels.every(isNumber)) return (a, b) => Number(a) - Number(b) || byCodeUnit(a, b);
  return byCodeUnit;
}
