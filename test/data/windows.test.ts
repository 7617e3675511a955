import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  answeredWindows,
  decodeAnswers,
  findAnswer,
  type Question,
  questionWindows,
  readQuestions,
  squadFile,
  type Window,
} from '../../src/data/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { forAll } from '../support/property.ts';
import { tinyFolder, vocabulary } from '../support/tiny-model.ts';

const test = suite('data: windows of contexts, answers out of logits');

const tokenizer = loadTokenizer(tinyFolder());
const words = vocabulary.slice(8);
const question = (context: string, answer?: { text: string; start: number }, asked = 'is the film good'): Question => ({
  id: 'q1',
  question: asked,
  context,
  answers: answer ? [answer] : [],
});

/** Words with one or two spaces, a comma or a hyphen between them, and one run of them as the answer. */
const asked = fc
  .record({
    parts: fc.array(fc.tuple(fc.constantFrom(...words), fc.constantFrom(' ', '  ', ', ', '-')), {
      minLength: 1,
      maxLength: 60,
    }),
    first: fc.nat(),
    length: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ parts, first, length }) => {
    const from = first % parts.length;
    const before = parts.slice(0, from).flat().join('');
    const inside = parts.slice(from, from + length);
    const text = inside.map(([word, gap], i) => (i === inside.length - 1 ? word : word + gap)).join('');
    return question(parts.flat().join(''), { text, start: before.length });
  });

test('a short context is one window, with the question before it', () => {
  const [window, ...others] = questionWindows([question('the  film is great.')], tokenizer, {
    maxLength: 24,
    stride: 8,
  });
  assert.equal(others.length, 0);
  assert.deepEqual(window, {
    ids: [2, 10, 9, 14, 18, 3, 9, 14, 10, 19, 5, 3],
    typeIds: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1],
    question: 0,
    contextStart: 6,
    offsets: [
      [0, 3],
      [5, 9],
      [10, 12],
      [13, 18],
      [18, 19],
    ],
  });
});

test('windows begin every stride tokens, up to one that holds the last token', () => {
  const context = Array.from({ length: 20 }, (_, i) => words[i % words.length]).join(' ');
  const starts = (maxLength: number, stride: number) =>
    questionWindows([question(context)], tokenizer, { maxLength, stride }).map(({ ids, offsets }) => [
      ids.length,
      offsets[0][0],
    ]);
  // 7 tokens are the question and special ones.
  const at = (token: number) => context.split(' ').slice(0, token).join(' ').length + (token > 0 ? 1 : 0);
  assert.deepEqual(starts(27, 5), [[27, 0]]);
  assert.deepEqual(starts(26, 5), [
    [26, 0],
    [22, at(5)],
  ]);
  assert.deepEqual(starts(17, 5), [
    [17, 0],
    [17, at(5)],
    [17, at(10)],
  ]);
  assert.deepEqual(
    starts(12, 128),
    [0, 5, 10, 15].map((token) => [12, at(token)]),
  );
});

test('every answer that fits is in a window, and its columns map back to its text', () => {
  forAll(
    fc.tuple(asked, fc.integer({ min: 14, max: 40 }), fc.integer({ min: 1, max: 4 })),
    ([item, maxLength, stride]) => {
      const [{ text, start }] = item.answers;
      const options = { maxLength, stride };
      const windows = questionWindows([item], tokenizer, options);
      const answered = answeredWindows([item], tokenizer, options);
      assert.deepEqual(
        answered.map(({ ids, typeIds }) => ({ ids, typeIds })),
        windows.map(({ ids, typeIds }) => ({ ids, typeIds })),
      );
      const tokens = findAnswer(tokenizer.tokenize(item.context).offsets, start, start + text.length);
      assert.ok(tokens);
      const room = maxLength - 7;
      let found = 0;
      answered.forEach((window, i) => {
        if (window.end === 0) return;
        found++;
        const { contextStart, offsets } = windows[i];
        assert.equal(
          item.context.slice(offsets[window.start - contextStart][0], offsets[window.end - contextStart][1]),
          text,
        );
      });
      // Windows overlap by room - stride tokens, so what is no longer than that, and one more, is whole in one of them.
      const length = tokens.last - tokens.first + 1;
      if (length <= room - stride + 1)
        assert.ok(found >= 1, `answer of ${length} in windows of ${room} every ${stride}`);
      assert.ok(windows.every(({ ids }) => ids.length <= maxLength));
    },
    200,
  );
});

