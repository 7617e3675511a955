import fc from 'fast-check';

/** A model as in a tokenizer.json, and words to cut, some of whose characters it does not know. */
export interface ModelAndWords {
  readonly model: Fields;
  readonly words: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;
type Pieces = fc.Arbitrary<readonly string[]>;

const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
/** Tokens for all bytes, for none, or for all but one that letters have. */
const someBytes = fc.constantFrom([], bytes, bytes, bytes.toSpliced(0xa9, 1));
const idsOf = (tokens: readonly string[]) => Object.fromEntries([...new Set(tokens)].map((token, id) => [token, id]));

const wordPiece = (pieces: Pieces): fc.Arbitrary<Fields> =>
  fc
    .record({ first: pieces, others: pieces, prefix: fc.constantFrom('##', ''), most: fc.constantFrom(100, 5, 0) })
    .map(({ first, others, prefix, most }) => ({
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: most,
      vocab: idsOf(['[UNK]', ...first, ...others.map((one) => prefix + one)]),
    }));

const wordLevel = (pieces: Pieces): fc.Arbitrary<Fields> =>
  pieces.map((tokens) => ({
    type: 'WordLevel',
    unk_token: '[UNK]',
    vocab: idsOf(['[UNK]', ...tokens]),
  }));

const unigram = (pieces: Pieces): fc.Arbitrary<Fields> =>
  fc
    .record({
      tokens: pieces,
      bytes: someBytes,
      scores: fc.infiniteStream(fc.oneof(fc.integer({ min: -4, max: 0 }), fc.double({ min: -9, max: 0, noNaN: true }))),
      unknown: fc.constantFrom(0, 0, 1),
    })
    .map(({ tokens, bytes, scores, unknown }) => ({
      type: 'Unigram',
      unk_id: unknown,
      byte_fallback: bytes.length > 0,
      vocab: ['<unk>', 'zz', ...tokens, ...bytes].map((token) => [token, scores.next().value]),
    }));

/** Merges of symbols, and of what earlier merges make, and all that they make. */
function mergesOf(choices: readonly (readonly [number, number])[], symbols: readonly string[], prefix: string) {
  const tokens = [...symbols];
  const merges: [string, string][] = [];
  for (const [one, other] of choices) {
    const first = tokens[one % tokens.length];
    const second = tokens[other % tokens.length];
    if (first.endsWith('</w>') || !second.startsWith(prefix)) continue;
    merges.push([first, second]);
    tokens.push(first + second.slice(prefix.length));
  }
  return { tokens, merges };
}

const bpe = (letters: readonly string[]): fc.Arbitrary<Fields> =>
  fc
    .record({
      choices: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 30 }),
      affixes: fc.constantFrom(['', ''], ['', ''], ['##', ''], ['', '</w>'], ['##', '</w>']),
      known: fc.subarray([...letters], { minLength: 1 }),
      bytes: someBytes,
      flags: fc.record({ fuse_unk: fc.boolean(), ignore_merges: fc.boolean(), asTexts: fc.boolean() }),
      unknown: fc.constantFrom('<unk>', '<unk>', null),
      isShuffled: fc.boolean(),
    })
    .map(({ choices, affixes: [prefix, suffix], known, bytes, flags: { asTexts, ...flags }, unknown, isShuffled }) => {
      // The library's spans go beyond a word of which it takes prefixes and suffixes as bytes too.
      const fallback = prefix + suffix === '' ? bytes : [];
      const symbols = known.flatMap((one) => [prefix, ''].flatMap((start) => [start + one, start + one + suffix]));
      const merging = [...symbols, '<unk>', ...fallback.filter((byte) => /[EC][0-9]>/.test(byte))];
      const { tokens, merges } = mergesOf(choices, merging, prefix);
      const ordered = isShuffled ? merges.toSorted(([one], [other]) => (one < other ? 1 : -1)) : merges;
      return {
        type: 'BPE',
        dropout: null,
        unk_token: unknown,
        continuing_subword_prefix: prefix,
        end_of_word_suffix: suffix,
        byte_fallback: fallback.length > 0,
        ...flags,
        vocab: idsOf(['<unk>', ...fallback, ...tokens]),
        merges: asTexts ? ordered.map((pair) => pair.join(' ')) : ordered,
      };
    });

/** Models of all kinds with small random vocabularies of some letters, which may be of several characters. */
export function modelOver(letters: readonly string[]): fc.Arbitrary<Fields> {
  const piece = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 4 });
  const pieces = fc.array(piece, { maxLength: 14 });
  return fc.oneof(wordPiece(pieces), wordLevel(pieces), unigram(pieces), bpe(letters), bpe(letters));
}

const LETTERS = ['a', 'b', 'é', '日', '😀'];
const letter = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...LETTERS) }, fc.constantFrom('z', '東', '😁'));

/** Models over a few letters, and words of these and of some more. */
export const anyModel: fc.Arbitrary<ModelAndWords> = fc.record({
  model: modelOver(LETTERS),
  words: fc.array(fc.string({ unit: letter, minLength: 1 }), { minLength: 1, maxLength: 8 }),
});
