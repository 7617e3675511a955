import { InputError } from '../errors.ts';
import type { ModelConfig } from '../models/index.ts';
import { printable } from '../settings/index.ts';
import { type Languages, loadTokenizer, type Tokenizer } from '../text/index.ts';

/** Sizes of a model that must fit its tokenizer. Encoder-decoders have no token types, and not all a token at the start of texts. */
type TokenSizes = Pick<ModelConfig, 'vocab_size' | 'pad_token_id'> & {
  readonly type_vocab_size?: number;
  readonly decoder_layers?: number;
};

/**
 * Loads the tokenizer of a model folder, which must be one for the model.
 *
 * A model with a single token type gets that one for all tokens, also of a second text.
 *
 * @param languages of the texts, where the tokenizer has languages
 * @param onWarning told where the two do not agree, but can work together
 * @throws InputError if the tokenizer knows tokens, or types of tokens, that the model does not
 */
export function tokenizerOf(
  { folder, config }: { readonly folder: string; readonly config: TokenSizes },
  onWarning: (warning: string) => void = () => {},
  languages?: Languages,
): Tokenizer {
  const tokenizer = loadTokenizer(folder, languages);
  const place = printable(folder);
  const { vocab_size, pad_token_id, type_vocab_size, decoder_layers } = config;
  if (tokenizer.vocabSize > vocab_size) {
    throw new InputError(
      `${place}: the tokenizer has ${tokenizer.vocabSize} tokens, the model ${vocab_size}; use the tokenizer that belongs to these weights.`,
    );
  }
  const hasStart = tokenizer.clsId !== undefined || decoder_layers !== undefined;
  if (!hasStart || tokenizer.sepId === undefined) {
    const where = decoder_layers === undefined ? 'at the start and the end' : 'at the end';
    throw new InputError(
      `${place}: the tokenizer puts no special tokens ${where} of a text, which the model reads; use the tokenizer that belongs to these weights.`,
    );
  }
  if (tokenizer.padId !== undefined && tokenizer.padId !== pad_token_id) {
    onWarning(
      `${place}: the padding token is ${tokenizer.padId} in the tokenizer and ${pad_token_id} in config.json; check that the tokenizer belongs to these weights.`,
    );
  }
  const { tokenTypes } = tokenizer;
  if (type_vocab_size === undefined || tokenTypes <= Math.max(1, type_vocab_size)) return tokenizer;
  if (type_vocab_size > 1) {
    throw new InputError(
      `${place}: the tokenizer gives ${tokenTypes} token types to a pair of texts, the model has ${type_vocab_size} (type_vocab_size); use the tokenizer that belongs to these weights.`,
    );
  }
  tokenizer.useSingleType();
  const has = type_vocab_size === 1 ? 'one token type (type_vocab_size 1)' : 'no token types';
  onWarning(`${place}: the model has ${has}, so both texts of a pair have type 0.`);
  return tokenizer;
}
