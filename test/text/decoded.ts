/** A decoder, tokens, and the text that the Rust library (tokenizers 0.23.3) makes of them. */
export const decoded: readonly (readonly [
  fields: Readonly<Record<string, unknown>>,
  tokens: readonly string[],
  text: string,
])[] = [
  [
    { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true },
    ['ĠI', 'Ã', '©', 'âĸ', 'Ġ漢', 'ÿ', 'ðŁ', 'a', 'ï»¿'],
    ' Ié�Ġ漢��a\ufeff',
  ],
  [
    { type: 'WordPiece', prefix: '##', cleanup: true },
    ['##a', '##b', "n't", 'do', 'not', '!', "'", 's'],
    "##abn't do not! ' s",
  ],
  [{ type: 'WordPiece', prefix: '##', cleanup: false }, ['do', "n't", '.', '##.', '##'], "do n't .."],
  [{ type: 'Metaspace', replacement: '▁' }, ['▁▁a▁b', '▁c', 'd'], 'ab cd'],
  [{ type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' }, ['▁a', '▁b'], ' a b'],
  [{ type: 'BPEDecoder', suffix: '</w>' }, ['a', 'b</w>', '</w>c</w>', 'd</w>'], 'ab  c d'],
  [
    { type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup: true },
    ['<pad>', 'h', 'h', '<pad>', 'h', '|', '|', ' .', 'x<pad>'],
    'hh .x',
  ],
  [{ type: 'CTC', pad_token: '<pad>', word_delimiter_token: '|', cleanup: false }, ['h', 'h', '|', '<pad>'], 'h|'],
  [{ type: 'Fuse' }, ['a', ' b'], 'a b'],
  [{ type: 'Strip', content: ' ', start: 2, stop: 1 }, ['   a  ', ' b', 'c '], ' a bc'],
  [{ type: 'Replace', pattern: { String: '▁' }, content: ' ' }, ['▁a▁', 'b'], ' a b'],
  [{ type: 'Replace', pattern: { Regex: 'a*' }, content: '-' }, ['baab', '', 'a'], '-b-b--'],
  [
    { type: 'ByteFallback' },
    ['<0xE2>', '<0x96>', '<0x81>', 'a', '<0xFF>', '<0x61>', '<0xg1>', '<0xEF>', '<0xBB>', '<0xBF>'],
    '▁a��<0xg1>\ufeff',
  ],
  [
    {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    ['▁Hey', '▁', '<0xF0>', '<0x9F>', '<0x98>', '<0x80>'],
    'Hey 😀',
  ],
];
