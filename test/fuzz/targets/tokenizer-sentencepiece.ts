import { sentencePieceDefinition } from '../../../src/text/index.ts';
import { bytesField, integerField, sentencePieceFile } from '../../text/sentence-piece-writer.ts';
import type { Target } from '../target.ts';

const pieces = [
  { piece: '<unk>', type: 2 },
  { piece: '<s>', type: 3 },
  { piece: '</s>', type: 3 },
  ...['▁', 'a', 'b', 'ab', '▁ab', 'ö', '😀'].map((piece, i) => ({ piece, score: -i })),
];
const normalizer = bytesField(3, bytesField(1, 'nfkc'), bytesField(2, Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4)));

export const target: Target = {
  kind: 'bytes',
  seeds: [
    sentencePieceFile(pieces, [bytesField(2, integerField(3, 1), integerField(40, 0)), normalizer]),
    sentencePieceFile(pieces, [bytesField(2, integerField(3, 2), bytesField(45, '<unk>'))]),
  ],
  read: (input) => {
    for (const name of ['XLMRobertaTokenizer', 'T5Tokenizer', 'LlamaTokenizer']) {
      JSON.stringify(sentencePieceDefinition(input, { tokenizer_class: name }, 'x.model'));
    }
  },
};
