import * as v from 'valibot';
import { boolean, nonEmptyText, openFields } from '../../settings/index.ts';

/** A token that is found in a text before the model sees it, as `added_tokens` of a tokenizer.json has it, without its id. */
export interface AddedToken {
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** What can be told of a token beside its content. */
export type TokenFlags = Readonly<Partial<Omit<AddedToken, 'content'>>>;

const flag = v.optional(boolean);

/** A token in a tokenizer_config.json or special_tokens_map.json. */
export const tokenObject = openFields({
  content: nonEmptyText,
  single_word: flag,
  lstrip: flag,
  rstrip: flag,
  normalized: flag,
  special: flag,
});

/** A token with what is not told filled in: special tokens are not normalized. */
export function addedToken(content: string, flags: TokenFlags): AddedToken {
  const { special = false, single_word = false, lstrip = false, rstrip = false } = flags;
  return { content, single_word, lstrip, rstrip, normalized: flags.normalized ?? !special, special };
}

/** Returns whether two tokens are found in a text in the same way. */
export const isSameToken = (a: AddedToken, b: AddedToken): boolean =>
  (Object.keys(a) as (keyof AddedToken)[]).every((name) => a[name] === b[name]);
