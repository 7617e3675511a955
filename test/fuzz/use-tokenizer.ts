import type { Tokenizer } from '../../src/text/index.ts';

const text =
  "A very good ﬁlm, naïve e\u0301 北京 각 👩\u200d👧 and\r\n\n  not [MASK] <mask> dull: 12345 isn't\ud800 it?\u00a0";

/** Encodes and decodes a text, a pair and a list of words. @throws Error for ids or places that are none */
export function useTokenizer(tokenizer: Tokenizer): void {
  const windows = tokenizer.encode(text, 'the book', { maxLength: 32, returnOverflowingTokens: true, stride: 2 });
  for (const { ids, offsets, sequenceIds } of [tokenizer.encode(text), tokenizer.encode(['a', ' ', 'Ö']), windows]) {
    if (!ids.every((id) => Number.isSafeInteger(id) && id >= 0 && id < tokenizer.vocabSize)) {
      throw new Error(`ids that are none: ${ids}`);
    }
    if (
      !offsets.every(([start, end], i) => start >= 0 && start <= end && (sequenceIds[i] !== 0 || end <= text.length))
    ) {
      throw new Error(`places that are none: ${offsets.join(' ')}`);
    }
    tokenizer.decode(ids);
    tokenizer.decode(ids, { skipSpecialTokens: false, cleanUpTokenizationSpaces: true });
  }
  tokenizer.stages(text);
}
