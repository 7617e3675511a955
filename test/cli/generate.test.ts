import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { buildProgram } from '../../src/cli/program.ts';
import { TextStream } from '../../src/cli/text-stream.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { animalFolder } from '../support/animals.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: texts to write');

const model = tinyBartFolder();
const data = animalFolder();
const run = join(temporaryFolder(), 'run');
const train = [
  'train',
  '--model',
  model,
  '--data',
  join(data, 'train.jsonl'),
  '--text',
  'document',
  '--target',
  'summary',
];
const parsedLines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('train, evaluate, generate and info of a run that writes texts', async () => {
  const options = ['--eval-data', join(data, 'dev.jsonl'), '--adapter', 'full', '--pruning', 'none', '--epochs', '60'];
  const sizes = ['--learning-rate', '0.004', '--batch-size', '8', '--max-target-length', '8', '--num-beams', '2'];
  const trained = JSON.parse((await succeed([...train, ...options, ...sizes, '--json', '--output', run])).stdout);
  assert.deepEqual([trained.settings.numBeams, trained.settings.doSample], [2, undefined]);
  assert.equal(trained.settings.maxTargetLength, 8);

  const input = 'cat and fox\nowl and bee\n';
  const [evaluated, greedy, json, table, sampled, again, info] = await Promise.all([
    succeed(['evaluate', run, '--json']),
    succeed(['generate', run, '--num-beams', '1'], { input }),
    succeed(['generate', run, '--num-beams', '3', '--num-return-sequences', '2', '--json'], { input }),
    succeed(['generate', run, '--input', join(data, 'dev.jsonl')]),
    succeed(['generate', run, '--do-sample', '--num-return-sequences', '3', '--seed', '5'], { input }),
    succeed(['generate', run, '--temperature', '1', '--num-return-sequences', '3', '--seed', '5'], { input }),
    succeed(['info', run]),
  ]);
  assert.deepEqual(JSON.parse(evaluated.stdout).metrics, trained.metrics);
  assert.equal(greedy.stdout, 'cat\nowl\n');
  const [first, second] = parsedLines(json.stdout);
  assert.deepEqual([first.text, second.text], ['cat and fox', 'owl and bee']);
  assert.equal(first.generated.length, 2);
  assert.equal(first.generated[0].text, 'cat');
  assert.ok(first.generated[0].score > first.generated[1].score);
  assert.equal(table.stdout.trimEnd().split('\n').length, 8);
  assert.equal(sampled.stdout.trimEnd().split('\n').length, 6);
  assert.equal(again.stdout, sampled.stdout);
  assert.match(info.stdout, /^data +.*document -> summary$/m);
  assert.match(info.stdout, /^texts +up to 8 tokens$/m);
});

test('a checkpoint writes with its own weights; info shows both sides', async () => {
  const [text, info] = await Promise.all([
    succeed(['generate', '--model', model, '--max-target-length', '5'], { input: 'cat\n' }),
    succeed(['info', model]),
  ]);
  assert.equal(text.stdout.split('\n').length, 2);
  assert.match(info.stdout, /^decoder +2 layers, 4 attention heads, feed-forward 24$/m);
});

test('no token comes twice where runs of one are to be unique', async () => {
  const [free, unique] = await Promise.all(
    [[], ['--no-repeat-ngram-size', '1']].map(async (options) => {
      const { stdout } = await succeed(['generate', '--model', model, '--max-target-length', '12', ...options], {
        input: 'cat\n',
      });
      return [...stdout.replace(/\s/g, '')];
    }),
  );
  assert.ok(new Set(free).size < free.length, free.join(''));
  assert.equal(new Set(unique).size, unique.length, unique.join(''));
});

test('an option with a value is never the absence of another one, though its name begins with no-', () => {
  const values = buildProgram().commands.flatMap(({ options }) => options.filter(({ required }) => required));
  assert.ok(values.length > 50);
  assert.deepEqual(
    values.filter(({ negate }) => negate).map(({ flags }) => flags),
    [],
  );
});

const mistakes: [string, string[], number, RegExp][] = [
  ['no model', ['generate'], 2, /folder of a run, or with --model a checkpoint of BART/],
  ['an encoder', ['generate', '--model', tinyFolder()], 1, /model_type "bert" is not supported; it must be bart/],
  [
    'beams and samples',
    ['generate', '--model', model, '--num-beams', '2', '--do-sample'],
    1,
    /sampling goes without beams/,
  ],
  ['too long', ['generate', '--model', model, '--max-length', '99'], 1, /99.*24 positions/],
  [
    'a text that is too long',
    ['generate', '--model', model, '--max-target-length', '1e9'],
    1,
    /1000000000.*24 positions/,
  ],
  ['a label beside', [...train, '--label', 'summary'], 2, /--label has no effect with --target summary/],
  ['two texts', [...train, '--text', 'a,b'], 2, /--text names two columns/],
  ['pooling', [...train, '--pooling', 'mean'], 2, /--pooling has no effect with --target summary/],
  [
    'beams without target',
    [...train.slice(0, -2), '--label', 'summary', '--num-beams', '2'],
    2,
    /--num-beams has no effect with --task text-classification; it is for text2text-generation/,
  ],
  ['an unknown column', [...train.slice(0, -1), 'headline'], 1, /no column 'headline'/],
];
for (const [name, args, code, message] of mistakes) {
  test(`a clear line for ${name}`, async () => {
    const outcome = await sparseAdapter(args, { input: 'cat\n' });
    assert.match(outcome.stderr, message);
    assert.equal(outcome.code, code);
    assert.equal(outcome.stdout, '');
  });
}

test('a stream shows whole characters, and the rest at the end', () => {
  const pieces = ['Caf', '\uFFFD', 'é', ' is', ' open', ' .'];
  /** Two tokens make the é; the last one takes the space before it away. */
  const decode = (ids: Iterable<number>) => {
    const all = [...ids].map((id) => pieces[id]).join('');
    return ` ${all.replace('\uFFFDé', 'é').replace(' .', '.')}`;
  };
  const stream = new TextStream({ decode });
  const shown = pieces.map((_, id) => stream.push(id));
  assert.deepEqual(shown, ['Caf', '', 'é', ' is', ' open', '.']);
  assert.equal(stream.rest('Café is open.'), '');
  assert.equal(stream.rest('Café is open. '), ' ');
  assert.equal(stream.rest('Coffee'), '\nCoffee');
});

test.run();
