import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AnsweredQuestion, squadScores, squadV2Scores } from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { permuted } from '../support/permuted.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: SQuAD 2.0');

const text = fc.constantFrom('Paris', 'Paris, France', 'in Paris', '1969', 'Café');
/** No two probabilities are equal: of equal ones the order decides the best threshold. */
const questions = fc
  .array(fc.record({ prediction: fc.oneof(text, fc.constant('')), answers: fc.array(text, { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((rows) => rows.map((row, i): AnsweredQuestion => ({ ...row, noAnswerProbability: (((i * 7) % 13) + 1) / 14 })));

test('questions with and without answers, counted by hand', () => {
  const rows = [
    { prediction: 'the Paris', answers: ['Paris', 'Lyon'], noAnswerProbability: 0.1 },
    { prediction: 'Nice', answers: [], noAnswerProbability: 0.6 },
    { prediction: 'in Rome', answers: ['Rome'], noAnswerProbability: 0.3 },
    { prediction: '', answers: [], noAnswerProbability: 0.9 },
  ];
  assertNear(squadV2Scores(rows), {
    exact: 2 / 4,
    f1: (1 + 2 / 3 + 1) / 4,
    total: 4,
    HasAns_exact: 1 / 2,
    HasAns_f1: 5 / 6,
    HasAns_total: 2,
    NoAns_exact: 1 / 2,
    NoAns_f1: 1 / 2,
    NoAns_total: 2,
    best_exact: 3 / 4,
    best_exact_thresh: 0.1,
    best_f1: (2 + 5 / 3) / 4,
    best_f1_thresh: 0.3,
  });
  assert.equal(squadV2Scores(rows, { threshold: 0.5 }).exact, 3 / 4);
});

test('two answers of which nothing is left agree, unlike in version 1.1', () => {
  const { exact, f1 } = squadV2Scores([{ prediction: 'the', answers: ['a'] }]);
  assert.deepEqual([exact, f1], [1, 1]);
  assert.equal(squadScores(['the'], [['a']]).f1, 0);
  assert.equal(squadV2Scores([{ prediction: 'x', answers: ['a'] }]).f1, 0);
});

test('the order of questions does not matter, and scores lie between 0 and 1', () => {
  forAll(fc.tuple(questions, fc.nat()), ([rows, seed]) => {
    const scores = squadV2Scores(rows);
    assertNear(squadV2Scores(permuted(seed, rows)[0]), scores);
    assert.ok(scores.exact >= 0 && scores.exact <= scores.f1 + 1e-12 && scores.f1 <= 1 + 1e-12);
    assert.ok(scores.best_exact >= scores.exact - 1e-12 && scores.best_f1 >= scores.f1 - 1e-12);
  });
});

test('no threshold is better than the best one, which gives what it promises', () => {
  forAll(questions, (rows) => {
    const { best_exact, best_exact_thresh, best_f1, best_f1_thresh } = squadV2Scores(rows);
    const at = (threshold: number) => squadV2Scores(rows, { threshold });
    // 0 stands for a threshold below all probabilities too.
    assertNear(at(best_exact_thresh).exact, best_exact);
    assertNear(at(best_f1_thresh).f1, best_f1);
    for (const threshold of [-1, ...rows.map(({ noAnswerProbability = 0 }) => noAnswerProbability)]) {
      assert.ok(at(threshold).exact <= best_exact + 1e-12 && at(threshold).f1 <= best_f1 + 1e-12);
    }
  });
});

test('answers that are all right have 1', () => {
  forAll(questions, (rows) => {
    const { exact, f1 } = squadV2Scores(rows.map((row) => ({ ...row, prediction: row.answers[0] ?? '' })));
    assert.deepEqual([exact, f1], [1, 1]);
  });
});

test('no questions are an error', () => {
  assert.throws(() => squadV2Scores([]), /^RangeError: there are no answers/);
});

test.run();
