import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Example } from './examples.ts';

/** The token ids of an example. */
export interface EncodedExample {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  readonly label?: number;
  /** Class indices, rising, where any number of classes can hold. */
  readonly labels?: readonly number[];
  /** The number of its texts; left out where that is not known. */
  readonly texts?: 1 | 2;
}

/**
 * Turns examples into token ids.
 *
 * @param maxLength the largest number of ids of an example, special tokens included
 * @throws InputError naming the example and the field: a text that is no string, a label that is no number, pairs among single texts
 */
export function encodeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  maxLength: number,
): EncodedExample[] {
  checkList('examples', examples);
  const [first] = examples;
  return examples.map((example, i) => {
    const { text, textPair, label, labels } = checkExample(`examples[${i}]`, example);
    const texts = textPair === undefined ? 1 : 2;
    if (i > 0 && texts !== (first.textPair === undefined || first.textPair === null ? 1 : 2)) {
      throw new InputError(
        `examples[${i}] has ${texts === 1 ? 'one text' : 'two texts'}, and examples[0] has ${texts === 1 ? 'two' : 'one'}; give "textPair" to all of them or to none.`,
      );
    }
    const { ids, typeIds } = tokenizer.encode(text, textPair, { maxLength });
    return { ids, typeIds: shared(typeIds), label, ...(labels && { labels }), texts };
  });
}

/** @throws InputError if it is no example */
function checkExample(name: string, example: unknown): Example {
  if (typeof example !== 'object' || example === null || Array.isArray(example)) {
    throw new InputError(`${name} is ${shown(example)}; it must be an object with a "text".`);
  }
  const { text, textPair, label, labels } = example as Readonly<Record<keyof Example, unknown>>;
  checkText(`${name}.text`, text);
  if (textPair !== undefined && textPair !== null) checkText(`${name}.textPair`, textPair);
  if (label !== undefined && label !== null && !Number.isFinite(label)) {
    throw new InputError(`${name}.label is ${shown(label)}; it must be the number of a class or a number to predict.`);
  }
  const own = { text, textPair: textPair ?? undefined, label: (label as number | null) ?? undefined };
  if (labels === undefined || labels === null) return own;
  checkList(`${name}.labels`, labels);
  if (labels.every(Number.isInteger)) return { ...own, labels: labels as readonly number[] };
  throw new InputError(`${name}.labels is ${shown(labels)}; it must be a list of the numbers of classes.`);
}

/** @throws InputError if a value of a program is no list */
export function checkList(name: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw new InputError(`${name} must be an array, not ${shown(value)}.`);
}

/** @throws InputError if a value of a program is no text */
export function checkText(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new InputError(`${name} is ${shown(value)}; it must be a string.`);
}

/** Token types of single texts are all 0, and one list for each length is enough. */
const zeros: (readonly number[])[] = [];

function shared(typeIds: readonly number[]): readonly number[] {
  if (typeIds.some((type) => type !== 0)) return typeIds;
  zeros[typeIds.length] ??= Object.freeze(typeIds.map(() => 0));
  return zeros[typeIds.length];
}

/** The number of tokens of an example. */
export const tokenCount = ({ ids }: EncodedExample): number => ids.length;
