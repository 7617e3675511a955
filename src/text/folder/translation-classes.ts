/**
 * The classes of tokenizers that name the language of a text. Source: convert_slow_tokenizer.py and the tokenizers of mBART,
 * NLLB and SeamlessM4T of Hugging Face transformers 4.57.
 */
import { mbart50Languages, mbartLanguages, nllbLanguages } from './languages.ts';
import {
  fairseq,
  fairseqTokens,
  type Names,
  prependScheme,
  type SentencePieceClass,
  stagesOf,
  three,
  zero,
} from './sentence-piece-class.ts';
import { metaspace } from './sentence-piece-stages.ts';
import { layouts, template } from './templates.ts';
import type { Fields } from './tokenizer-class.ts';

/** The class of mBART. @param isFirst whether the language begins a text; else it ends it */
const multilingual = (languages: readonly string[], isFirst: boolean, tokens: Names): SentencePieceClass => ({
  kind: 'sentencePiece',
  tokens,
  // The mask of mBART-50 is looked for in the normalized text.
  flags: { mask: { lstrip: true, normalized: isFirst } },
  typeIds: false,
  hasLanguages: true,
  further: (_, given) => [...new Set([...languages, ...(given ?? [])])],
  stages: stagesOf({ vocabulary: fairseq([...languages, '<mask>']), unkId: three }),
  postProcessor: ({ token, idOf }, fields) => {
    const [language, eos] = [fields.src_lang ?? 'en_XX', token('eos')];
    const { single, pair } = layouts.around(isFirst ? [language] : [], isFirst ? [eos] : [eos, language]);
    return template(single, pair, idOf);
  },
});

export const mbart = multilingual(mbartLanguages, false, fairseqTokens);
export const mbart50 = multilingual(mbart50Languages, true, { ...fairseqTokens, bos: undefined });

/** The language first and the end last; in the old way both at the end. */
function around(language: string, eos: string, isOld: boolean, idOf: (token: string) => number) {
  const { single, pair } = isOld ? layouts.around([], [eos, language]) : layouts.around([language], [eos]);
  return template(single, pair, idOf);
}

const ENGLISH = 'eng_Latn';

export const nllb: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: fairseqTokens,
  flags: { mask: { lstrip: true, normalized: true } },
  typeIds: false,
  hasLanguages: true,
  sourceLanguage: ENGLISH,
  further: (_, given) => given ?? nllbLanguages,
  stages: stagesOf({
    vocabulary: fairseq([]),
    unkId: three,
    // As the models were trained, the mask follows the languages; transformers 4.57 has it before them if no file tells.
    added: (fields) => (fields.added_tokens_decoder ? [] : [...nllbLanguages, '<mask>']),
  }),
  postProcessor: ({ token, idOf }, fields) =>
    around(fields.src_lang ?? ENGLISH, token('eos'), fields.legacy_behaviour ?? false, idOf),
};

const inUnderscores = (language: string) => (language.includes('__') ? language : `__${language}__`);

/** How a space is put before a text: a later part of one gets none. */
const firstOnly = (fields: Fields) => metaspace(prependScheme({ ...fields, legacy: false }));

export const seamless: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { ...fairseqTokens, mask: undefined },
  typeIds: false,
  hasLanguages: true,
  stages: stagesOf({
    vocabulary: (pieces) => [...['<pad>', '<unk>', '<s>', '</s>'].map(zero), ...pieces.slice(3)],
    unkId: () => 1,
    preTokenizer: firstOnly,
    decoder: firstOnly,
  }),
  postProcessor: ({ token, idOf }, fields) =>
    around(inUnderscores(fields.src_lang ?? 'eng'), token('eos'), false, idOf),
};
