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
        // Pairs may all be there where a word is missing: "a b c a" has those of "c a b c".
        if (kind !== 'rouge2') assert.ok(scores[kind].recall <= scores.rouge1.recall + 1e-12, kind);
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
  assert.throws(() => meanRouge([], []), /^RangeError: meanRouge: there are no summaries/);
});

const f1 = (a: string, b: string, options: Parameters<typeof rouge>[2]) => rouge(a, b, options).rouge1.fmeasure;

test('other scripts score 0 with the official words, with a warning, and as they should with unicode', () => {
  const same = [
    'Открыт новый мост.',
    '昨天开通了一座新桥。',
    'สะพานใหม่เปิดแล้ว',
    'نئے پل کا افتتاح',
    'नया पुल खुल गया',
    '新しい橋が開通した',
  ];
  for (const text of same) {
    const warnings: string[] = [];
    const onWarning = (message: string) => warnings.push(message);
    assert.equal(f1(text, text, { stemmer: true, onWarning }), 0, text);
    assert.match(warnings.join(), /drops 100 % of the letters of the references.*--rouge-tokenizer unicode/);
    assert.equal(f1(text, text, { stemmer: true, tokenizer: 'unicode', onWarning }), 1, text);
    assert.equal(warnings.length, 1);
  }
  const [de, plain] = ['Der Bürgermeister eröffnete die Brücke.', 'Der Burgermeister eroffnete die Brucke.'];
  assert.equal(f1(de, plain, { tokenizer: 'unicode' }).toFixed(9), '0.400000000', 'der and die are the same');
});

test('words without spaces between them are compared by characters, marks stay with theirs', () => {
  // 3 of 4 characters are the same, 2 of 3 pairs.
  const { rouge1, rouge2 } = rouge('新桥开通', '新路开通', { tokenizer: 'unicode' });
  assert.equal(rouge1.fmeasure, 3 / 4);
  assert.equal(rouge2.fmeasure, 1 / 3);
  assert.equal(f1('naïve café', 'nai\u0308ve cafe\u0301', { tokenizer: 'unicode' }), 1, 'composed or not');
  assert.equal(f1('naïve', 'naive', { tokenizer: 'unicode' }), 0);
  assert.equal(f1('१२', '१२', { tokenizer: 'unicode' }), 1, 'digits of other scripts');
});

test('in English the words of all scripts are the official ones, single foreign letters give no warning', () => {
  const text = fc.string({ unit: fc.constantFrom(..."abcRUNning 0123.,-\n_'") });
  forAll(fc.tuple(text, text, fc.boolean()), ([a, b, stemmer]) => {
    const onWarning = (message: string) => assert.fail(message);
    assert.deepEqual(rouge(a, b, { stemmer, tokenizer: 'unicode' }), rouge(a, b, { stemmer, onWarning }));
  });
  const long = `The Pokémon ${'went to the new bridge of the old town '.repeat(9)}`;
  rouge(long, long, { onWarning: (message) => assert.fail(message) });
});

test('a custom tokenizer', () => {
  const tokenizer = (text: string) => text.split('|');
  assert.equal(rouge('a b|c', 'a b|d', { tokenizer }).rouge1.fmeasure, 1 / 2);
  assert.equal(meanRouge(['a b|c'], ['a b|d'], { tokenizer }).rouge1, 1 / 2);
});

test('a list of summaries gives one warning', () => {
  const warnings: string[] = [];
  const texts = ['мост', 'a bridge', 'река'];
  meanRouge(texts, texts, { onWarning: (message) => warnings.push(message) });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /drops 54 % /);
});

test('arguments of plain JavaScript that are no texts or options are named', () => {
  const call = rouge as (...values: readonly unknown[]) => unknown;
  const mean = meanRouge as (...values: readonly unknown[]) => unknown;
  assert.throws(() => call(5, 'a'), /^TypeError: rouge: hypothesis must be a text, not 5\.$/);
  assert.throws(() => call('a', null), /^TypeError: rouge: reference must be a text, not null\.$/);
  assert.throws(
    () => call('a', 'a', { tokenizer: 'utf8' }),
    /rouge: tokenizer must be one of ascii, unicode, or a function/,
  );
  assert.throws(() => call('a', 'a', { stemer: true }), /rouge: unknown option "stemer"/);
  assert.throws(() => mean('a', 'a'), /meanRouge: hypotheses and references must be arrays of texts/);
  assert.throws(() => mean(['a', 'b'], ['a', undefined]), /meanRouge: references\[1\] must be a text, not missing/);
});

test.run();
