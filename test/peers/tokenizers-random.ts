import fc from 'fast-check';
import { charsmapOf } from '../support/charsmap.ts';
import { modelOver } from '../text/models/any-model.ts';
import { TOKEN_TEXTS } from './tokenizers-texts.ts';

type Fields = Readonly<Record<string, unknown>>;
type AnyFields = fc.Arbitrary<Fields>;

const flag = fc.boolean();
const orLater = fc.option(flag, { nil: null });
/** A component with fields drawn at random. */
const kind = (type: string, fields: Record<string, fc.Arbitrary<unknown>> = {}): AnyFields =>
  fc.record(fields).map((drawn) => ({ type, ...drawn }));
/** One of some components, or a sequence of them. */
const inSequence = (one: AnyFields, list: string): AnyFields =>
  fc.oneof(
    { weight: 3, arbitrary: one },
    { weight: 2, arbitrary: kind('Sequence', { [list]: fc.array(one, { maxLength: 4 }) }) },
  );

const expressions = [
  '\\s+',
  '\\s',
  ' {2,}',
  '\\d',
  '\\d+',
  '\\p{L}+',
  '[a-c]+',
  '[^a-z]',
  '\\w+|[^\\w\\s]+',
  '.',
  '\\p{M}',
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "'s|'t| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  '(?i)the|[^t]',
];
const literals = [' ', 'a', 'e\u0301', '▁', '日', '--', '👍', '\n'];

const patternOf = (expressions: readonly string[], literals: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...expressions).map((Regex) => ({ Regex })),
    fc.constantFrom(...literals).map((literal) => ({ String: literal })),
  );
/** A pattern that matches no empty text: where one is replaced, the library repeats letters or panics in later stages. */
const solidPattern = patternOf(expressions, literals);
const pattern = patternOf([...expressions, '\\b', '$', '^', 'a|', '(?=a)'], [...literals, '']);
const mark = fc.constantFrom('▁', '▁', '_', ' ', '😀', 'é');
const scheme = fc.constantFrom('always', 'first', 'never');

const rules = [
  ['a', 'Zz'],
  ['b', ''],
  ['é', 'e'],
  ['e\u0301', 'é'],
  ['日', 'a日b'],
  ['👍', 'ok'],
  ['\r\n', '\n'],
  ['™', 'TM'],
  [' ', ' '],
  ['\u3000', ' '],
  ['\u200d', ''],
  ['각', 'ga'],
  ['ss', 'ß'],
  ['\t', ' '],
] as const;
const charsmaps = [charsmapOf(rules), charsmapOf(rules.slice(4)), charsmapOf(rules.slice(0, 4))];

