import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';
import type { TokenizerDefinition } from './definitions.ts';

/** More than any tokenizer has; tables of tokens have a place for each id below the largest. */
const MAX_IDS = 2 ** 23;

export const isId = (id: unknown): id is number =>
  typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < MAX_IDS;

/** What a message says of a token with an id that is none. */
export const idProblem = (token: string, id: unknown): string =>
  `the id of the token ${shown(token)} is ${shown(id)}; it must be a whole number from 0 to ${MAX_IDS - 1}.`;

type Named = readonly (readonly [name: string, id: unknown])[];

const entriesOf = (value: unknown): [string, unknown][] =>
  typeof value === 'object' && value !== null ? Object.entries(value) : [];

/**
 * Checks the ids of all tokens in the content of a tokenizer.json.
 *
 * @param label names the file in messages
 * @throws InputError naming the token whose id is no whole number from 0 to 2^23 - 1
 */
export function checkTokenIds(definition: TokenizerDefinition, label: string): void {
  const { model, added_tokens, post_processor } = definition as {
    readonly model?: { readonly vocab?: unknown };
    readonly added_tokens?: unknown;
    readonly post_processor?: unknown;
  };
  // Unigram has a list of tokens, whose ids are their places.
  const ofModel: Named = Array.isArray(model?.vocab) ? [] : entriesOf(model?.vocab);
  const added: Named = entriesOf(added_tokens).map(([, token]) => [
    shown((token as { content?: unknown } | null)?.content),
    (token as { id?: unknown } | null)?.id,
  ]);
  for (const [token, id] of [...ofModel, ...added, ...templateIds(post_processor)]) {
    if (isId(id)) continue;
    throw new InputError(`${label}: ${idProblem(token, id)}`);
  }
}

/** The ids of special tokens: in a template, in the pairs of BERT and RoBERTa, or in several processors one after the other. */
function templateIds(processor: unknown): Named {
  if (typeof processor !== 'object' || processor === null) return [];
  const { special_tokens, sep, cls, processors } = processor as Readonly<Record<string, unknown>>;
  const inTemplate = entriesOf(special_tokens).flatMap(([name, token]) =>
    entriesOf((token as { ids?: unknown } | null)?.ids).map(([, id]) => [name, id] as const),
  );
  const pairs = [sep, cls].flatMap((pair) =>
    Array.isArray(pair) ? [[String(pair[0]), pair[1] as unknown] as const] : [],
  );
  const others = Array.isArray(processors) ? processors.flatMap(templateIds) : [];
  return [...inTemplate, ...pairs, ...others];
}
