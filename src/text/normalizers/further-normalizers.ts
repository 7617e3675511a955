import { boolean, text } from '../../settings/index.ts';
import { spelledInBytes } from '../byte-alphabet.ts';
import { type ComponentKinds, componentKind } from '../component.ts';
import { patternSchema } from '../pattern.ts';
import type { Normalizer } from '../stages.ts';
import { afterLanguageCode } from './language-code.ts';
import { nmt } from './nmt.ts';
import { precompiled } from './precompiled.ts';
import { replacement } from './replacement.ts';
import { sentencePiece } from './sentence-piece.ts';

/** The kinds of normalizers beyond BERT's. */
export const furtherNormalizers: ComponentKinds<Normalizer> = {
  ByteLevel: componentKind({}, () => spelledInBytes),
  Nmt: componentKind({}, () => nmt),
  Precompiled: componentKind({ precompiled_charsmap: text }, (fields) => precompiled(fields.precompiled_charsmap)),
  Replace: componentKind({ pattern: patternSchema, content: text }, ({ pattern, content }) =>
    replacement(pattern, content),
  ),
  /** No kind of the library: what slow tokenizers of transformers leave to sentencepiece. */
  SentencePiece: componentKind({ precompiled_charsmap: text, remove_extra_whitespaces: boolean }, (fields) =>
    sentencePiece(fields.precompiled_charsmap, fields.remove_extra_whitespaces),
  ),
  /** The same behind a language code. */
  MarianSentencePiece: componentKind({ precompiled_charsmap: text, remove_extra_whitespaces: boolean }, (fields) =>
    afterLanguageCode(sentencePiece(fields.precompiled_charsmap, fields.remove_extra_whitespaces)),
  ),
};
