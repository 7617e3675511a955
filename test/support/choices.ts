import { Random } from '../../src/index.ts';

const things = ['film', 'book', 'play', 'story'];
const judgements = { good: ['good', 'great', 'fine', 'nice'], bad: ['bad', 'poor', 'dull', 'weak'] };

/** Texts in the words of the tiny models, with choices of which one alone is good; three or two of them. */
export function choiceRows(count: number): { text: string; choices: string[]; label: number }[] {
  const random = new Random('choices');
  const pick = (words: readonly string[]) => words[random.integer(words.length)];
  return Array.from({ length: count }, (_, i) => {
    const label = random.integer(2 + (i % 2));
    const choices = Array.from(
      { length: 2 + (i % 2) },
      (_, c) => `it is ${pick(c === label ? judgements.good : judgements.bad)}`,
    );
    return { text: `the ${pick(things)} is not bad`, choices, label };
  });
}
