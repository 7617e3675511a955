/** What tokenizer_config.json, special_tokens_map.json and added_tokens.json say, put together as transformers does. */
import * as v from 'valibot';
import { InputError } from '../../errors.ts';
import {
  boolean,
  listOf,
  namedValues,
  nonEmptyText,
  oneOf,
  openFields,
  parseWith,
  positiveNumber,
  shown,
  text,
  wholeNumber,
  wholeNumberIn,
} from '../../settings/index.ts';
import type { TokenizerConfig } from '../definitions.ts';
import { type AddedToken, addedToken, type TokenFlags, tokenObject } from './added-token.ts';
import { type Role, roles } from './roles.ts';

const flag = v.nullish(boolean);
const token = v.nullish(v.union([text, tokenObject], 'a text, a token with its content, or null'));
const someTokens = v.nullish(listOf(v.union([nonEmptyText, tokenObject], 'a text or a token with its content')));
const tokensOfRoles = {
  bos_token: token,
  eos_token: token,
  unk_token: token,
  sep_token: token,
  pad_token: token,
  cls_token: token,
  mask_token: token,
  additional_special_tokens: someTokens,
  extra_special_tokens: v.nullish(
    v.union(
      [listOf(v.union([nonEmptyText, tokenObject])), namedValues(v.union([nonEmptyText, tokenObject]))],
      'a list of tokens, or tokens by their names',
    ),
  ),
};

const configSchema = openFields({
  ...tokensOfRoles,
  tokenizer_class: v.nullish(text),
  added_tokens_decoder: v.optional(namedValues(tokenObject)),
  model_max_length: v.nullish(positiveNumber),
  max_len: v.nullish(positiveNumber),
  truncation_side: v.nullish(oneOf(['left', 'right'])),
  clean_up_tokenization_spaces: flag,
  split_special_tokens: v.nullish(v.literal(false, 'false: special tokens in a text are always read as such')),
  model_input_names: v.nullish(listOf(text)),
  do_lower_case: flag,
  strip_accents: flag,
  tokenize_chinese_chars: flag,
  keep_accents: flag,
  split_by_punct: flag,
  add_prefix_space: flag,
  trim_offsets: flag,
  legacy: flag,
  add_bos_token: flag,
  add_eos_token: flag,
  extra_ids: v.nullish(wholeNumberIn(0, 10_000)),
  offset: v.nullish(wholeNumberIn(0, 10_000)),
  mask_token_sent: v.nullish(text),
  src_lang: v.nullish(text),
  tgt_lang: v.nullish(text),
  separate_vocabs: flag,
  language_codes: v.nullish(text),
  legacy_behaviour: flag,
});

const specialTokensMap = openFields(tokensOfRoles);
const addedTokensSchema = namedValues(wholeNumber);

type Fields = v.InferOutput<typeof configSchema>;
type Named = string | { readonly content: string } | null | undefined;

/** A special token that a folder names; what is not told of it follows from the class of the tokenizer. */
export interface NamedToken {
  readonly content: string;
  /** Null for a token that is named by its content alone. */
  readonly flags: TokenFlags | null;
}

/** What the files beside a vocabulary say of a tokenizer. */
export interface FolderConfig {
  readonly fields: Fields;
  /** Null for a role that is stated to have no token; undefined for one that nothing is said of. */
  readonly roles: Readonly<Partial<Record<Role, NamedToken | null>>>;
  /** Further special tokens; null if nothing is said of them. */
  readonly further: readonly NamedToken[] | null;
  /** Tokens to add to the vocabulary, in their order. */
  readonly added: readonly AddedToken[];
}

export interface ConfigFiles {
  readonly config: TokenizerConfig;
  readonly specialTokensMap?: unknown;
  readonly addedTokens?: unknown;
  /** The folder or the file, for messages about several files. */
  readonly label: string;
}