const normalizer = inSequence(
  fc.oneof(
    kind('BertNormalizer', { clean_text: flag, handle_chinese_chars: flag, strip_accents: orLater, lowercase: flag }),
    kind('Strip', { strip_left: flag, strip_right: flag }),
    ...['StripAccents', 'NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'Nmt', 'ByteLevel'].map((type) => kind(type)),
    kind('Precompiled', { precompiled_charsmap: fc.constantFrom(...charsmaps) }),
    kind('Replace', { pattern: solidPattern, content: fc.constantFrom('', ' ', '▁', 'ab', 'é', '😀') }),
    kind('Prepend', { prepend: fc.constantFrom('▁', ' ', 'ab', 'é') }),
  ),
  'normalizers',
);

const behavior = fc.constantFrom('Removed', 'Isolated', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous');
const byteLevel = kind('ByteLevel', { add_prefix_space: flag, trim_offsets: flag, use_regex: flag });
const preTokenizer = inSequence(
  fc.oneof(
    ...['BertPreTokenizer', 'Whitespace', 'WhitespaceSplit', 'UnicodeScripts'].map((type) => kind(type)),
    byteLevel,
    kind('CharDelimiterSplit', { delimiter: fc.constantFrom(' ', 'a', '▁', '日', '😀') }),
    kind('Digits', { individual_digits: flag }),
    kind('FixedLength', { length: fc.integer({ min: 1, max: 5 }) }),
    kind('Metaspace', { replacement: mark, prepend_scheme: scheme, split: flag }),
    kind('Punctuation', { behavior }),
    kind('Split', { pattern, behavior, invert: flag }),
  ),
  'pretokenizers',
);

const decoder = inSequence(
  fc.oneof(
    kind('BPEDecoder', { suffix: fc.constantFrom('</w>', 'a', '') }),
    kind('ByteFallback'),
    byteLevel,
    kind('CTC', {
      pad_token: fc.constantFrom('<s>', 'a', ''),
      word_delimiter_token: fc.constantFrom('|', 'b', ''),
      cleanup: flag,
    }),
    kind('Fuse'),
    kind('Metaspace', { replacement: mark, prepend_scheme: scheme, split: flag }),
    kind('Replace', { pattern, content: fc.constantFrom('', ' ', '▁', 'é') }),
    kind('Strip', { content: fc.constantFrom(' ', 'a', '▁', '日', '😀'), start: fc.nat(2), stop: fc.nat(2) }),
    kind('WordPiece', { prefix: fc.constantFrom('##', ''), cleanup: flag }),
  ),
  'decoders',
);

/** Tokens and their ids, which a post-processor puts around texts. */
type Known = readonly (readonly [token: string, id: number])[];

function template(known: Known): AnyFields {
  const type = fc.nat(2);
  const special = fc
    .record({ id: fc.constantFrom(...known.map(([token]) => token)), type_id: type })
    .map((SpecialToken) => ({ SpecialToken }));
  const text = (id: string) => type.map((type_id) => ({ Sequence: { id, type_id } }));
  const specials = fc.array(special, { maxLength: 2 });
  const special_tokens = Object.fromEntries(
    known.map(([token, id], i) => {
      // A token of a template may stand for several.
      const ids = i % 3 === 2 ? [id, known[0][1]] : [id];
      return [token, { id: token, ids, tokens: ids.map((one) => known.find(([, other]) => other === one)![0]) }];
    }),
  );
  return fc
    .tuple(specials, text('A'), specials, text('B'), specials, flag, fc.tuple(specials, text('A'), specials))
    .map(([start, a, middle, b, end, isSwapped, single]) => ({
      type: 'TemplateProcessing',
      single: single.flat(),
      pair: [...start, isSwapped ? b : a, ...middle, isSwapped ? a : b, ...end],
      special_tokens,
    }));
}

function postProcessor(known: Known): AnyFields {
  const token = fc.constantFrom(...known);
  const bert = kind('BertProcessing', { cls: token, sep: token });
  const robertaThat = (trim_offsets: fc.Arbitrary<boolean>) =>
    kind('RobertaProcessing', { cls: token, sep: token, trim_offsets, add_prefix_space: flag });
  const roberta = robertaThat(flag);
  // ByteLevel stands first, and one step adds tokens: behind another step the library forgets which tokens are special, and
  // numbers the parts of a template as texts.
  const steps = fc.oneof(
    // One step that trims places: each takes off as many bytes as the token has spaces.
    fc.tuple(byteLevel, fc.oneof(bert, robertaThat(fc.constant(false)), template(known))),
    fc.array(byteLevel, { maxLength: 1 }),
  );
  return fc.oneof(
    bert,
    roberta,
    template(known),
    template(known),
    byteLevel,
    steps.map((processors) => ({ type: 'Sequence', processors: [...processors] })),
  );
}

interface Model extends Fields {
  readonly vocab?: Readonly<Record<string, number>> | readonly (readonly [string, number])[];
}

/** Returns the ids of a model's tokens, of one that is there twice the last. */
function idsOf({ vocab = {} }: Model): Map<string, number> {
  return new Map(
    Array.isArray(vocab)
      ? vocab.map(([token], id) => [token, id])
      : Object.entries(vocab as Readonly<Record<string, number>>),
  );
}

/** Added tokens, with the ids that the library gives. */
function addedTokens(model: Model): fc.Arbitrary<readonly Fields[]> {
  const ids = idsOf(model);
  const count = Array.isArray(model.vocab) ? model.vocab.length : ids.size;
  const content = fc.constantFrom(
    ...TOKEN_TEXTS,
    'a',
    'ab',
    'the',
    ' a',
    'É',
    '日本',
    '👍',
    'the quick',
    'I',
    ...ids.keys(),
  );
  const token = fc.record({ content, special: flag, single_word: flag, lstrip: flag, rstrip: flag, normalized: flag });
  return fc.uniqueArray(token, { maxLength: 6, selector: (one) => one.content }).map((tokens) => {
    let next = count;
    return tokens.map((one) => ({ id: ids.get(one.content) ?? next++, ...one }));
  });
}

/** What models know: letters of some scripts, the alphabet of bytes, marks of spaces. */
const alphabets = [
  ['a', 'b', 'c', 'é', '日', '😀', '▁', ' ', "'"],
  [...'abcdeABC0.,!▁'],
  ['▁', '▁the', 'a', 'b', 'e', '\u0301', '한', 'İ', '日', '本', '👩', '\u200d', '1', '.'],
  [...'Ġabetnh', 'Ã', '©', 'Ì', 'ģ', 'æ', 'ĹĽ', 'ð', 'Ł', 'ĺ', 'Ċ', 'Â', '1'],
];

/** The content of a tokenizer.json made of random stages with random options, which the library can read. */
export const anyTokenizer: fc.Arbitrary<Fields> = fc.constantFrom(...alphabets).chain((letters) =>
  modelOver(letters).chain((model) =>
    addedTokens(model).chain((added) => {
      const known: Known = [
        ...idsOf(model),
        ...added.map(({ content, id }) => [content, id] as [string, number]),
      ].slice(-6);
      return fc.record({
        version: fc.constant('1.0'),
        truncation: fc.constant(null),
        padding: fc.constant(null),
        added_tokens: fc.constant(added),
        normalizer: fc.option(normalizer, { nil: null }),
        pre_tokenizer: fc.option(preTokenizer, { nil: null, freq: 8 }),
        post_processor: fc.option(postProcessor(known), { nil: null }),
        decoder: fc.option(decoder, { nil: null }),
        model: fc.constant(model),
      });
    }),
  ),
);
