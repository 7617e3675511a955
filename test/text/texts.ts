import fc from 'fast-check';

/** Texts that tokenizers treat differently: accents, scripts, emoji, controls, special tokens, long words. */
export const varied = [
  'Hello world',
  "The company's 3rd-quarter profit rose 4.5%, to $1,234.56.",
  "I don't, you'll, they've; it's THEIRS",
  'Ünïcödé naïve café Straße ﬁ ½ ①',
  '日本語のテキスト 中文 한국어',
  'مرحبا بالعالم नमस्ते Привет',
  'emoji 😀😃 👩‍👩‍👧 end',
  '  spaces \t tabs\nand  lines\r\n',
  'zero\u200bwidth soft\u00adhyphen nul\u0000 bom\ufeff a\u0301',
  'a literal [SEP] and [MASK] or <mask> and </s>',
  `${'x'.repeat(150)} word`,
  '-- — … “quotes” #$%^&*()_+[]{}',
];

/** Random texts: words and pieces of the list above, glued by spaces or nothing, or any code units at all. */
export const anyText = fc.oneof(
  fc
    .array(fc.oneof(fc.constantFrom(...varied.flatMap((text) => text.split(' '))), fc.string({ unit: 'grapheme' })), {
      maxLength: 12,
    })
    .chain((parts) => fc.constantFrom(' ', '').map((glue) => parts.join(glue))),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