/**
 * Reads what the files beside a vocabulary say. special_tokens_map.json, which goes before tokenizer_config.json, and
 * added_tokens.json count only as long as tokenizer_config.json has no `added_tokens_decoder`.
 *
 * Source: `PreTrainedTokenizerBase._from_pretrained` of Hugging Face transformers 4.57 and 5.24.
 *
 * @throws InputError naming the field that is not as it must be
 */
export function readConfig(files: ConfigFiles): FolderConfig {
  const own = parseWith(configSchema, files.config, 'tokenizer_config.json');
  const isOld = own.added_tokens_decoder === undefined;
  const map =
    isOld && files.specialTokensMap !== undefined
      ? parseWith(specialTokensMap, files.specialTokensMap, 'special_tokens_map.json')
      : {};
  const fields = { ...own, ...map } as Fields;
  const further = furtherTokens(own, map);
  const added = isOld
    ? addedOf(files.addedTokens, namesOf(fields, further))
    : decoderTokens(own.added_tokens_decoder ?? {}, files.label);
  const known = new Map(added.map((one) => [one.content, one]));
  const named = (value: Named): NamedToken | null | undefined => {
    if (value === null || value === undefined || value === '') return value === undefined ? undefined : null;
    const content = typeof value === 'string' ? value : value.content;
    const flags =
      known.get(content) ?? (typeof value === 'string' ? null : { ...(value as TokenFlags), special: true });
    return { content, flags };
  };
  const byRole = Object.fromEntries(roles.map((role) => [role, named(fields[`${role}_token`])]));
  return {
    fields,
    roles: byRole as FolderConfig['roles'],
    further: further?.flatMap((one) => named(one) ?? []) ?? null,
    added,
  };
}

/** Both names of the list of further special tokens: that of transformers 4, and that of transformers 5. */
function furtherTokens(
  config: Partial<Fields>,
  map: Partial<Fields>,
): readonly Exclude<Named, null | undefined>[] | null {
  const lists = [config, map].flatMap(({ additional_special_tokens: old, extra_special_tokens: extra }) => {
    const newer = extra ? (Array.isArray(extra) ? extra : Object.values(extra)) : [];
    return old || newer.length > 0 ? [[...(old ?? []), ...newer]] : [];
  });
  if (lists.length === 0) return null;
  const contents = new Map(lists.flat().map((one) => [typeof one === 'string' ? one : one.content, one] as const));
  return [...contents.values()];
}

const contentOf = (value: Exclude<Named, null | undefined>) => (typeof value === 'string' ? value : value.content);

function namesOf(fields: Fields, further: readonly Exclude<Named, null | undefined>[] | null): ReadonlySet<string> {
  const ofRoles = roles.flatMap((role) => fields[`${role}_token`] ?? []);
  return new Set([...ofRoles, ...(further ?? [])].map(contentOf));
}

/**
 * The tokens of an added_tokens.json: special are those that another file names so.
 *
 * @throws InputError for an id that two of them have
 */
function addedOf(file: unknown, special: ReadonlySet<string>): AddedToken[] {
  if (file === undefined) return [];
  const ids = Object.entries(parseWith(addedTokensSchema, file, 'added_tokens.json') as Record<string, number>);
  const owners = new Map<number, string>();
  for (const [content, id] of ids) {
    const other = owners.get(id);
    if (other !== undefined) {
      throw new InputError(`added_tokens.json gives the id ${id} to ${shown(other)} and to ${shown(content)}.`);
    }
    owners.set(id, content);
  }
  return ids.sort(([, a], [, b]) => a - b).map(([content]) => addedToken(content, { special: special.has(content) }));
}

/** @throws InputError for an id that is none */
function decoderTokens(decoder: Readonly<Record<string, unknown>>, label: string): AddedToken[] {
  const tokens = Object.entries(decoder) as [string, { content: string } & TokenFlags][];
  const wrong = tokens.find(([id]) => !/^\d{1,8}$/.test(id));
  if (wrong) {
    throw new InputError(
      `${label}: added_tokens_decoder of tokenizer_config.json has the id ${wrong[0]}, which is no whole number.`,
    );
  }
  return tokens
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, { content, ...flags }]) => addedToken(content, flags));
}
