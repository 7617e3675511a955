import { giveWordCharacters } from './added-tokens.ts';
import { furtherDecoders } from './decoders/further-decoders.ts';
import { decoders } from './decoders/index.ts';
import { byteLevelClasses } from './folder/byte-level-classes.ts';
import { sentencePieceClasses } from './folder/sentence-piece-classes.ts';
import { addClasses } from './folder/tokenizer-classes.ts';
import { completeKinds } from './further-kinds.ts';
import { furtherModels } from './models/further-models.ts';
import { tokenModels } from './models/index.ts';
import { furtherNormalizers } from './normalizers/further-normalizers.ts';
import { normalizers } from './normalizers/index.ts';
import { furtherPreTokenizers } from './pre-tokenizers/further-pre-tokenizers.ts';
import { preTokenizers } from './pre-tokenizers/index.ts';
import { wordCharacters } from './unicode/word-characters.ts';

/** Adds the parts of other tokenizers than BERT's to the tables of each stage. */
export function addFurtherKinds(): void {
  Object.assign(normalizers, furtherNormalizers);
  Object.assign(preTokenizers, furtherPreTokenizers);
  Object.assign(tokenModels, furtherModels);
  Object.assign(decoders, furtherDecoders);
  addClasses({ ...byteLevelClasses, ...sentencePieceClasses });
  giveWordCharacters(wordCharacters);
  completeKinds();
}
