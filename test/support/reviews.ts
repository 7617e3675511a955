import { temporaryFolder } from '../io/temporary.ts';

const things = ['film', 'book', 'play', 'story'];
const judgements = { positive: ['good', 'great', 'fine', 'nice'], negative: ['bad', 'poor', 'dull', 'weak'] };

interface Review {
  readonly text: string;
  readonly mood: string;
  /** The number of the judgement, negative for the bad ones. */
  readonly score: number;
}

const reviews: Review[] = Object.entries(judgements).flatMap(([mood, words]) =>
  words.flatMap((word, i) =>
    things.map((thing) => ({ text: `the ${thing} is ${word}`, mood, score: mood === 'positive' ? i + 1 : -i - 1 })),
  ),
);

const csv = (rows: readonly Review[]): string =>
  `text,thing,mood,score\n${rows.map(({ text, mood, score }) => `${text},${text.split(' ')[1]},${mood},${score}\n`).join('')}`;

/** A temporary folder with `train.csv` and `dev.csv` in the words of the tiny models. */
export function reviewFolder(more: Readonly<Record<string, string | Uint8Array>> = {}): string {
  return temporaryFolder({
    'train.csv': csv(reviews.filter((_, i) => i % 4 !== 3)),
    'dev.csv': csv(reviews.filter((_, i) => i % 4 === 3)),
    ...more,
  });
}
