import { join } from 'node:path';
import { temporaryFolder } from '../io/temporary.ts';

/** A SQuAD file of paragraphs: each a context and questions, an answer by its text, the first time it stands there. */
export function squadJson(
  paragraphs: readonly (readonly [context: string, Readonly<Record<string, string>>])[],
): string {
  const data = paragraphs.map(([context, questions], p) => ({
    title: `Article ${p}`,
    paragraphs: [
      {
        context,
        qas: Object.entries(questions).map(([question, text], q) => ({
          id: `${p}-${q}`,
          question,
          answers: [{ text, answer_start: [...context.slice(0, context.indexOf(text))].length }],
        })),
      },
    ],
  }));
  return JSON.stringify({ version: '1.1', data });
}

const things = ['film', 'book', 'play', 'story'];
const judgements = ['good', 'great', 'fine', 'nice', 'bad', 'poor', 'dull', 'weak'];

/** Contexts in the words of the tiny models: which judgement is there? */
const paragraphs = things.flatMap((thing) =>
  judgements.map((word, i): [string, Record<string, string>] => {
    const other = things[(things.indexOf(thing) + 1 + i) % things.length];
    return [`the ${thing} is ${word}, and not a ${other}.`, { [`is the ${thing} good`]: word }];
  }),
);

/** The files of `questionFolder`. */
export const tinySquad = (): Record<string, string> => ({
  'train-tiny.json': squadJson(paragraphs.filter((_, i) => i % 4 !== 3)),
  'dev-tiny.json': squadJson(paragraphs.filter((_, i) => i % 4 === 3)),
});

/** A temporary folder with `train-tiny.json` and `dev-tiny.json`. */
export function questionFolder(more: Readonly<Record<string, string>> = {}): string {
  return temporaryFolder({ ...tinySquad(), ...more });
}

/** The same with questions about what the context does not tell, in the layout of SQuAD 2.0. */
export function unansweredFolder(more: Readonly<Record<string, string>> = {}): string {
  const files = Object.entries(tinySquad()).map(([name, text]) => {
    const { data } = JSON.parse(text) as { data: { paragraphs: { context: string; qas: object[] }[] }[] };
    for (const { paragraphs } of data) {
      for (const { context, qas } of paragraphs) {
        const question = `old new ${context.split(' ')[1]} long short`;
        qas.push({ id: `${context}-old`, question, answers: [], is_impossible: true });
      }
    }
    return [name, JSON.stringify({ version: 'v2.0', data })];
  });
  return temporaryFolder({ ...Object.fromEntries(files), ...more });
}

export const questionFiles = (folder: string) => ({
  train: join(folder, 'train-tiny.json'),
  dev: join(folder, 'dev-tiny.json'),
});
