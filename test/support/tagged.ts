import { temporaryFolder } from '../io/temporary.ts';

const things = ['film', 'book', 'play', 'story'];
const judgements = ['good', 'great', 'bad', 'poor', 'dull', 'weak', 'fine', 'nice'];

/** Sentences in the words of the tiny models: `very <judgement>` is an entity, and so is what is judged. */
const sentences = things.flatMap((thing, t) =>
  judgements.map((word, j) => {
    const very = (t + j) % 2 === 0;
    const words: [string, string][] = [
      ['the', 'O'],
      [thing, 'B-THING'],
      ['is', 'O'],
      ...(very
        ? ([
            ['very', 'B-JUDGE'],
            [word, 'I-JUDGE'],
          ] as [string, string][])
        : ([[word, 'B-JUDGE']] as [string, string][])),
      ['.', 'O'],
    ];
    return words;
  }),
);

const conll = (some: typeof sentences): string =>
  some.map((words) => words.map((columns) => `${columns.join('\t')}\n`).join('')).join('\n');

/** A temporary folder with `train.conll` and `dev.conll`. */
export function taggedFolder(more: Readonly<Record<string, string>> = {}): string {
  return temporaryFolder({
    'train.conll': conll(sentences.filter((_, i) => i % 4 !== 3)),
    'dev.conll': conll(sentences.filter((_, i) => i % 4 === 3)),
    ...more,
  });
}
