/**
 * The classes of tokenizers whose models fall back to bytes: those of Llama and Gemma. Source: convert_slow_tokenizer.py of
 * Hugging Face transformers 4.57.
 */
import { inTurn, prependScheme, type SentencePieceClass, stagesOf, zero } from './sentence-piece-class.ts';
import { metaspace } from './sentence-piece-stages.ts';
import { layouts, template } from './templates.ts';

const spacesMarked = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };

const decoder = (last: readonly unknown[]) => ({
  type: 'Sequence',
  decoders: [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
    ...last,
  ],
});

const beginAndEnd: SentencePieceClass['postProcessor'] = ({ token, idOf }, fields) => {
  const bos = (fields.add_bos_token ?? true) ? token('bos') : null;
  const eos = (fields.add_eos_token ?? false) ? token('eos') : null;
  const { single, pair } = layouts.each(bos, eos);
  return template(single, pair, idOf);
};

export const llama: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { bos: '<s>', eos: '</s>', unk: '<unk>' },
  typeIds: false,
  stages: stagesOf({
    byteFallback: true,
    goesWithoutPrefix: (fields) => fields.add_prefix_space === false,
    vocabulary: (pieces) => pieces.map((one, i) => (i < 3 ? zero(one.piece) : one)),
    unkId: () => 0,
    normalizer: (_, fields) =>
      fields.legacy === false
        ? null
        : inTurn([...(fields.add_prefix_space === false ? [] : [{ type: 'Prepend', prepend: '▁' }]), spacesMarked]),
    preTokenizer: (fields) => (fields.legacy === false ? { ...metaspace(prependScheme(fields)), split: false } : null),
    decoder: (fields) =>
      decoder(fields.add_prefix_space === false ? [] : [{ type: 'Strip', content: ' ', start: 1, stop: 0 }]),
  }),
  postProcessor: beginAndEnd,
};

/** Tokens to fill in code, which stand between the parts of a text. */
const infilling = ['▁<PRE>', '▁<MID>', '▁<SUF>', '▁<EOT>'];

export const codeLlama: SentencePieceClass = {
  ...llama,
  further: (_, given) => [...new Set([...(given ?? []), ...infilling])],
  stages: (file, fields, named) => llama.stages(file, { ...fields, legacy: true, add_prefix_space: true }, named),
};

const TAB = '\t';
const TAB_BYTE = '<0x09>';

export const gemma: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { bos: '<bos>', eos: '<eos>', unk: '<unk>', pad: '<pad>' },
  typeIds: false,
  stages: stagesOf({
    byteFallback: true,
    goesWithoutPrefix: () => true,
    special: ['<start_of_turn>', '<end_of_turn>'],
    vocabulary: (pieces, _, { pad, eos, bos }) => {
      const hasTab = pieces.some(({ piece }) => piece === TAB);
      return [
        ...[pad ?? '<pad>', eos ?? '<eos>', bos ?? '<bos>'].map(zero),
        // The first models had no tab: it takes the place of its byte.
        ...pieces.slice(3).map((one) => (one.piece === TAB_BYTE && !hasTab ? zero(TAB) : one)),
      ];
    },
    partIds: (ids) => (ids.has(TAB) ? ids : new Map([...ids, [TAB, ids.get(TAB_BYTE) ?? ids.size]])),
    unkId: () => 3,
    normalizer: () => spacesMarked,
    preTokenizer: () => ({
      type: 'Split',
      pattern: { String: ' ' },
      behavior: 'MergedWithPrevious',
      invert: false,
    }),
    decoder: () => decoder([]),
  }),
  postProcessor: beginAndEnd,
};
