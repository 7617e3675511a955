import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { retrievalReport } from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: retrieval');

const id = fc.constantFrom('9', '10', 'a', 'B', 'é', '\uff61', '😀', 'constructor', '__proto__', 'doc-1', 'doc-10');
const documents = (value: fc.Arbitrary<number>): fc.Arbitrary<Record<string, number>> =>
  fc.array(fc.tuple(id, value), { maxLength: 11 }).map(Object.fromEntries);
const queries = (value: fc.Arbitrary<number>): fc.Arbitrary<Record<string, Record<string, number>>> =>
  fc
    .array(fc.tuple(fc.constantFrom('q', '1', '2', 'toString'), documents(value)), { minLength: 1, maxLength: 4 })
    .map(Object.fromEntries);
const scores = queries(fc.integer({ min: -3, max: 3 }));
/** With a query that counts in any case. */
const grades = queries(fc.integer({ min: -1, max: 3 })).map((qrels): typeof qrels => ({
  ...qrels,
  judged: { right: 1 },
}));

test('one query counted by hand', () => {
  const run = { q: { a: 3, b: 2, c: 2, d: 1 } };
  const qrels = { q: { a: 0, b: 1, d: 2, e: 3 } };
  const { mean } = retrievalReport(run, qrels, [2, 4]);
  // In order: a, c, b, d.
  const best = 3 + 2 / Math.log2(3);
  assertNear(mean, {
    'ndcg@2': 0,
    'recall@2': 0,
    'precision@2': 0,
    'mrr@2': 0,
    'map@2': 0,
    'ndcg@4': (1 / Math.log2(4) + 2 / Math.log2(5)) / (best + 1 / Math.log2(4)),
    'recall@4': 2 / 3,
    'precision@4': 2 / 4,
    'mrr@4': 1 / 3,
    'map@4': (1 / 3 + 2 / 4) / 3,
  });
});

test('of equal scores the larger id is the first, compared as bytes', () => {
  const ids = ['', '10', '9', 'B', 'a', 'a0', 'é', '\ud7ff', '\ue000', '\uffff', '𐀀', '😀'];
  assert.deepEqual(
    ids.map((text) => Buffer.from(text)),
    ids.map((text) => Buffer.from(text)).sort(Buffer.compare),
  );
  const run = { q: Object.fromEntries(ids.map((name) => [name, 0.5])) };
  ids.forEach((name, i) => {
    const { mean } = retrievalReport(run, { q: { [name]: 1 } }, [100]);
    assertNear(mean['mrr@100'], 1 / (ids.length - i));
  });
});

test('the order of queries and documents does not matter, and scores lie between 0 and 1', () => {
  forAll(fc.tuple(scores, grades), ([run, qrels]) => {
    const report = retrievalReport(run, qrels);
    const reversed = <T extends object>(table: T): T => Object.fromEntries(Object.entries(table).reverse()) as T;
    const deep = (table: Record<string, Record<string, number>>) =>
      reversed(Object.fromEntries(Object.entries(table).map(([query, row]) => [query, reversed(row)])));
    assertNear(retrievalReport(deep(run), deep(qrels)), report);
    for (const value of Object.values(report.mean)) assert.ok(value >= 0 && value <= 1 + 1e-12);
    for (const query of Object.keys(qrels)) {
      const isJudged = Object.values(qrels[query]).some((grade) => grade > 0);
      assert.equal(Object.hasOwn(report.perQuery, query), isJudged, query);
    }
  });
});

test('a run in the order of the grades is perfect, and a query that it lacks has 0', () => {
  forAll(grades, (qrels) => {
    const { mean } = retrievalReport(qrels, qrels, [1, 5, 100]);
    for (const k of [1, 5, 100] as const) assertNear([mean[`ndcg@${k}`], mean[`mrr@${k}`]], [1, 1]);
    assertNear([mean['recall@100'], mean['map@100']], [1, 1]);
    for (const value of Object.values(retrievalReport({}, qrels).mean)) assert.equal(value, 0);
  });
});

test('more places never lower recall and the reciprocal rank, nor the mean average precision', () => {
  forAll(fc.tuple(scores, grades), ([run, qrels]) => {
    const { mean } = retrievalReport(run, qrels, [1, 2, 5, 100]);
    for (const name of ['recall', 'mrr', 'map'] as const) {
      const values = ([1, 2, 5, 100] as const).map((k) => mean[`${name}@${k}`]);
      assert.deepEqual(
        values,
        values.toSorted((a, b) => a - b),
      );
    }
  });
});

test('what cannot be scored is named', () => {
  assert.throws(() => retrievalReport({}, { q: { a: 0 } }), /no query has a relevant document/);
  assert.throws(
    () => retrievalReport({ q: { a: Number.NaN } }, { q: { a: 1 } }),
    /document a of query q has the score NaN/,
  );
  assert.throws(() => retrievalReport({}, { q: { a: Number.POSITIVE_INFINITY } }), /has the grade Infinity/);
  assert.throws(() => retrievalReport({}, { q: { a: 1 } }, [0]), /k must be a whole number from 1, not 0/);
});

test.run();
