import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { answerF1, exactMatch, normalizeAnswer, squadScores } from '../../src/metrics/index.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: SQuAD');

const word = fc.constantFrom(
  'the',
  'a',
  'An',
  'Café',
  'U.S.',
  '10,000',
  '“x”',
  'é',
  'naïve',
  '日本',
  'to-day',
  '_',
  '!',
);
const answer = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));

test('equal answers score 1, and F1 is 0 only where nothing is left of them', () => {
  forAll(answer, (text) => {
    assert.equal(exactMatch(text, text), 1);
    assert.equal(answerF1(text, text), normalizeAnswer(text) === '' ? 0 : 1);
  });
});

test('case, articles, ASCII punctuation and white space do not count', () => {
  forAll(fc.tuple(answer, answer), ([prediction, reference]) => {
    const changed = `  The ${prediction.toUpperCase().replaceAll(' ', ' \t!  ')}\u00a0a.`;
    assert.equal(normalizeAnswer(changed), normalizeAnswer(prediction));
    assert.equal(exactMatch(changed, reference), exactMatch(prediction, reference));
    assert.equal(answerF1(changed, reference), answerF1(prediction, reference));
  });
});

test('normalizing twice changes nothing more', () => {
  forAll(answer, (text) => assert.equal(normalizeAnswer(normalizeAnswer(text)), normalizeAnswer(text)));
});

test('F1 is symmetric, does not depend on the order of words, and lies between 0 and 1', () => {
  forAll(
    fc.tuple(fc.array(word, { maxLength: 6 }), answer),
    ([words, reference]) => {
      const f1 = answerF1(words.join(' '), reference);
      assert.ok(f1 >= 0 && f1 <= 1);
      assert.ok(Math.abs(f1 - answerF1(reference, words.join(' '))) < 1e-12);
      assert.equal(answerF1(words.toReversed().join(' '), reference), f1);
      if (exactMatch(words.join(' '), reference) === 1 && normalizeAnswer(reference) !== '') assert.equal(f1, 1);
    },
    60,
  );
});

test('more references never make a score worse, and the best one counts', () => {
  forAll(fc.tuple(answer, fc.array(answer, { minLength: 1, maxLength: 4 })), ([prediction, references]) => {
    const { exact_match, f1 } = squadScores([prediction], [references]);
    assert.equal(exact_match, Math.max(...references.map((reference) => exactMatch(prediction, reference))));
    const fewer = squadScores([prediction], [references.slice(0, 1)]);
    assert.ok(fewer.f1 <= f1 && fewer.exact_match <= exact_match);
    assert.deepEqual(squadScores([prediction], [references.toReversed()]), { exact_match, f1 });
  });
});

test('words end where Unicode says', () => {
  assert.equal(normalizeAnswer('éa théa a ña'), 'éa théa ña');
  assert.equal(normalizeAnswer('a\u0301 the_x'), '\u0301 thex');
  assert.equal(normalizeAnswer('x\u001cy\u0085z\ufeffw'), 'x y z\ufeffw');
});

test('what cannot be compared is an error', () => {
  assert.throws(() => squadScores(['a'], []), RangeError);
  assert.throws(() => squadScores([], []), /^RangeError: there are no answers/);
  assert.throws(() => squadScores(['a'], [[]]), /answer 0 has no reference/);
});

test.run();
