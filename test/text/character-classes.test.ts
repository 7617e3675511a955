import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  combining,
  isPunctuation,
  isWhitespace,
  nonspacing,
  removedByBert,
  unassigned,
} from '../../src/text/unicode/character-classes.ts';
import { CODE_POINTS, CodePointSet, readNumbers } from '../../src/text/unicode/code-points.ts';
import { categorySet } from '../../src/text/unicode/general-category.ts';
import { numeric, onigurumaWordCharacters, wordCharacters } from '../../src/text/unicode/word-characters.ts';

const test = suite('classes of characters');

const isIn = (isMember: (codePoint: number) => boolean) => (text: string) =>
  [...text].filter((character) => isMember(character.codePointAt(0)!)).join('');

test('the classes have the members that the Rust library gives them', () => {
  assert.equal(
    isIn(isWhitespace)('a\t\n\v\f\r \x85\xa0\u180e\u200b\u2028\u3000\ufeff'),
    '\t\n\v\f\r \x85\xa0\u2028\u3000',
  );
  // U+061D is punctuation since Unicode 14 only, U+166D no longer.
  assert.equal(isIn(isPunctuation)('a!$~^_`«。、·\u166d\u061d€1'), '!$~^_`«。、·\u166d');
  assert.equal(
    isIn((codePoint) => numeric.has(codePoint))('a1٣Ⅷ½²㊿一\u{11de0}\u{16ff4}'),
    '1٣Ⅷ½²㊿\u{11de0}\u{16ff4}',
  );
  assert.equal(isIn((codePoint) => nonspacing.has(codePoint))('e\u0301\u0903\u20dd\u07fd'), '\u0301');
  assert.equal(isIn((codePoint) => combining.has(codePoint))('e\u0301\u0903\u20dd\u07fd'), '\u0301\u0903\u20dd');
  assert.equal(
    isIn((codePoint) => removedByBert.has(codePoint))('\0\t\n\x85\xad\u200d\ufeff\ufffd\ue000'),
    '\0\x85\xad\u200d\ufeff\ufffd\ue000',
  );
  const words = 'aß_1Ⅷ²½Ⓐ\u0301\u200d-𐵀一';
  assert.equal(isIn((codePoint) => wordCharacters().has(codePoint))(words), 'aß_1ⅧⒶ\u0301\u200d𐵀一');
  assert.equal(isIn((codePoint) => onigurumaWordCharacters().has(codePoint))(words), 'aß_1Ⅷ²½Ⓐ\u0301𐵀一');
});

test('each code point has one general category, of Unicode 16', () => {
  const names = [...'CLMNPSZ'].map((name) => categorySet(name)!);
  const count = (set: CodePointSet) => set.ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  assert.equal(
    names.map(count).reduce((sum, number) => sum + number),
    CODE_POINTS,
  );
  assert.equal(count(new CodePointSet(names.flatMap(({ ranges }) => ranges))), CODE_POINTS);
  // All but surrogates, private ones, graphic ones and formats, and controls.
  assert.equal(count(categorySet('Cn')!), CODE_POINTS - 0x800 - 0x1900 - 2 * 0xfffe - 154_998 - 65);
  assert.deepEqual(unassigned.ranges, categorySet('Cn')!.ranges);
  const members = (name: string) => isIn((codePoint) => categorySet(name)!.has(codePoint))('Aaǅʰ一1_\u1c89\ua7ce');
  assert.deepEqual(['L', 'Lu', 'Ll', 'LC', 'Pc'].map(members), ['Aaǅʰ一\u1c89', 'A\u1c89', 'a', 'Aaǅ\u1c89', '_']);
  assert.deepEqual([categorySet(''), categorySet('Q'), categorySet('Lx')], [undefined, undefined, undefined]);
});

test('numbers are read five bits at a time', () => {
  assert.deepEqual(readNumbers('ABfgBhBggB'), [0, 1, 31, 32, 33, 1024]);
});

const anyRanges = fc.array(
  fc
    .tuple(fc.nat(CODE_POINTS - 1), fc.integer({ min: 1, max: 300 }))
    .map(([from, length]): [number, number] => [from, Math.min(from + length, CODE_POINTS)]),
);

test('a set, its union and its source have the members of the ranges', () => {
  fc.assert(
    fc.property(anyRanges, anyRanges, fc.array(fc.nat(CODE_POINTS - 1)), (left, right, others) => {
      const set = new CodePointSet(left).union(new CodePointSet(right));
      const pattern = new RegExp(`^[${set.source}]$`, 'u');
      for (const codePoint of [...left, ...right]
        .flatMap(([from, to]) => [from - 1, from, to - 1, to])
        .concat(others)) {
        if (codePoint < 0 || codePoint >= CODE_POINTS) continue;
        const isMember = [...left, ...right].some(([from, to]) => from <= codePoint && codePoint < to);
        assert.equal(set.has(codePoint), isMember);
        assert.equal(pattern.test(String.fromCodePoint(codePoint)), isMember);
      }
    }),
  );
});

test.run();
