import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type Dataset,
  knownDatasets,
  readExamples,
  type Split,
  type WordnetOptions,
  wordnetSource,
} from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { Random } from '../../src/random/index.ts';
import { file } from './folder.ts';

const test = suite('the WordNet task');

async function read(seed: number, options: Partial<WordnetOptions> = {}): Promise<Readonly<Record<Split, Dataset>>> {
  const source = wordnetSource({ trainPerClass: 30, evalPerClass: 10, random: new Random(seed), ...options });
  const known = { ...knownDatasets.wordnet, classes: options.classes ?? knownDatasets.wordnet.classes };
  const dataset = (split: Split) => readExamples(source.open(split) ?? [], { known });
  return { train: await dataset('train'), evaluation: await dataset('evaluation') };
}

const sample = await read(1);

test('ten classes by default, balanced in both parts', () => {
  for (const [dataset, perClass] of [
    [sample.train, 30],
    [sample.evaluation, 10],
  ] as const) {
    assert.equal(dataset.labels?.length, 10);
    const counts = new Array(10).fill(0);
    for (const { label = -1 } of dataset.examples) counts[label]++;
    assert.deepEqual(counts, new Array(10).fill(perClass));
    assert.deepEqual(dataset.metrics, ['accuracy']);
  }
});

test('no definition occurs twice; each has 4 to 25 words and no example sentence', () => {
  const texts = [...sample.train.examples, ...sample.evaluation.examples].map(({ text }) => text);
  assert.equal(new Set(texts).size, texts.length);
  for (const text of texts) {
    const words = text.split(' ').length;
    assert.ok(words >= 4 && words <= 25, text);
    assert.doesNotMatch(text, /[";|]/);
    assert.equal(text, text.trim());
  }
});

test('the classes are mixed, so a batch sees several', () => {
  assert.ok(new Set(sample.train.examples.slice(0, 10).map(({ label }) => label)).size > 2);
});

test('the seed decides', async () => {
  assert.deepEqual(await read(1), sample);
  assert.notDeepEqual((await read(2)).train.examples, sample.train.examples);
});

test('draws made elsewhere from the same generator change nothing', async () => {
  const random = new Random(1);
  random.permutation(10);
  assert.deepEqual(await read(0, { random }), sample);
});

const NOUNS = [
  '  1 This software and database is being provided to you | by somebody; 05 n  ',
  '00000001 05 n 01 cat 0 001 @ 00000009 n 0000 | a small | purring animal; often a pet; "the cat slept"  ',
  '00000002 05 n 02 dog 0 hound 1 000 | an animal that barks  ',
  '00000003 13 n 01 bread 0 000 | a food of flour  ',
  '00000004 13 n 01 soup 0 000 | a hot liquid food  ',
  '00000005 05 n 01 twin 0 000 | one of several things  ',
  '00000006 13 n 01 twin 0 000 | one of several things; again  ',
  '00000007 05 n 01 short 0 000 | too few words  ',
  `00000008 13 n 01 long 0 000 | ${'too many words '.repeat(9)}  `,
  '00000009 13 n 01 quote 0 000 | this one is quoted: "like so"  ',
].join('\n');

test('a definition ends at the first semicolon; shared, short, long and quoting ones are left out', async () => {
  const path = file('data.noun', NOUNS);
  const { train, evaluation } = await read(1, { path, classes: ['food', 'animal'], trainPerClass: 1, evalPerClass: 1 });
  const texts = (label: number) =>
    [...train.examples, ...evaluation.examples].filter((example) => example.label === label).map(({ text }) => text);
  assert.deepEqual(train.labels, ['food', 'animal']);
  assert.deepEqual(texts(0).sort(), ['a food of flour', 'a hot liquid food']);
  assert.deepEqual(texts(1).sort(), ['a small | purring animal', 'an animal that barks']);
});

test('a class with too few definitions is named', async () => {
  const path = file('data.noun', NOUNS);
  for (const field of ['animal', 'food'] as const) {
    await assert.rejects(
      () => read(1, { path, classes: [field], trainPerClass: 2, evalPerClass: 1 }),
      (error) => error instanceof InputError && error.message.includes(`2 usable definitions of '${field}', not 3`),
    );
  }
});

test.run();
