import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { loadTokenizer, type Tokenizer } from '../../src/text/index.ts';

const test = suite('long texts');

/** Code units of a text. A million take minutes: `TEXT_UNITS=1000000 node test/run.ts text/long-texts`. */
const units = Number(process.env.TEXT_UNITS ?? 30_000);
/** Five times what the slowest takes; a step of some nanoseconds for each pair of units would take more. */
const mostSeconds = 0.4 + (5 * units) / 1e6;

/** One text of each kind that takes some tokenizers a time which grows with the square of its length, if carelessly made. */
const repeated: readonly string[] = [
  ...['a', ' ', '\n', '\n ', '\r\n', '7', "'", "''s", '!', '\0', '<', '<s', '[MAS'],
  ...['ж', 'Σ', 'İ', '\u00a0', '北', '각', 'ᄀ', 'क्', '👨\u200d👩\u200d👧\u200d', '\u0301', '\u0301\u0323'],
];
const letters = [...'etaoinshrdlu'];
const mixed = [
  'a',
  ' ',
  'é',
  'e\u0301',
  '北',
  '😀',
  '\n',
  "'",
  '1',
  '.',
  '\u200d',
  '각',
  'Ａ',
  'ﬁ',
  '\u0323',
  '\u00a0',
];

/** Joins texts in an order without rules. */
function shuffled(texts: readonly string[]): string {
  let state = 1;
  const drawn = Array.from({ length: Math.ceil(units / 1.2) }, () => {
    state = (state * 16807) % 0x7fffffff;
    return texts[state % texts.length];
  });
  return drawn.join('').slice(0, units);
}

const longTexts = [
  ...repeated.map((part) => part.repeat(Math.ceil(units / part.length))),
  `${' '.repeat(units)}x`,
  `a${'\u0301'.repeat(units)}`,
  shuffled(letters),
  shuffled(mixed),
];

/** Seconds of the processor: others may hold it meanwhile. */
function secondsOf(tokenizer: Tokenizer, text: string): number {
  const before = process.cpuUsage();
  assert.ok(tokenizer.encode(text).ids.length > 0);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const folder = join(import.meta.dirname, '..', 'golden', 'data', 'tokenizers');
const kinds = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'tokenizer.json')));
assert.ok(kinds.length >= 20);

for (const name of kinds) {
  test(`${name}: the time for a text grows as its length does`, () => {
    const tokenizer = loadTokenizer(join(folder, name));
    for (const text of longTexts) {
      let seconds = secondsOf(tokenizer, text);
      // What is compiled and collected meanwhile counted too.
      for (let again = 0; seconds >= mostSeconds && again < 2; again++) seconds = secondsOf(tokenizer, text);
      assert.ok(seconds < mostSeconds, `${seconds} s for ${JSON.stringify(text.slice(0, 8))}`);
    }
  });
}

test.run();
