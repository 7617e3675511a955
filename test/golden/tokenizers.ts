import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { AlignedText } from '../../src/text/aligned-text.ts';
import { makeComponent } from '../../src/text/component.ts';
import { type Encoding, Tokenizer, type TruncationStrategy } from '../../src/text/index.ts';
import { normalizers } from '../../src/text/normalizers/index.ts';
import { type Area, type Case, type Compare, caseFolders, casesOf, readJson } from './framework.ts';

type Offsets = readonly (readonly [number, number])[];

interface WindowCase {
  readonly ids: number[];
  readonly type_ids: number[];
}

interface Expected {
  readonly texts: readonly {
    readonly text: string;
    readonly ids: number[];
    readonly offsets: Offsets;
    readonly special: number[];
    readonly decoded: string;
    readonly decoded_all: string;
    /** Places of tokens that stand elsewhere than the library says. */
    readonly doubtful?: readonly number[];
  }[];
  readonly pairs: readonly (WindowCase & { readonly first: string; readonly second: string })[];
  readonly truncated: readonly (Partial<WindowCase> & {
    readonly first: string;
    readonly second?: string | null;
    readonly truncation: {
      readonly max_length: number;
      readonly strategy: TruncationStrategy;
      readonly direction: 'right' | 'left';
      readonly stride: number;
    };
    readonly overflowing?: readonly WindowCase[];
    readonly error?: string;
  })[];
}

const units = (text: string): number[] => Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));

/** Spans without white space at both ends, of which the empty ones are equal, and without the marks that follow. */
function comparable(text: string, offsets: Offsets, doubtful: readonly number[] = []): number[] {
  return offsets.flatMap(([start, end], i) => {
    if (doubtful.includes(i)) return [-2, -2];
    let [from, to] = [start, end];
    const isLeftOut = (at: number) => /[\p{White_Space}]/u.test(text[at]);
    while (from < to && isLeftOut(from)) from++;
    while (to > from && isLeftOut(to - 1)) to--;
    while (to < text.length && /\p{M}/u.test(text[to])) to++;
    return from === to ? [-1, -1] : [from, to];
  });
}

function compareTexts(compare: Compare, tokenizer: Tokenizer, texts: Expected['texts']): void {
  for (const { text, ids, offsets, special, decoded, decoded_all, doubtful } of texts) {
    const name = JSON.stringify(text);
    const got = tokenizer.encode(text);
    compare(`ids of ${name}`, got.ids, ids, 0);
    if (got.ids.length === ids.length) {
      compare(`offsets of ${name}`, comparable(text, got.offsets, doubtful), comparable(text, offsets, doubtful), 0);
    }
    const places = got.specialTokensMask.flatMap((isSpecial, i) => (isSpecial === 1 ? [i] : []));
    compare(`special tokens of ${name}`, places, special, 0);
    const plain = { cleanUpTokenizationSpaces: false };
    compare(`decoded ${name}`, units(tokenizer.decode(ids, plain)), units(decoded), 0);
    const all = tokenizer.decode(ids, { ...plain, skipSpecialTokens: false });
    compare(`decoded with special tokens ${name}`, units(all), units(decoded_all), 0);
  }
}

function compareWindow(compare: Compare, name: string, got: Encoding | undefined, expected: WindowCase): void {
  compare(`ids of ${name}`, got?.ids, expected.ids, 0);
  compare(`types of ${name}`, got?.typeIds, expected.type_ids, 0);
}

function comparePairs(compare: Compare, tokenizer: Tokenizer, pairs: Expected['pairs']): void {
  for (const { first, second, ...expected } of pairs) {
    compareWindow(compare, JSON.stringify([first, second]), tokenizer.encode(first, second), expected);
  }
}

function compareTruncated(compare: Compare, tokenizer: Tokenizer, truncated: Expected['truncated']): void {
  for (const { first, second, truncation, ids, type_ids, overflowing = [], error } of truncated) {
    const name = JSON.stringify(truncation);
    const { max_length: maxLength, strategy, direction: truncationSide, stride } = truncation;
    const encode = () =>
      tokenizer.encode(first, second, {
        maxLength,
        truncation: strategy,
        truncationSide,
        stride,
        returnOverflowingTokens: true,
      });
    if (error !== undefined) {
      compare(`refusal of ${name}`, [isRefused(encode) ? 1 : 0], [1], 0);
      continue;
    }
    const got = encode();
    compareWindow(compare, name, got, { ids: ids as number[], type_ids: type_ids as number[] });
    compare(`number of other windows of ${name}`, [got.overflowing.length], [overflowing.length], 0);
    overflowing.forEach((window, i) => {
      compareWindow(compare, `window ${i} of ${name}`, got.overflowing[i], window);
    });
  }
}

function isRefused(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch {
    return true;
  }
}

function tokenizerCase(folder: string): Case {
  return {
    name: folder,
    isOfNoBackend: true,
    run: (compare) => {
      const tokenizer = new Tokenizer(readJson(folder, 'tokenizer.json'));
      const { texts, pairs, truncated } = readJson<Expected>(folder, 'expected.json');
      compareTexts(compare, tokenizer, texts);
      comparePairs(compare, tokenizer, pairs);
      compareTruncated(compare, tokenizer, truncated);
    },
  };
}

/** What a whole map of sentencepiece makes of characters and of texts. */
function charsmapCase(folder: string): Case {
  return {
    name: folder,
    isOfNoBackend: true,
    run: (compare) => {
      const charsmap = gunzipSync(readFileSync(join(folder, 'charsmap.bin.gz'))).toString('base64');
      const normalize = makeComponent(normalizers, { type: 'Precompiled', precompiled_charsmap: charsmap });
      const { characters, unchanged_here_but_not_by_nfkc, texts } = readJson<{
        readonly characters: Readonly<Record<string, string>>;
        readonly unchanged_here_but_not_by_nfkc: readonly string[];
        readonly texts: Readonly<Record<string, string>>;
      }>(folder, 'normalized.json');
      const unchanged = Object.fromEntries(unchanged_here_but_not_by_nfkc.map((text) => [text, text]));
      for (const [text, expected] of Object.entries({ ...characters, ...unchanged, ...texts })) {
        compare(JSON.stringify(text), units(normalize(AlignedText.of(text)).text), units(expected), 0);
      }
    },
  };
}

export const tokenizers: Area = {
  name: 'tokenizers',
  backends: [],
  cases: (folder) =>
    caseFolders(join(folder, 'tokenizers')).flatMap((path) =>
      casesOf(path, () => [existsSync(join(path, 'expected.json')) ? tokenizerCase(path) : charsmapCase(path)]),
    ),
};