/** Logits as a model would give them that looks at each token of the context by itself. */
function logitsOf(window: Window, start: (at: number) => number, end: (at: number) => number) {
  const starts = new Float32Array(window.ids.length).fill(100); // question and special tokens must not count
  const ends = new Float32Array(window.ids.length).fill(100);
  window.offsets.forEach(([from, to], i) => {
    starts[window.contextStart + i] = start(from);
    ends[window.contextStart + i] = end(to);
  });
  return { starts, ends };
}

/** Numbers in sixteenths that depend on a place and a seed alone. */
const noise = (seed: number) => (at: number) => ((Math.imul(at + 1, 2654435761 ^ (seed * 40503)) >>> 16) % 64) / 16;

test('the answers do not depend on the stride, where windows overlap by the longest answer', () => {
  forAll(
    fc.tuple(asked, fc.nat(1000), fc.integer({ min: 1, max: 6 })),
    ([item, seed, maxAnswerLength]) => {
      const answers = (maxLength: number, stride: number) =>
        decodeAnswers(
          item.context,
          questionWindows([item], tokenizer, { maxLength, stride }).map((window) => ({
            window,
            logits: logitsOf(window, noise(seed), noise(seed + 1)),
          })),
          { nBest: 5, maxAnswerLength },
        );
      const whole = answers(500, 128);
      for (const [room, stride] of [
        [12, 1],
        [12, 13 - maxAnswerLength],
        [20, 7],
      ]) {
        assert.deepEqual(answers(7 + room, stride), whole, `windows of ${room} every ${stride}`);
      }
    },
    100,
  );
});

test('the best span that is not too long, out of all pairs', () => {
  forAll(
    fc.tuple(asked, fc.nat(1000), fc.integer({ min: 1, max: 8 })),
    ([item, seed, maxAnswerLength]) => {
      const [window] = questionWindows([item], tokenizer, { maxLength: 500, stride: 128 });
      const [start, end] = [noise(seed), noise(seed + 7)];
      const answers = decodeAnswers(item.context, [{ window, logits: logitsOf(window, start, end) }], {
        nBest: 3,
        maxAnswerLength,
      });
      const spans = window.offsets.flatMap(([from], i) =>
        window.offsets.slice(i, i + maxAnswerLength).map(([, to]) => ({ from, to, score: start(from) + end(to) })),
      );
      spans.sort((a, b) => b.score - a.score || a.from - b.from || a.to - b.to);
      assert.deepEqual(
        answers.map((answer) => [answer.start, answer.end, answer.score]),
        spans.slice(0, 3).map(({ from, to, score }) => [from, to, score]),
      );
      for (const answer of answers) assert.equal(answer.text, item.context.slice(answer.start, answer.end));
      assert.ok(Math.abs(answers.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-12);
    },
    100,
  );
});

test('a question without room and a context without words are errors that name the question', () => {
  const options = { maxLength: 12, stride: 4 };
  const long = question('the film', undefined, 'is the film good and the book bad and dull');
  assertInputError(
    () => questionWindows([long], tokenizer, options, 'dev.json'),
    /^dev\.json, question q1: its 10 tokens leave no room for the context in a max length of 12; shorten it or raise/,
  );
  assertInputError(
    () => answeredWindows([question('\u200b')], tokenizer, { ...options, maxLength: 24 }, 'dev.json'),
    /^dev\.json, question q1: the context has no words$/,
  );
});

if (process.env.SPARSE_ADAPTER_DATA) {
  const data = process.env.SPARSE_ADAPTER_DATA;
  for (const [name, least] of [
    ['bert-base-uncased', 0.99],
    ['roberta-base', 0.99],
  ] as const) {
    test(`nearly every answer of SQuAD is a run of tokens of ${name}`, async () => {
      const real = loadTokenizer(join(data, 'tokenizers', name));
      const questions = (await readQuestions(squadFile(join(data, 'squad'), 'dev'))).examples.slice(0, 3000);
      let exact = 0;
      let [context, tokens] = ['', real.tokenize('')];
      for (const { context: next, answers } of questions) {
        if (next !== context) [context, tokens] = [next, real.tokenize(next)];
        const [{ text, start }] = answers;
        const found = findAnswer(tokens.offsets, start, start + text.length);
        assert.ok(found, text);
        const covered = context.slice(tokens.offsets[found.first][0], tokens.offsets[found.last][1]);
        assert.ok(covered.includes(text.trim()));
        if (covered === text) exact++;
      }
      assert.ok(exact / questions.length > least, `${exact} of ${questions.length}`);
    });
  }
}

test.run();
