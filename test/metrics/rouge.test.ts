import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { meanRouge, porterStem, type RougeScores, rouge } from '../../src/metrics/index.ts';
import { forAll } from '../support/property.ts';

const test = suite('metrics: ROUGE');

const kinds: (keyof RougeScores)[] = ['rouge1', 'rouge2', 'rougeL', 'rougeLsum'];
const words = fc.array(fc.constantFrom('police', 'say', 'the', 'minister', 'today', 'ran', 'new'), { maxLength: 9 });
const summary = fc
  .array(words, { minLength: 1, maxLength: 3 })
  .map((lines) => lines.map((line) => line.join(' ')).join('\n'));

test('a text scores 1 against itself where it has enough words', () => {
  forAll(fc.tuple(summary, fc.boolean()), ([text, stemmer]) => {
    const count = text.split(/\s+/).filter((word) => word !== '').length;
    const scores = rouge(text, text, { stemmer });
    for (const kind of kinds) assert.equal(scores[kind].fmeasure, count >= (kind === 'rouge2' ? 2 : 1) ? 1 : 0, kind);
  });
});

test('exchanging both texts exchanges precision and recall', () => {
  forAll(fc.tuple(words, words), ([a, b]) => {
    const [there, back] = [rouge(a.join(' '), b.join(' ')), rouge(b.join(' '), a.join(' '))];
    for (const kind of kinds) {
      assert.equal(there[kind].precision, back[kind].recall, kind);
      assert.equal(there[kind].recall, back[kind].precision, kind);
    }
  });
});

test('scores lie between 0 and 1, words in common are never fewer than those in order', () => {
  forAll(
    fc.tuple(summary, summary),
    ([hypothesis, reference]) => {
      const scores = rouge(hypothesis, reference);
      for (const kind of kinds) {
        for (const value of Object.values(scores[kind])) assert.ok(value >= 0 && value <= 1);
        assert.ok(scores[kind].recall <= scores.rouge1.recall + 1e-12, kind);
      }
    },
    100,
  );
});

test('the longest common subsequence, against all subsequences', () => {
  const isWithin = (part: string[], whole: string[]): boolean => {
    let at = 0;
    for (const word of whole) if (word === part[at]) at++;
    return at === part.length;
  };
  forAll(
    fc.tuple(
      words.filter(({ length }) => length > 0),
      words.filter(({ length }) => length > 0),
    ),
    ([a, b]) => {
      let longest = 0;
      for (let set = 0; set < 2 ** a.length; set++) {
        const part = a.filter((_, i) => (set >> i) & 1);
        if (part.length > longest && isWithin(part, b)) longest = part.length;
      }
      assert.equal(rouge(a.join(' '), b.join(' ')).rougeL.recall, longest / b.length);
    },
    40,
  );
});

test("NLTK's changes to Porter's stemmer, in words of daily use", () => {
  const stems = {
    say: 'say',
    today: 'today',
    played: 'play',
    dies: 'die',
    died: 'die',
    cries: 'cri',
    cried: 'cri',
    enjoy: 'enjoy',
    happily: 'happili',
    ied: 'i',
  };
  for (const [word, stem] of Object.entries(stems)) assert.equal(porterStem(word), stem, word);
  assert.equal(rouge('ministers say', 'minister says', { stemmer: true }).rouge1.fmeasure, 1);
  assert.equal(rouge('ministers say', 'minister says').rouge1.fmeasure, 0);
});

test('the mean needs as many references as summaries', () => {
  assert.deepEqual(meanRouge(['a b', 'x'], ['a b', 'y']), { rouge1: 0.5, rouge2: 0.5, rougeL: 0.5, rougeLsum: 0.5 });
  assert.throws(() => meanRouge(['a'], []), RangeError);
});

test.run();
