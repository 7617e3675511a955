import { chosenBy, type Schema } from '../../settings/index.ts';
import { type ComponentKinds, componentSchema, makeComponent } from '../component.ts';
import { assertComplete } from '../further-kinds.ts';
import type { TokenModel } from '../stages.ts';
import { wordLevel } from './word-level.ts';
import { wordPiece } from './word-piece.ts';

/** The kinds of models by their names; the others are in further-models.ts. */
export const tokenModels: ComponentKinds<TokenModel> = {
  WordPiece: wordPiece,
  WordLevel: wordLevel,
};

type Fields = Readonly<Record<string, unknown>>;

/** Returns the type of a model: older files do not name it, so it follows from the fields there. */
function typeOf(fields: Fields): string {
  if (Array.isArray(fields.vocab)) return 'Unigram';
  if (Object.hasOwn(fields, 'merges')) return 'BPE';
  const isWordPiece = ['continuing_subword_prefix', 'max_input_chars_per_word'].every((name) =>
    Object.hasOwn(fields, name),
  );
  return isWordPiece ? 'WordPiece' : 'WordLevel';
}

const ofType = componentSchema(tokenModels);

/** The schema of the model in a tokenizer.json; what it has of tokens and merges is checked as it is made. */
export const modelSchema: Schema = chosenBy((fields) => {
  if (fields.type !== undefined) return ofType;
  const type = typeOf(fields);
  if (!Object.hasOwn(tokenModels, type)) assertComplete(type);
  return tokenModels[type].schema;
});

/**
 * Makes the model of its fields in a tokenizer.json, which were checked by `modelSchema`.
 *
 * @throws InputError for a token, an id, a score or a merge that cannot be one; the message does not name the file
 */
export const makeModel = (fields: Fields): TokenModel =>
  makeComponent(tokenModels, { ...fields, type: fields.type ?? typeOf(fields) });
