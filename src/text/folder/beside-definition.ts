import * as v from 'valibot';
import { boolean, listOf, nonEmptyText, openFields, parseWith, wholeNumber } from '../../settings/index.ts';
import type { TokenizerDefinition } from '../definitions.ts';
import { checkStages } from '../tokenizer-json.ts';
import { addedToken } from './added-token.ts';
import type { FolderConfig } from './config.ts';
import type { SpecialTokens } from './roles.ts';
import { addSpecialTokens, specialIds } from './special-tokens.ts';
import { TokenAdditions } from './token-additions.ts';
import type { Fields, SpecialIds } from './tokenizer-class.ts';
import type { StatedClass } from './tokenizer-classes.ts';

type Component = Readonly<Record<string, unknown>>;

const flag = v.nullish(boolean, false);
const tokensSchema = openFields({
  added_tokens: v.nullish(
    listOf(
      openFields({
        id: wholeNumber,
        content: nonEmptyText,
        single_word: flag,
        lstrip: flag,
        rstrip: flag,
        normalized: v.nullish(boolean),
        special: flag,
      }),
    ),
  ),
});

/** Whether something is a component of a type. */
const isOfType = (value: unknown, type: string): value is Component =>
  typeof value === 'object' && value !== null && (value as Component).type === type;

/**
 * A tokenizer.json with what the other files of its folder and the class of the tokenizer change in it. The stages stay
 * those of tokenizer.json, but for the settings that transformers takes from tokenizer_config.json: those of the
 * BertNormalizer and `add_prefix_space` of ByteLevel.
 *
 * @param label names the tokenizer.json in messages
 * @throws InputError when its added tokens or its stages are not as they must be
 */
export function besideDefinition(
  definition: TokenizerDefinition,
  config: FolderConfig,
  stated: StatedClass,
  label: string,
): { readonly definition: TokenizerDefinition; readonly specialTokens: SpecialTokens } {
  const { added_tokens: tokens } = parseWith(tokensSchema, definition, label);
  // Before some of their settings are replaced.
  checkStages(definition, label);
  const added = new TokenAdditions(vocabularyOf(definition.model));
  for (const { id, content, normalized, ...flags } of tokens ?? []) {
    added.set(id, addedToken(content, { ...flags, normalized: normalized ?? undefined }));
  }
  for (const token of config.added) added.add(token);
  const specialTokens = addSpecialTokens(added, config, stated.facts, true);
  return {
    definition: {
      ...definition,
      added_tokens: added.list(),
      normalizer: normalizerOf(definition.normalizer, config, stated),
      pre_tokenizer: preTokenizerOf(definition.pre_tokenizer, config, stated),
      post_processor: postProcessorOf(definition, config, stated, specialIds(added, specialTokens, label)),
    },
    specialTokens: withPadding(specialTokens, definition.padding),
  };
}

/** The tokens of a model; none where it is not as it must be, which its own schema tells. */
function vocabularyOf(model: unknown): ReadonlyMap<string, number> {
  const vocab = (model as { readonly vocab?: unknown } | null | undefined)?.vocab;
  if (typeof vocab !== 'object' || vocab === null) return new Map();
  if (Array.isArray(vocab)) return new Map(vocab.map((one, id) => [String(Array.isArray(one) ? one[0] : one), id]));
  return new Map(Object.entries(vocab as Readonly<Record<string, number>>));
}

/** Settings of BERT's tokenizer: the class has defaults for them; of a tokenizer without a class, those that are stated count. */
function normalizerOf(normalizer: unknown, { fields }: FolderConfig, { name, known }: StatedClass): unknown {
  const isBert = known?.kind === 'wordPiece';
  if (!isOfType(normalizer, 'BertNormalizer') || (!isBert && name !== null)) return normalizer ?? null;
  const given = {
    handle_chinese_chars: fields.tokenize_chinese_chars ?? undefined,
    strip_accents: fields.strip_accents,
    lowercase: fields.do_lower_case ?? undefined,
  };
  const defaults = { handle_chinese_chars: true, strip_accents: null, lowercase: true };
  const stated = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...normalizer, ...(isBert ? defaults : {}), ...Object.fromEntries(stated) };
}

/** Returns null if nothing is said about a space before a text. */
const prefixSpaceOf = (fields: Fields, { known }: StatedClass): boolean | null =>
  fields.add_prefix_space ?? (known?.kind === 'byteLevel' ? false : null);

function preTokenizerOf(preTokenizer: unknown, { fields }: FolderConfig, stated: StatedClass): unknown {
  const adds = prefixSpaceOf(fields, stated);
  if (!isOfType(preTokenizer, 'ByteLevel') || adds === null) return preTokenizer ?? null;
  return { ...preTokenizer, add_prefix_space: adds };
}

/**
 * The templates of mBART and NLLB follow the language of the source, which NLLB has where none is named too, as its first
 * files put it elsewhere; RobertaProcessing follows ByteLevel, for the places of tokens.
 */
function postProcessorOf(
  { post_processor: processor, pre_tokenizer: preTokenizer }: TokenizerDefinition,
  { fields }: FolderConfig,
  stated: StatedClass,
  special: SpecialIds,
): unknown {
  const { known } = stated;
  if (known?.hasLanguages && (fields.src_lang || (known.sourceLanguage && special.has(known.sourceLanguage)))) {
    return known.postProcessor(special, fields);
  }
  const adds = prefixSpaceOf(fields, stated);
  if (!isOfType(processor, 'RobertaProcessing') || !isOfType(preTokenizer, 'ByteLevel') || adds === null)
    return processor ?? null;
  return { ...processor, add_prefix_space: adds };
}

/** The token for padding that tokenizer.json itself names counts where no other is named. */
function withPadding(tokens: SpecialTokens, padding: unknown): SpecialTokens {
  const token = (padding as { readonly pad_token?: unknown } | null | undefined)?.pad_token;
  return tokens.pad === undefined && typeof token === 'string' && token !== '' ? { ...tokens, pad: token } : tokens;
}
