/** A pre-tokenizer, a text, and the pieces of it that the Rust library (tokenizers 0.23.3) returns, with their places. */
export const pieces: readonly (readonly [
  fields: Readonly<Record<string, unknown>>,
  text: string,
  pieces: readonly (readonly [piece: string, start: number, end: number])[],
])[] = [
  [
    { type: 'BertPreTokenizer' },
    "Hey, we're\u0085at «5€»、𝔾\ufeff!",
    [
      ['Hey', 0, 3],
      [',', 3, 4],
      ['we', 5, 7],
      ["'", 7, 8],
      ['re', 8, 10],
      ['at', 11, 13],
      ['«', 14, 15],
      ['5€', 15, 17],
      ['»', 17, 18],
      ['、', 18, 19],
      ['𝔾\ufeff', 19, 22],
      ['!', 22, 23],
    ],
  ],
  [
    { type: 'Whitespace' },
    'a_1é b²\u200dc… ‿ 😀!?',
    [
      ['a_1é', 0, 4],
      ['b', 5, 6],
      ['²', 6, 7],
      ['\u200dc', 7, 9],
      ['…', 9, 10],
      ['‿', 11, 12],
      ['😀!?', 13, 17],
    ],
  ],
  [
    { type: 'WhitespaceSplit' },
    ' a,\u3000b\ufeff\u0085c ',
    [
      ['a,', 1, 3],
      ['b\ufeff', 4, 6],
      ['c', 7, 8],
    ],
  ],
  [
    { type: 'CharDelimiterSplit', delimiter: '😀' },
    '😀a😀😀b c',
    [
      ['a', 2, 3],
      ['b c', 7, 10],
    ],
  ],
  [
    { type: 'Digits', individual_digits: true },
    'a12²٣b',
    [
      ['a', 0, 1],
      ['1', 1, 2],
      ['2', 2, 3],
      ['²', 3, 4],
      ['٣', 4, 5],
      ['b', 5, 6],
    ],
  ],
  [
    { type: 'Digits', individual_digits: false },
    'a12²٣b9',
    [
      ['a', 0, 1],
      ['12²٣', 1, 5],
      ['b', 5, 6],
      ['9', 6, 7],
    ],
  ],
  [
    { type: 'FixedLength', length: 2 },
    'a😀bc😀',
    [
      ['a😀', 0, 3],
      ['bc', 3, 5],
      ['😀', 5, 7],
    ],
  ],
  [
    { type: 'FixedLength' },
    'abcdefg',
    [
      ['abcde', 0, 5],
      ['fg', 5, 7],
    ],
  ],
  [
    { type: 'UnicodeScripts' },
    ' 2どこで生れ。Yes カーab 漢ы-Ω',
    [
      ['2', 1, 2],
      ['どこで生れ', 2, 7],
      ['。', 7, 8],
      ['Yes ', 8, 12],
      ['カー', 12, 14],
      ['ab ', 14, 17],
      ['漢', 17, 18],
      ['ы', 18, 19],
      ['-', 19, 20],
      ['Ω', 20, 21],
    ],
  ],
  [
    { type: 'Metaspace', replacement: '▁' },
    'Hey  you',
    [
      ['▁Hey', 0, 3],
      ['▁', 3, 4],
      ['▁you', 4, 8],
    ],
  ],
  [
    { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
    '▁a b',
    [
      ['▁a', 0, 2],
      ['▁b', 2, 4],
    ],
  ],
  [
    { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never' },
    ' 😀 b',
    [
      ['▁😀', 0, 3],
      ['▁b', 3, 5],
    ],
  ],
  [{ type: 'Metaspace', replacement: '▁', split: false }, '😀 b', [['▁😀▁b', 0, 4]]],
  [
    { type: 'Metaspace', replacement: '😀', prepend_scheme: 'always', split: true },
    'é b',
    [
      ['😀é', 0, 1],
      ['😀b', 1, 3],
    ],
  ],
  [
    {
      type: 'Sequence',
      pretokenizers: [{ type: 'WhitespaceSplit' }, { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' }],
    },
    'Hey you',
    [
      ['▁Hey', 0, 3],
      ['you', 4, 7],
    ],
  ],
  [
    { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    "I'll  go!\n\n  'é' 12a",
    [
      ['I', 0, 1],
      ["'ll", 1, 4],
      ['Ġ', 4, 5],
      ['Ġgo', 5, 8],
      ['!', 8, 9],
      ['ĊĊĠ', 9, 12],
      ["Ġ'", 12, 14],
      ['Ã©', 14, 15],
      ["'", 15, 16],
      ['Ġ12', 16, 19],
      ['a', 19, 20],
    ],
  ],
  [
    { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    'é😀',
    [
      ['ĠÃ©', 0, 1],
      ['ðŁĺĢ', 1, 3],
    ],
  ],
  [
    { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    '\n a',
    [
      ['ĠĊ', 0, 1],
      ['Ġa', 1, 3],
    ],
  ],
  [{ type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: false }, 'é 1', [['ĠÃ©Ġ1', 0, 3]]],
  [{ type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }, ' 漢', [['Ġæ¼¢', 0, 2]]],
  [
    {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    'a12 b',
    [
      ['a', 0, 1],
      ['1', 1, 2],
      ['2', 2, 3],
      ['Ġb', 3, 5],
    ],
  ],
  [
    { type: 'Punctuation', behavior: 'Removed' },
    '-a--b-',
    [
      ['a', 1, 2],
      ['b', 4, 5],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: '\\d|,' }, behavior: 'Removed', invert: false },
    '1a,2,b',
    [
      ['a', 1, 2],
      ['b', 5, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { String: 'aa' }, behavior: 'Removed', invert: true },
    'aaab aaaa',
    [
      ['aa', 0, 2],
      ['aa', 5, 7],
      ['aa', 7, 9],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: 'b|' }, behavior: 'Removed', invert: false },
    'abba',
    [
      ['a', 0, 1],
      ['a', 3, 4],
    ],
  ],
  [
    { type: 'Punctuation', behavior: 'Isolated' },
    '-a--b-',
    [
      ['-', 0, 1],
      ['a', 1, 2],
      ['-', 2, 3],
      ['-', 3, 4],
      ['b', 4, 5],
      ['-', 5, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: '\\d|,' }, behavior: 'Isolated', invert: false },
    '1a,2,b',
    [
      ['1', 0, 1],
      ['a', 1, 2],
      [',', 2, 3],
      ['2', 3, 4],
      [',', 4, 5],
      ['b', 5, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { String: 'aa' }, behavior: 'Isolated', invert: true },
    'aaab aaaa',
    [
      ['aa', 0, 2],
      ['ab ', 2, 5],
      ['aa', 5, 7],
      ['aa', 7, 9],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: 'b|' }, behavior: 'Isolated', invert: false },
    'abba',
    [
      ['a', 0, 1],
      ['b', 1, 2],
      ['b', 2, 3],
      ['a', 3, 4],
    ],
  ],
  [
    { type: 'Punctuation', behavior: 'MergedWithPrevious' },
    '-a--b-',
    [
      ['-', 0, 1],
      ['a-', 1, 3],
      ['-', 3, 4],
      ['b-', 4, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: '\\d|,' }, behavior: 'MergedWithPrevious', invert: false },
    '1a,2,b',
    [
      ['1', 0, 1],
      ['a,', 1, 3],
      ['2', 3, 4],
      [',', 4, 5],
      ['b', 5, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { String: 'aa' }, behavior: 'MergedWithPrevious', invert: true },
    'aaab aaaa',
    [
      ['aaab ', 0, 5],
      ['aa', 5, 7],
      ['aa', 7, 9],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: 'b|' }, behavior: 'MergedWithPrevious', invert: false },
    'abba',
    [
      ['ab', 0, 2],
      ['b', 2, 3],
      ['a', 3, 4],
    ],
  ],
  [
    { type: 'Punctuation', behavior: 'MergedWithNext' },
    '-a--b-',
    [
      ['-a', 0, 2],
      ['-', 2, 3],
      ['-b', 3, 5],
      ['-', 5, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: '\\d|,' }, behavior: 'MergedWithNext', invert: false },
    '1a,2,b',
    [
      ['1a', 0, 2],
      [',', 2, 3],
      ['2', 3, 4],
      [',b', 4, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { String: 'aa' }, behavior: 'MergedWithNext', invert: true },
    'aaab aaaa',
    [
      ['aa', 0, 2],
      ['ab aa', 2, 7],
      ['aa', 7, 9],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: 'b|' }, behavior: 'MergedWithNext', invert: false },
    'abba',
    [
      ['a', 0, 1],
      ['b', 1, 2],
      ['ba', 2, 4],
    ],
  ],
  [
    { type: 'Punctuation', behavior: 'Contiguous' },
    '-a--b-',
    [
      ['-', 0, 1],
      ['a', 1, 2],
      ['--', 2, 4],
      ['b', 4, 5],
      ['-', 5, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: '\\d|,' }, behavior: 'Contiguous', invert: false },
    '1a,2,b',
    [
      ['1', 0, 1],
      ['a', 1, 2],
      [',2,', 2, 5],
      ['b', 5, 6],
    ],
  ],
  [
    { type: 'Split', pattern: { String: 'aa' }, behavior: 'Contiguous', invert: true },
    'aaab aaaa',
    [
      ['aa', 0, 2],
      ['ab ', 2, 5],
      ['aaaa', 5, 9],
    ],
  ],
  [
    { type: 'Split', pattern: { Regex: 'b|' }, behavior: 'Contiguous', invert: false },
    'abba',
    [
      ['a', 0, 1],
      ['bb', 1, 3],
      ['a', 3, 4],
    ],
  ],
];
