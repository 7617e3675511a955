import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { decodeAnswers, nullScoreDiff, type WindowLogits } from '../../src/data/index.ts';
import { forAll } from '../support/property.ts';

const test = suite('data: questions without an answer');

interface Case {
  readonly context: string;
  readonly nBest: number;
  readonly maxAnswerLength: number;
  readonly nullScoreDiffThreshold: number;
  readonly windows: readonly {
    readonly contextStart: number;
    readonly offsets: [number, number][];
    readonly starts: number[];
    readonly ends: number[];
  }[];
  /** Of `postprocess_qa_predictions` in transformers' `utils_qa.py`, with `version_2_with_negative`. */
  readonly expected: {
    readonly text: string;
    readonly null_score_diff: number;
    readonly null_probability: number;
    readonly probability: number;
    readonly count: number;
  };
}

const cases: Case[] = JSON.parse(readFileSync(join(import.meta.dirname, 'files', 'null-answers.json'), 'utf8'));
const windowsOf = ({ windows }: Pick<Case, 'windows'>) =>
  windows.map(({ contextStart, offsets, starts, ends }) => ({
    window: { ids: [], typeIds: [], question: 0, contextStart, offsets },
    logits: { starts, ends } satisfies WindowLogits,
  }));
const near = (value: number | null | undefined, expected: number) =>
  assert.ok(Math.abs(Number(value) - expected) < 1e-9, `${value} is not ${expected}`);

test('the answer, the difference and the probabilities are those of transformers', () => {
  assert.ok(cases.some(({ expected }) => expected.text === '') && cases.some(({ expected }) => expected.text !== ''));
  for (const one of cases) {
    const { context, nBest, maxAnswerLength, nullScoreDiffThreshold, expected } = one;
    const answers = decodeAnswers(context, windowsOf(one), { nBest, maxAnswerLength, nullScoreDiffThreshold });
    assert.equal(answers[0].text, expected.text);
    assert.equal(answers.length, expected.count);
    near(answers[0].probability, expected.probability);
    near(answers.find(({ text }) => text === '')?.probability, expected.null_probability);
    near(nullScoreDiff(answers), expected.null_score_diff);
  }
});

test('without a threshold there always is an answer, and the others stay as they are', () => {
  for (const one of cases) {
    const { context, nBest, maxAnswerLength } = one;
    const answers = decodeAnswers(context, windowsOf(one), { nBest, maxAnswerLength });
    assert.ok(answers.every(({ text }) => text !== ''));
    assert.equal(nullScoreDiff(answers), null);
    const never = decodeAnswers(context, windowsOf(one), { nBest, maxAnswerLength, nullScoreDiffThreshold: Infinity });
    assert.equal(never[0].text, answers[0].text);
  }
});

test('a question is left unanswered if and only if the difference is above the threshold', () => {
  forAll(fc.tuple(fc.constantFrom(...cases), fc.double({ min: -20, max: 20, noNaN: true })), ([one, threshold]) => {
    const { context, nBest, maxAnswerLength } = one;
    const answers = decodeAnswers(context, windowsOf(one), {
      nBest,
      maxAnswerLength,
      nullScoreDiffThreshold: threshold,
    });
    assert.equal(answers[0].text === '', Number(nullScoreDiff(answers)) > threshold);
    const total = answers.reduce((sum, { probability }) => sum + probability, 0);
    assert.ok(Math.abs(total - 1) < 1e-9);
  });
});

test.run();
