import * as v from 'valibot';
import { InputError } from '../../errors.ts';
import { parseWith } from '../../settings/index.ts';

/** The tokens of a `vocab.txt`, one per line; of a token that stands there twice, the last place counts. */
export function tokensOfLines(vocabText: string): ReadonlyMap<string, number> {
  const lines = vocabText.replace(/\r?\n$/, '').split(/\r?\n/);
  return new Map(lines.map((token, id) => [token, id]));
}

const isVocabulary = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((id) => Number.isSafeInteger(id) && (id as number) >= 0);

/** Read in one go: real ones have hundreds of thousands of tokens. */
const vocabularySchema = v.custom<Readonly<Record<string, number>>>(
  isVocabulary,
  'an object that maps tokens to ids, which are whole numbers',
);

/** The tokens of a `vocab.json`. @throws InputError when it does not map to ids, or an id is there twice */
export function tokensOfObject(vocab: unknown, label: string): ReadonlyMap<string, number> {
  const tokens = new Map(Object.entries(parseWith(vocabularySchema, vocab, label, 'Download it again.')));
  const seen = new Map<number, string>();
  for (const [token, id] of tokens) {
    const other = seen.get(id);
    if (other !== undefined) {
      throw new InputError(`${label} gives the id ${id} to ${JSON.stringify(other)} and to ${JSON.stringify(token)}.`);
    }
    seen.set(id, token);
  }
  return tokens;
}

/** The merges of a `merges.txt`, two parts per line. @throws InputError for a line of another form */
export function mergesOfLines(mergesText: string, label: string): string[] {
  const lines = mergesText.split(/\r?\n/);
  return lines.filter((line, i) => {
    if (line === '' || (i === 0 && line.startsWith('#version'))) return false;
    if (/^[^ ]+ [^ ]+$/.test(line)) return true;
    throw new InputError(`${label}: line ${i + 1} must be two parts of a token with a space between them.`);
  });
}
