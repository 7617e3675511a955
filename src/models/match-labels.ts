import { areDefaultLabels } from './labels.ts';

/** Classes of data in the order of a head's outputs, and what was assumed to find it. */
export interface MatchedLabels {
  readonly labels: readonly string[];
  /** Null where the names say it. */
  readonly assumed: string | null;
}

/** Numbers from 0 on, in any order. */
const areNumbers = (labels: readonly string[]): boolean =>
  labels.every((label) => /^\d+$/.test(label) && Number(label) < labels.length && String(Number(label)) === label);

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/**
 * Finds the output of a head for each class: by name, else by name without regard to case, else by number where one side
 * has no names.
 *
 * @param own the names of the head's outputs
 * @param wanted the classes of the data, in any order
 * @returns null if they are other classes
 */
export function matchLabels(own: readonly string[], wanted: readonly string[]): MatchedLabels | null {
  if (own.length !== wanted.length) return null;
  if (own.every((name) => wanted.includes(name))) return { labels: own, assumed: null };
  const folded = wanted.map((name) => name.toLowerCase());
  const spelled = own.map((name) => wanted[folded.indexOf(name.toLowerCase())]);
  if (new Set(folded).size === wanted.length && spelled.every((name) => name !== undefined)) {
    return { labels: spelled, assumed: 'the names are the same but for their case' };
  }
  const byNumber = wanted.map((_, i) => String(i));
  if (areDefaultLabels(own) || areNumbers(own)) {
    const labels = areNumbers(wanted) ? byNumber : wanted;
    return { labels, assumed: `it names no classes, so its outputs are taken for ${quoted(labels)} in this order` };
  }
  if (areNumbers(wanted) || areDefaultLabels(wanted)) {
    const labels = areNumbers(wanted) ? byNumber : wanted;
    return { labels, assumed: `the data have numbers, taken for ${quoted(own)} in this order` };
  }
  return null;
}
