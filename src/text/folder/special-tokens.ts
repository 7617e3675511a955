import { InputError } from '../../errors.ts';
import { shown } from '../../settings/index.ts';
import { addedToken, type TokenFlags } from './added-token.ts';
import type { FolderConfig, NamedToken } from './config.ts';
import { roles, type SpecialTokens } from './roles.ts';
import type { TokenAdditions } from './token-additions.ts';
import type { ClassFacts, SpecialIds } from './tokenizer-class.ts';

/** The special tokens of a tokenizer by their roles: those that its files name, else those of its class. */
export function specialTokensOf(config: FolderConfig, facts: ClassFacts | null): SpecialTokens {
  const contents = roles.map((role) => {
    const named = config.roles[role];
    return [role, named === undefined ? facts?.tokens[role] : named?.content] as const;
  });
  return Object.fromEntries(contents.filter(([, content]) => content !== undefined));
}

/**
 * Adds the special tokens that are no added tokens yet, in the order of transformers.
 *
 * @param isBeside whether the vocabulary is that of a tokenizer.json, to which tokens that only the class names are not added
 * @returns the tokens by their roles, without those that are not there
 */
export function addSpecialTokens(
  added: TokenAdditions,
  config: FolderConfig,
  facts: ClassFacts | null,
  isBeside: boolean,
): SpecialTokens {
  const tokens = specialTokensOf(config, facts);
  const present: Record<string, string> = {};
  const take = (content: string, flags: TokenFlags | undefined, isNamed: boolean): boolean => {
    // A token of tokenizer.json stays as it is; one that a vocabulary file declares is found as the class says.
    if (added.at(content) && (isBeside || !flags)) return true;
    if (isBeside && !isNamed && added.idOf(content) === undefined) return false;
    added.add(addedToken(content, { ...flags, special: true }));
    return true;
  };
  for (const role of roles) {
    const content = tokens[role];
    if (content === undefined) continue;
    const named = config.roles[role];
    const flags = named?.flags ?? facts?.flags?.[role];
    if (take(content, flags, named !== undefined)) present[role] = content;
  }
  const given = config.further;
  const names = given?.map(({ content }) => content) ?? null;
  const all = facts?.further?.(config.fields, names) ?? names ?? [];
  const stated = new Map<string, NamedToken>(given?.map((one) => [one.content, one]));
  for (const content of all) {
    const named = stated.get(content);
    take(content, named?.flags ?? undefined, named !== undefined);
  }
  return present;
}

/** What a post-processor needs to know of special tokens. @param label names the vocabulary's file in messages */
export const specialIds = (added: TokenAdditions, tokens: SpecialTokens, label: string): SpecialIds => ({
  token: (role) => {
    const content = tokens[role];
    if (content !== undefined) return content;
    throw new InputError(`${label} has no ${role}_token; name it in tokenizer_config.json.`);
  },
  has: (token) => added.idOf(token) !== undefined,
  idOf: (token) => {
    const id = added.idOf(token);
    if (id !== undefined) return id;
    throw new InputError(
      `${label} lacks the special token ${shown(token)}; provide the model's tokenizer.json instead.`,
    );
  },
});
