import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { sentencePieceDefinition, Tokenizer } from '../../../src/text/index.ts';
import { bytesField, integerField, sentencePieceFile } from '../../text/sentence-piece-writer.ts';
import type { Target } from '../target.ts';
import { useTokenizer } from '../use-tokenizer.ts';

const pieces = [
  { piece: '<unk>', type: 2 },
  { piece: '<s>', type: 3 },
  { piece: '</s>', type: 3 },
  ...['▁', 'a', 'b', 'ab', '▁ab', 'ö', '😀'].map((piece, i) => ({ piece, score: -i })),
];
const normalizer = bytesField(3, bytesField(1, 'nfkc'), bytesField(2, Uint8Array.of(4, 0, 0, 0, 1, 2, 3, 4)));

const charsmapFile = join(
  import.meta.dirname,
  '..',
  '..',
  'golden',
  'data',
  'tokenizers',
  'nmt_nfkc',
  'charsmap.bin.gz',
);
const nfkc = bytesField(3, bytesField(1, 'nmt_nfkc'), bytesField(2, gunzipSync(readFileSync(charsmapFile))));

export const target: Target = {
  kind: 'bytes',
  seeds: [
    sentencePieceFile(pieces, [bytesField(2, integerField(3, 1), integerField(40, 0)), normalizer]),
    sentencePieceFile(pieces, [bytesField(2, integerField(3, 2), bytesField(45, '<unk>'))]),
    sentencePieceFile(pieces, [bytesField(2, integerField(3, 1)), nfkc]),
  ],
  read: (input) => {
    for (const name of ['XLMRobertaTokenizer', 'T5Tokenizer', 'LlamaTokenizer']) {
      useTokenizer(new Tokenizer(sentencePieceDefinition(input, { tokenizer_class: name }, 'x.model')));
    }
  },
};
