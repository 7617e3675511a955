import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  type BleuOptions,
  bleuTokenizers,
  corpusBleu,
  corpusChrf,
  corpusTer,
  sentenceBleu,
  sentenceChrf,
} from '../../src/metrics/index.ts';
import { assertNear } from '../support/near.ts';
import { permuted } from '../support/permuted.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: translation');

const word = fc.constantFrom('the', 'cat', 'sat', 'on', 'mat', '.', '3.5', '東京', '👍🏽', '(a)', 'The');
const sentence = fc.array(word, { maxLength: 9 }).map((words) => words.join(' '));
const corpus = fc.array(fc.tuple(sentence, sentence, sentence), { minLength: 1, maxLength: 5 }).map((rows) => ({
  hypotheses: rows.map(([hypothesis]) => hypothesis),
  references: [rows.map(([, first]) => first), rows.map(([, , second]) => second)],
}));
const hasWords = (texts: readonly string[]) => texts.some((text) => text !== '');

test('one sentence counted by hand', () => {
  const bleu = corpusBleu(['the cat sat on the mat'], [['the cat is on the mat']], { maxNgramOrder: 2 });
  assert.deepEqual([bleu.counts, bleu.totals, bleu.sysLen, bleu.refLen], [[5, 3], [6, 5], 6, 6]);
  assertNear(bleu.score, 100 * Math.sqrt((5 / 6) * (3 / 5)));
  assert.equal(bleu.signature, 'nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0');
  // "ab" and "abc": all letters of the first are in the second, of its pairs both have one.
  const chrf = corpusChrf(['ab'], [['abc']], { charOrder: 2, beta: 1 });
  const [precision, recall] = [1, (2 / 3 + 1 / 2) / 2];
  assertNear(chrf.score, (100 * 2 * precision * recall) / (precision + recall));
  // A run of two words is shifted, one word is wrong.
  const ter = corpusTer(['c d a b x'], [['a b c d e']]);
  assert.deepEqual([ter.numEdits, ter.refLength, ter.score], [2, 5, 40]);
  assert.equal(ter.signature, 'nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0');
});

test('the order of sentences and of references does not matter, and scores keep their bounds', () => {
  forAll(fc.tuple(corpus, fc.nat()), ([{ hypotheses, references }, seed]) => {
    const [h, first, second] = permuted(seed, hypotheses, references[0], references[1]);
    for (const score of [corpusBleu, corpusTer])
      assertNear(score(h, [second, first]), score(hypotheses, references), 1e-9);
    assertNear(corpusChrf(h, [first, second]), corpusChrf(hypotheses, references), 1e-9);
    for (const score of [corpusBleu, corpusChrf]) {
      const value = score(hypotheses, references).score;
      assert.ok(value >= 0 && value <= 100 + 1e-9);
    }
    assert.ok(corpusTer(hypotheses, references).score >= 0);
  });
});

test('a translation that equals a reference is perfect', () => {
  forAll(corpus, ({ hypotheses, references }) => {
    const both = [references[0], hypotheses];
    const isLong = hypotheses.some((text) => text.split(' ').length >= 4);
    if (hasWords(hypotheses))
      assertNear(corpusBleu(hypotheses, both, { effectiveOrder: true, tokenize: 'none' }).score, 100, 1e-9);
    if (isLong) assertNear(corpusBleu(hypotheses, [hypotheses]).score, 100, 1e-9);
    assertNear(corpusChrf(hypotheses, [hypotheses], { wordOrder: 2 }).score, hasWords(hypotheses) ? 100 : 0, 1e-9);
    assert.equal(corpusTer(hypotheses, both).numEdits, 0);
  });
});

test('a corpus of one sentence is the sentence', () => {
  forAll(fc.tuple(sentence, sentence), ([hypothesis, reference]) => {
    const options: BleuOptions = { effectiveOrder: true };
    assert.deepEqual(sentenceBleu(hypothesis, [reference]), corpusBleu([hypothesis], [[reference]], options));
    assert.deepEqual(sentenceChrf(hypothesis, [reference]), corpusChrf([hypothesis], [[reference]]));
  });
});

