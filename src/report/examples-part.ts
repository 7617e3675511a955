import { finiteOrNull } from './finite.ts';
import type { PartOf } from './schema.ts';

/** A longer text is cut. In UTF-16 code units. */
const LONGEST_TEXT = 400;
const MOST_EXAMPLES = 20;

/** An example as somebody judges it. */
export interface JudgedExample {
  /** What the model reads: a text, a pair, a question with its context. */
  readonly texts: readonly string[];
  /** The truth, in words. */
  readonly expected: string;
  /** What the model gives, in words. */
  readonly predicted: string;
  /** What examples are ordered by. */
  readonly value: number;
}

export interface ExamplesOptions {
  /** The name of the value. */
  readonly measure: string;
  /** Whether the highest values come first. Default true */
  readonly highestFirst?: boolean;
  /** How many are shown. Default 20 */
  readonly most?: number;
}

/** Single examples to look at, such as the most confident errors; their order does not depend on the order that they are given in. */
export function examplesPart(
  title: string,
  examples: readonly JudgedExample[],
  { measure, highestFirst = true, most = MOST_EXAMPLES }: ExamplesOptions,
): PartOf<'examples'> {
  const sign = highestFirst ? -1 : 1;
  const key = ({ texts, expected, predicted }: JudgedExample) => JSON.stringify([texts, expected, predicted]);
  const sorted = examples
    .map((example) => ({ example, key: key(example) }))
    .sort((a, b) => sign * (a.example.value - b.example.value) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return {
    kind: 'examples',
    title,
    measure,
    examples: sorted.slice(0, most).map(({ example: { texts, expected, predicted, value } }) => ({
      texts: texts.map(cut),
      expected: cut(expected),
      predicted: cut(predicted),
      value: finiteOrNull(value),
    })),
  };
}

/** The beginning of a text, no character of which is cut in two. */
function cut(text: string): string {
  const whole = text.toWellFormed();
  if (whole.length <= LONGEST_TEXT) return whole;
  const end = /[\ud800-\udbff]/.test(whole[LONGEST_TEXT - 1]) ? LONGEST_TEXT - 1 : LONGEST_TEXT;
  return `${whole.slice(0, end)} …`;
}
