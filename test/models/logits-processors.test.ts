import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  expScores,
  forcedBosToken,
  forcedEosToken,
  type LogitsProcessor,
  minLengthBeforeEnd,
  noRepeatNgram,
  temperature,
  topK,
  topP,
} from '../../src/models/generation/logits-processors.ts';
import { forAll } from '../support/property.ts';
import { range } from '../support/values.ts';

const test = suite('models: score processors');

const vocabulary = 6;
const scores = fc
  .array(fc.integer({ min: -20, max: 20 }), { minLength: vocabulary, maxLength: vocabulary })
  .map((numbers) => Float32Array.from(numbers, (n) => n / 4));
const tokens = fc.array(fc.nat(vocabulary - 1), { minLength: 1, maxLength: 12 });
const cases = fc.record({ scores, tokens });

/** The tokens that can come, after a check that the others keep their scores and the given array its numbers. */
function possible(process: LogitsProcessor, given: Float32Array, before: readonly number[]): number[] {
  const copy = given.slice();
  const changed = process(given, before);
  assert.deepEqual(given, copy, 'the scores that were given are changed');
  const ids = range(vocabulary).filter((id) => changed[id] !== Number.NEGATIVE_INFINITY);
  for (const id of ids) assert.equal(changed[id], given[id]);
  return ids;
}

test('no run of n tokens comes twice', () => {
  for (const n of [1, 2, 3]) {
    forAll(cases, ({ scores, tokens }) => {
      const runs = new Set(range(Math.max(0, tokens.length - n + 1)).map((i) => tokens.slice(i, i + n).join()));
      const repeats = (id: number) => runs.has([...tokens, id].slice(-n).join());
      const expected = range(vocabulary).filter((id) => tokens.length < n - 1 || !repeats(id));
      assert.deepEqual(possible(noRepeatNgram(n), scores, tokens), expected);
    });
  }
});

test('the end waits for the minimum length', () => {
  forAll(cases, ({ scores, tokens }) => {
    const others = range(vocabulary).filter((id) => id !== 2 || tokens.length >= 5);
    assert.deepEqual(possible(minLengthBeforeEnd(5, 2), scores, tokens), others);
  });
});

test('forced tokens come at their places, for certain', () => {
  forAll(cases, ({ scores, tokens }) => {
    const alone = Float32Array.from({ length: vocabulary }, (_, id) => (id === 3 ? 0 : Number.NEGATIVE_INFINITY));
    assert.deepEqual(forcedBosToken(3)(scores, tokens), tokens.length === 1 ? alone : scores);
    assert.deepEqual(forcedEosToken(3, 6)(scores, tokens), tokens.length === 5 ? alone : scores);
  });
});

test('temperature divides', () => {
  forAll(cases, ({ scores, tokens }) => {
    assert.deepEqual(
      temperature(2)(scores, tokens),
      scores.map((x) => x / 2),
    );
  });
});

test('top-k keeps the k best, and what is as good as the last of them', () => {
  forAll(fc.record({ scores, k: fc.integer({ min: 1, max: 8 }) }), ({ scores, k }) => {
    const better = (id: number) => scores.filter((other) => other > scores[id]).length;
    const expected = range(vocabulary).filter((id) => better(id) < k);
    assert.deepEqual(possible(topK(k), scores, []), expected);
  });
});

test('top-p keeps the fewest whose probabilities reach p', () => {
  forAll(fc.record({ scores, p: fc.integer({ min: 1, max: 99 }) }), ({ scores, p }) => {
    const weights = expScores(scores);
    const total = weights.reduce((sum, w) => sum + w, 0);
    const share = (ids: readonly number[]) => ids.reduce((sum, id) => sum + weights[id] / total, 0);
    const kept = possible(topP(p / 100), scores, []);
    const least = kept.reduce((a, b) => (scores[b] < scores[a] ? b : a));
    assert.ok(share(kept) >= p / 100 - 1e-12);
    assert.ok(share(kept.filter((id) => id !== least)) < p / 100 + 1e-12);
    const left = range(vocabulary).filter((id) => !kept.includes(id));
    for (const id of left) assert.ok(scores[id] <= scores[least]);
  });
});

test.run();
