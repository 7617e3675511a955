/**
 * Writes src/text/pre-tokenizers/script-table.ts: the scripts of the Rust library, the npm package `tokenizers` in this
 * folder, found out by cutting texts of two characters. Run after `npm ci --prefix test/peers`:
 * `node test/peers/script-table.ts`.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { CODE_POINTS } from '../../src/text/unicode/code-points.ts';
import { writtenNumbers } from '../support/written-numbers.ts';

interface Library {
  readonly Tokenizer: {
    fromString(definition: string): { getPreTokenizer(): { preTokenizeString(text: string): readonly unknown[] } };
  };
}
const { Tokenizer } = createRequire(import.meta.url)('tokenizers') as Library;
const cutter = Tokenizer.fromString(
  JSON.stringify({
    added_tokens: [],
    pre_tokenizer: { type: 'UnicodeScripts' },
    model: { type: 'WordLevel', vocab: { a: 0 }, unk_token: 'a' },
  }),
).getPreTokenizer();
const isJoined = (first: string, second: string) => cutter.preTokenizeString(first + second).length === 1;

const NONE = -1;
/** A character of each script. */
const known = ['A', '漢'];

function scriptOf(character: string, last: number): number {
  if (isJoined(known[0], character) && isJoined(known[1], character)) return NONE;
  if (last !== NONE && isJoined(known[last], character)) return last;
  const script = known.findIndex((other) => isJoined(other, character));
  return script === NONE ? known.push(character) - 1 : script;
}

const runs: [script: number, length: number][] = [];
for (let codePoint = 0, last = NONE; codePoint < CODE_POINTS; codePoint++) {
  // Surrogates are in no text of the library.
  const isSurrogate = codePoint >= 0xd800 && codePoint < 0xe000;
  const script = isSurrogate ? NONE : scriptOf(String.fromCodePoint(codePoint), last);
  if (script === last && runs.length > 0) runs[runs.length - 1][1]++;
  else runs.push([script, 1]);
  last = script;
}

/** The scripts with many runs first, whose numbers are written in one digit. */
const count = (script: number) => runs.filter(([other]) => other === script).length;
const order = known.map((_, script) => script).sort((a, b) => count(b) - count(a));
const table = writtenNumbers(runs.flatMap(([script, length]) => [order.indexOf(script) + 1, length]));
const parts = table.match(/.{1,100}/g)!;
const lines = [
  '/**',
  ' * The scripts of the Rust library, which are those of sentencepiece with Hiragana and Katakana as Han: number of the',
  ' * script, 0 for none, and length. Written by test/peers/script-table.ts.',
  ' */',
  'export const scriptRuns =',
  ...parts.map((part, i) => `  '${part}'${parts[i + 1] ? ' +' : ';'}`),
];
writeFileSync(join(import.meta.dirname, '../../src/text/pre-tokenizers/script-table.ts'), `${lines.join('\n')}\n`);
