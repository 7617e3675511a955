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
const bytes = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));
const forGemma = [
  ...['<pad>', '<eos>', '<bos>'].map((piece) => ({ piece, type: 3 })),
  { piece: '<unk>', type: 2 },
  { piece: '<start_of_turn>', type: 4 },
  { piece: '[CLS]', type: 4 },
  { piece: '[SEP]', type: 4 },
  ...bytes.map((byte) => ({ piece: `<0x${byte}>`, type: 6 })),
  ...['▁', 'a', 'b', 'ab', '▁ab'].map((piece, i) => ({ piece, score: -i })),
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

const classes = [
  'XLMRobertaTokenizer',
  'T5Tokenizer',
  'LlamaTokenizer',
  'GemmaTokenizer',
  'NllbTokenizer',
  'RemBertTokenizer',
  'XGLMTokenizer',
  'BertGenerationTokenizer',
];

export const target: Target = {
  kind: 'bytes',
  seeds: [
    sentencePieceFile(pieces, [bytesField(2, integerField(3, 1), integerField(40, 0)), normalizer]),
    sentencePieceFile(pieces, [bytesField(2, integerField(3, 2), bytesField(45, '<unk>'))]),
    sentencePieceFile(pieces, [bytesField(2, integerField(3, 1)), nfkc]),
    sentencePieceFile(forGemma, [bytesField(2, integerField(3, 2), integerField(35, 1), integerField(40, 3))]),
  ],
  read: (input) => {
    // One class for each input: what one refuses another may read.
    const name = classes[input.reduce((sum, byte) => sum + byte, 0) % classes.length];
    useTokenizer(new Tokenizer(sentencePieceDefinition(input, { tokenizer_class: name }, 'x.model')));
  },
};
