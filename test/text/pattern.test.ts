import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { compilePattern, type PatternFields } from '../../src/text/pattern.ts';
import { found } from './patterns.ts';

const test = suite('patterns of a tokenizer.json');

function matches(pattern: PatternFields, text: string): string[] {
  const found: string[] = [];
  compilePattern(pattern)(text, (start, end) => found.push(text.slice(start, end)));
  return found;
}

for (const [expression, text, ...expected] of found) {
  test(`${expression} finds what the library finds`, () => {
    assert.deepEqual(
      matches({ Regex: expression }, text).filter((match) => match !== ''),
      expected,
    );
  });
}

test('an empty match is none right behind another match', () => {
  const places: number[] = [];
  compilePattern({ Regex: 'x*' })('axx😀b', (start, end) => places.push(start, end));
  assert.deepEqual(places, [0, 0, 1, 3, 5, 5, 6, 6]);
});

test('no match is within a character', () => {
  const places: number[] = [];
  compilePattern({ Regex: '\\B' })('a😀b!!', (start) => places.push(start));
  assert.deepEqual(places, [5, 6]);
});

test('a text is searched as it is, and an empty one is everywhere', () => {
  assert.deepEqual(matches({ String: '.a' }, 'a.a.aa'), ['.a', '.a']);
  assert.equal(matches({ String: '' }, '😀b').length, 3);
});

const refused: readonly (readonly [expression: string, problem: RegExp])[] = [
  ['\\Ka', /\\K/],
  ['\\Ga', /\\G/],
  ['\\X', /\\X/],
  ['\\y|\\Y', /\\y/],
  ['(a)\\g<1>', /\\g/],
  ['(?~a)', /absent/],
  ['(a)(?(1)b|c)', /condition/],
  ['(?{x})', /callout/],
  ['(*FAIL)', /callout/],
  ['(?:(a)|b)\\1', /may not have matched/],
  ['(?i:(a)\\1)', /\(\?i\)/],
  ['(?:|a)*', /nothing/],
  ['a*?+', /lazy/],
  ['(?<=(?>a+))b', /look behind/],
  ['\\p{In_Basic_Latin}', /In_Basic_Latin/],
  ['\\xC3\\xA9', /byte/],
  ['(?s:.)', /\(\?s/],
  ['[z-a]', /empty range/],
  ['[\\w-z]', /range/],
  ['[]', /empty class/],
  ['*a', /quantifier/],
  ['^*', /place/],
  ['(a', /without its \)/],
  ['a)', /without its \(/],
  ['[a', /without its \]/],
  ['a\\', /\\/],
  ['a{100001}', /100000/],
];

for (const [expression, problem] of refused) {
  test(`${expression} is refused by what it has`, () => {
    assert.throws(
      () => compilePattern({ Regex: expression }),
      (error) => error instanceof InputError && problem.test(error.message) && !error.message.includes('\n'),
    );
  });
}

test('runs of a million characters take no quadratic time', () => {
  const gpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  const start = performance.now();
  for (const character of ['a', ' ', '!', '漢', '😀']) {
    assert.ok(matches({ Regex: gpt2 }, `${character.repeat(1_000_000)}a`).length <= 3);
  }
  assert.ok(performance.now() - start < 5000);
});

test('any text is read or refused in one line', () => {
  const piece = fc.constantFrom(
    ...'()[]{}|?*+^$.\\-&:,1aZé😀#= <>!~',
    '(?',
    '(?i:',
    '[[:',
    '\\p{',
    '\\x{',
    '(?<',
    '&&',
    ':]]',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        compilePattern({ Regex: pieces.join('') });
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test.run();
