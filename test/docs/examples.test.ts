import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Project, repository, typeCheck } from './project.ts';

const test = suite('docs: examples');

const folder = join(repository, 'docs', 'examples');
const project = new Project('examples');
for (const name of readdirSync(folder)) project.write(name, readFileSync(join(folder, name), 'utf8'));

/** The number that stands in a line behind some words. */
function numberIn(text: string, words: RegExp): number {
  const found = new RegExp(`${words.source}\\s*(-?[\\d.]+)`, 'm').exec(text);
  assert.ok(found, `${words} is not in:\n${text}`);
  return Number(found[1]);
}

const all = (text: string, pattern: RegExp): number[] =>
  [...text.matchAll(pattern)].map(([, number]) => Number(number));
const isFalling = (numbers: readonly number[]): boolean => numbers.every((x, i) => i === 0 || x < numbers[i - 1]);

/** The results that each program must reach. */
const results: Readonly<Record<string, (printed: string) => void>> = {
  'mlp.ts': (printed) => {
    assert.ok(isFalling(all(printed, /^step \d+: loss ([\d.]+)$/gm)));
    assert.ok(numberIn(printed, /step 1000: loss/) < 0.05);
    assert.ok(numberIn(printed, /accuracy on new points:/) > 0.95);
    const picture = printed.split('\n').filter((line) => /^[#.]+$/.test(line));
    assert.equal(picture.length, 20);
    // The arms lie around each other: a line through the middle crosses both more than once.
    assert.ok((picture[10].match(/#+/g) ?? []).length >= 2, picture[10]);
  },
  'transformer.ts': (printed) => {
    assert.ok(numberIn(printed, /step 300: loss/) < 0.05);
    assert.ok(numberIn(printed, /letters that are right in new words:/) > 0.98);
    const words = [...printed.matchAll(/^([a-h]{6}) -> ([a-h]{6})$/gm)];
    assert.equal(words.length, 3);
    for (const [, read, written] of words) assert.equal(written, [...read].reverse().join(''));
  },
  'translator.ts': (printed) => {
    assert.ok(numberIn(printed, /BLEU of new sentences:/) > 95);
    assert.match(printed, /^the white horse hears the cat -> kerun wis miru una$/m);
  },
  'languages.ts': (printed) => {
    assert.match(printed, /^魚が好きです: ▁ 魚 が 好き です$/m);
    assert.ok(numberIn(printed, /accuracy on new sentences:/) > 0.9);
    assert.match(printed, /^パンが好きです -> likes$/m);
  },
  'csv.ts': (printed) => {
    assert.ok(numberIn(printed, /step 30 of 30: loss/) < numberIn(printed, /step 10 of 30: loss/));
    assert.ok(numberIn(printed, /accuracy on new reviews:/) >= 0.8);
    assert.match(printed, /^trainable: [\d,]+ of 22,\d{3},\d{3} parameters/m);
    assert.match(printed, /funny film\. -> good \([01]\.\d\d\)\n.*bored\. -> bad \([01]\.\d\d\)/);
  },
  'own-adapter.ts': (printed) => {
    const accuracies = all(printed, /accuracy on new reviews: [\d.]+ before training, ([\d.]+) after/g);
    assert.equal(accuracies.length, 2);
    assert.ok(accuracies.every((accuracy) => accuracy >= 0.8));
    // A vector of 384 numbers for each of 12 sublayers, and the head.
    assert.match(printed, /^scaling: trainable: 5,378 of /m);
  },
  'own-score.ts': (printed) => {
    const losses = (method: string) => {
      const line = new RegExp(`^${method}: 2949 of 147456 weights left, loss (.*)$`, 'm').exec(printed)?.[1] ?? '';
      return line.split(' -> ').map(Number);
    };
    const [random, taylor] = [losses('random'), losses('taylor')];
    for (const list of [random, taylor]) assert.ok(list.length === 4 && isFalling(list), printed);
    assert.ok(taylor[3] < random[3], printed);
  },
};

for (const [name, check] of Object.entries(results)) {
  test(`${name} does what it says`, () => {
    const { status, stdout, stderr } = project.node(name);
    assert.equal(status, 0, stderr);
    check(stdout);
  });
}

test('every program is run, and all type-check', () => {
  const programs = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  assert.deepEqual(programs.sort(), Object.keys(results).sort());
  const { status, stdout } = typeCheck();
  assert.equal(status, 0, stdout);
});

test.run();
