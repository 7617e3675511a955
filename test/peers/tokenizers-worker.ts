/**
 * The Rust library `tokenizers` as a process of its own: a panic of it ends the process it is in. It answers the messages of
 * tokenizers-library.ts one after the other.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Answer, LibraryEncoding, Request } from './tokenizers-library.ts';

/** What is used of the types of the package, which do not compile. */
interface NativeEncoding {
  getIds(): number[];
  getTypeIds(): number[];
  getSpecialTokensMask(): number[];
  getOffsets(): [number, number][];
  getTokens(): string[];
  getWordIds(): (number | null | undefined)[];
  getSequenceIds(): (number | null | undefined)[];
  getOverflowing(): NativeEncoding[];
}
interface NativeTokenizer {
  encode(text: string, pair: string | null, options: { readonly addSpecialTokens: boolean }): Promise<NativeEncoding>;
  decode(ids: readonly number[], skipSpecialTokens: boolean): Promise<string>;
  setTruncation(maxLength: number, options: object): void;
  disableTruncation(): void;
  postProcess(encoding: NativeEncoding, pair: NativeEncoding | undefined, addSpecialTokens: boolean): NativeEncoding;
}

const require = createRequire(join(import.meta.dirname, 'package.json'));
const { Tokenizer } = require('tokenizers') as { readonly Tokenizer: { fromString(json: string): NativeTokenizer } };

/** The processor that gives a text alone the type of a second one. */
const secondType = {
  type: 'TemplateProcessing',
  single: [{ Sequence: { id: 'A', type_id: 1 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: {},
};

interface Loaded {
  readonly whole: NativeTokenizer;
  /** Without the post-processor, for texts that are put together later. */
  readonly bare: NativeTokenizer;
  /** The same, whose tokens have type 1. */
  readonly second: NativeTokenizer;
}
let loaded: Loaded;

function load(json: string): Loaded {
  const whole = Tokenizer.fromString(json);
  const fields = JSON.parse(json);
  const withProcessor = (post_processor: unknown) =>
    Tokenizer.fromString(JSON.stringify({ ...fields, post_processor }));
  return { whole, bare: withProcessor(null), second: withProcessor(secondType) };
}

const orNull = (numbers: readonly (number | null | undefined)[]) => numbers.map((number) => number ?? null);

const plain = (encoding: NativeEncoding): LibraryEncoding => ({
  ids: encoding.getIds(),
  typeIds: encoding.getTypeIds(),
  specialTokensMask: encoding.getSpecialTokensMask(),
  offsets: encoding.getOffsets(),
  tokens: encoding.getTokens(),
  wordIds: orNull(encoding.getWordIds()),
  sequenceIds: orNull(encoding.getSequenceIds()),
  overflowing: encoding.getOverflowing().map(plain),
});

/** Encodings have windows only where texts are put together after they were encoded: `encode` drops them. */
async function windows(request: Extract<Request, { kind: 'windows' }>): Promise<LibraryEncoding> {
  const { text, pair, addSpecialTokens, maxLength, ...options } = request;
  const bare = (tokenizer: NativeTokenizer, one: string) => tokenizer.encode(one, null, { addSpecialTokens: false });
  const first = await bare(loaded.bare, text);
  const second = pair === null ? undefined : await bare(loaded.bare, pair);
  const typed = pair === null ? undefined : await bare(loaded.second, pair);
  loaded.whole.setTruncation(maxLength, options);
  try {
    const processed = plain(loaded.whole.postProcess(first, second, addSpecialTokens));
    if (typed === undefined) return processed;
    // A second text that has its type knows that it is a sequence of its own, which confuses the library's sequence ids.
    const again = loaded.whole.postProcess(first, typed, addSpecialTokens);
    const types = again.getOverflowing().map((window) => window.getTypeIds());
    const overflowing = processed.overflowing.map((window, i) => ({ ...window, typeIds: types[i] }));
    return { ...processed, typeIds: again.getTypeIds(), overflowing };
  } finally {
    loaded.whole.disableTruncation();
  }
}

async function answer(request: Request): Promise<Answer> {
  switch (request.kind) {
    case 'load':
      loaded = load(request.json);
      return { kind: 'loaded' };
    case 'encode': {
      const encodings: LibraryEncoding[] = [];
      for (const { text, pair, addSpecialTokens } of request.inputs) {
        encodings.push(plain(await loaded.whole.encode(text, pair, { addSpecialTokens })));
      }
      return { kind: 'encodings', encodings };
    }
    case 'windows':
      return { kind: 'encodings', encodings: [await windows(request)] };
    case 'decode': {
      const texts: string[] = [];
      for (const { ids, skipSpecialTokens } of request.inputs) {
        texts.push(await loaded.whole.decode(ids, skipSpecialTokens));
      }
      return { kind: 'texts', texts };
    }
  }
}

process.on('message', async (request: Request) => {
  try {
    process.send!(await answer(request));
  } catch (error) {
    process.send!({ kind: 'refused', message: error instanceof Error ? error.message : String(error) });
  }
});
