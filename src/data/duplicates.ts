import { createHash } from 'node:crypto';

/** The fields of an example that are to be predicted, name it or say which part it is of; all others are what a model reads. */
const ANSWERS: ReadonlySet<string> = new Set(['label', 'labels', 'tags', 'target', 'answers', 'score', 'id', 'group']);

/** A longer text is held as its digest, which takes no more than this. */
const LONGEST = 64;

/** What a model reads of an example, as a short text by which equal ones are found. */
export function inputOf(example: unknown): string {
  const text = JSON.stringify(example, (key, value: unknown) => (ANSWERS.has(key) ? undefined : value));
  return text.length <= LONGEST ? text : createHash('sha256').update(text).digest('base64');
}

/** Numbers examples so that those with the same texts have the same number, from 0 in the order of the first of each. */
export function sameInputs(examples: readonly unknown[]): number[] {
  const numbers = new Map<string, number>();
  return examples.map((example) => {
    const input = inputOf(example);
    const number = numbers.get(input) ?? numbers.size;
    numbers.set(input, number);
    return number;
  });
}

/** How many examples have texts that another one before them has. */
export const repeatedIn = (examples: readonly unknown[]): number =>
  examples.length - new Set(examples.map(inputOf)).size;

/** How many examples have texts that one of others has. */
export function sharedWith(examples: readonly unknown[], others: readonly unknown[]): number {
  const known = new Set(others.map(inputOf));
  return examples.filter((example) => known.has(inputOf(example))).length;
}

/** How many examples have texts that another one has with another answer. */
export function contradictingIn(examples: readonly unknown[]): number {
  const answers = new Map<string, Set<string>>();
  const inputs = examples.map((example) => {
    const input = inputOf(example);
    answers.set(input, (answers.get(input) ?? new Set()).add(answerOf(example)));
    return input;
  });
  return inputs.filter((input) => (answers.get(input)?.size ?? 0) > 1).length;
}

/** What is to be predicted of an example: its class or number, its labels or its tags. */
function answerOf(example: unknown): string {
  const { label, labels, tags } = (example ?? {}) as Readonly<Record<'label' | 'labels' | 'tags', unknown>>;
  return JSON.stringify([label, labels, tags]);
}
