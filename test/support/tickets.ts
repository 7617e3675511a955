import { Random } from '../../src/index.ts';
import { temporaryFolder } from '../io/temporary.ts';

/** A text of a class in the words of the tiny models: a word tells the class, others do not. */
export interface Ticket {
  readonly text: string;
  readonly queue: string;
}

const signs: Readonly<Record<string, readonly string[]>> = {
  billing: ['good', 'great', 'fine'],
  outage: ['bad', 'poor', 'dull'],
};
const fillers = [
  'the',
  'a',
  'film',
  'book',
  'play',
  'story',
  'is',
  'not',
  'and',
  'very',
  'old',
  'new',
  'long',
  'short',
];

/** Tickets of different texts: so many of each class, in a seeded order. */
export function tickets(counts: Readonly<Record<string, number>>, seed = 1): Ticket[] {
  const random = new Random(seed).fork('tickets');
  const pick = (words: readonly string[]) => words[random.integer(words.length)];
  const known = new Set<string>();
  const rows = Object.entries(counts).flatMap(([queue, count]) =>
    Array.from({ length: count }, (): Ticket => {
      for (;;) {
        const words = [...Array.from({ length: 5 }, () => pick(fillers)), pick(signs[queue])];
        const text = random.shuffle(words).join(' ');
        if (known.has(text)) continue;
        known.add(text);
        return { text, queue };
      }
    }),
  );
  return random.shuffle(rows);
}

export const ticketsCsv = (rows: readonly Ticket[]): string =>
  `text,queue\n${rows.map(({ text, queue }) => `${text},${queue}\n`).join('')}`;

/** A temporary folder with `tickets.csv`, and what else is given. */
export const ticketFolder = (rows: readonly Ticket[], more: Readonly<Record<string, string>> = {}): string =>
  temporaryFolder({ 'tickets.csv': ticketsCsv(rows), ...more });