test('TER is at most the edit distance, and shifts are counted once', () => {
  forAll(fc.tuple(fc.array(word, { maxLength: 9 }), fc.array(word, { minLength: 1, maxLength: 9 })), ([a, b]) => {
    const lower = (words: readonly string[]) => words.map((one) => one.toLowerCase());
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (const [i, one] of lower(a).entries()) {
      const above = row;
      row = [i + 1];
      for (const [j, other] of lower(b).entries()) {
        row.push(Math.min(above[j] + (one === other ? 0 : 1), above[j + 1] + 1, row[j] + 1));
      }
    }
    assert.ok(corpusTer([a.join(' ')], [[b.join(' ')]]).numEdits <= row[b.length]);
  });
});

test('white space at the ends and case count as sacreBLEU has them', () => {
  const [hypothesis, reference] = ['The  cat\tsat.', 'the cat sat. \u00a0'];
  assert.equal(corpusBleu([hypothesis], [[reference]], { lowercase: true }).bp, 1);
  assertNear(corpusBleu([hypothesis], [[reference]], { lowercase: true }).score, 100, 1e-9);
  assert.ok(corpusBleu([hypothesis], [[reference]]).score < 100);
  assert.equal(corpusTer([hypothesis], [[reference]]).score, 0);
});

test('sentences may have different numbers of references', () => {
  const { signature, refLen } = corpusBleu(
    ['a b', 'c d'],
    [
      ['a b', 'c'],
      [null, 'c d'],
    ],
  );
  assert.ok(signature.startsWith('nrefs:var|'));
  assert.equal(refLen, 4);
  assert.throws(() => corpusBleu(['a', 'b'], [['a', null]]), /translation 1 has no reference/);
});

test('tokenizers leave no white space', () => {
  forAll(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
    for (const tokenize of Object.values(bleuTokenizers)) {
      for (const token of tokenize(text)) assert.ok(token !== '' && !/[ \t\n\r\u00a0\u2028]/.test(token));
    }
  });
});

test('empty translations have a score, no translations have none', () => {
  assert.deepEqual(
    [corpusBleu([''], [['a']]), corpusChrf([''], [['a']]), corpusTer([''], [['a']])].map(({ score }) => score),
    [0, 0, 100],
  );
  assert.deepEqual(
    [corpusTer([''], [['']]), corpusTer(['a b'], [['']])].map(({ score }) => score),
    [0, 100],
  );
  for (const score of [corpusBleu, corpusChrf, corpusTer]) {
    assert.throws(() => score([], []), /^RangeError: there are no translations/);
    assert.throws(
      () => score(['a'], [['a', 'b']]),
      /1 translations cannot be compared with 2 sentences of references\[0\]/,
    );
  }
});

test('options that there are not are named', () => {
  const of = (options: object) => () => corpusBleu(['a'], [['a']], options);
  assert.throws(
    of({ smooth: 'exp' }),
    /^TypeError: corpusBleu: unknown option "smooth"; there are: lowercase, tokenize/,
  );
  assert.throws(of({ tokenize: 'zh' }), /tokenize must be one of 13a, intl, char, none, not zh/);
  assert.throws(of({ smoothMethod: 'add' }), /smoothMethod must be one of exp, floor, add-k, none, not add/);
  assert.throws(of({ smoothValue: -1 }), /smoothValue must be 0 or more/);
  assert.throws(of({ maxNgramOrder: 0 }), /maxNgramOrder must be a whole number from 1/);
  assert.throws(() => corpusChrf(['a'], [['a']], { charOrder: 0 }), /charOrder must be a whole number from 1, not 0/);
  assert.throws(() => corpusChrf(['a'], [['a']], { beta: 0 }), /beta must be above 0/);
  assert.throws(() => corpusChrf(['a'], [['a']], { order: 2 } as object), /unknown option "order"/);
});

test.run();
