import { Random } from '../../src/index.ts';
import { temporaryFolder } from '../io/temporary.ts';

const animals = ['ant', 'bee', 'cat', 'cow', 'dog', 'fox', 'hen', 'owl'];

/** A document names two animals; its summary is the first. */
const pairs = new Random('animals').shuffle(
  animals.flatMap((first) => animals.map((second) => ({ document: `${first} and ${second}`, summary: first }))),
);

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** A temporary folder with `train.jsonl` and `dev.jsonl` for the tiny BART. */
export const animalFolder = (): string =>
  temporaryFolder({ 'train.jsonl': lines(pairs.slice(8)), 'dev.jsonl': lines(pairs.slice(0, 8)) });

/** A few of them in the layout of XSum. */
export const tinyXsum = (): Record<string, string> => ({
  'train.jsonl': lines(pairs.slice(8, 24)),
  'test.jsonl': lines(pairs.slice(0, 4)),
});
