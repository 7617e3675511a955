import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { readParquet } from '../../src/data/index.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { taggedFolder } from '../support/tagged.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: tagged words and several labels');

const folder = taggedFolder({
  'words.jsonl': '{"tokens":["the","film","is","very","good","."]}\n{"tokens":["the","book","is","dull","."]}\n',
  'texts.csv': 'id,body,note\n7,the film is very good.,kept\n',
  'words.conll': 'the\nfilm\nis\nvery\ngood\n.\n',
  'topics.csv': `text,topics\n${Array.from({ length: 8 }, (_, i) => `the film is ${i % 2 ? 'good' : 'bad'},${i % 2 ? 'film;good' : 'film'}\n`).join('')}`,
});
const at = (...names: string[]) => join(folder, ...names);
const model = tinyFolder();
const small = ['--bottleneck', '4', '--learning-rate', '0.02', '--batch-size', '8', '--max-length', '16'];

test('entities are trained, evaluated and predicted with their places', async () => {
  const train = ['train', '--model', model, '--task', 'token-classification', '--data', folder, ...small];
  await succeed([...train, '--epochs', '60', '--output', at('run')]);
  const again = JSON.parse((await succeed(['evaluate', at('run'), '--data', at('dev.conll'), '--json'])).stdout);
  assert.deepEqual([again.data, Object.keys(again.metrics)], ['dev.conll', ['f1', 'precision', 'recall', 'accuracy']]);
  assert.ok(again.metrics.f1 > 0.8, JSON.stringify(again.metrics));

  const text = 'the film is very good.';
  const lines = (await succeed(['predict', at('run')], { input: `${text}\n.\n` })).stdout.trimEnd().split('\n');
  assert.equal(lines.length, 3);
  for (const line of lines.slice(0, 2)) {
    const [label, score, entity, start, end, whole] = line.split('\t');
    assert.ok(['THING', 'JUDGE'].includes(label) && Number(score) > 0.2);
    assert.deepEqual([whole, whole.slice(Number(start), Number(end))], [text, entity]);
  }
  assert.equal(lines[2], '-\t-\t-\t-\t-\t.');
  const json = (await succeed(['predict', at('run'), '--input', at('words.jsonl'), '--json'])).stdout.trimEnd();
  const [first] = json.split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(first.tokens, ['the', 'film', 'is', 'very', 'good', '.']);
  assert.deepEqual(Object.keys(first.entities[0]), ['label', 'score', 'text', 'start', 'end']);
  const conll = await succeed(['predict', at('run'), '--input', at('words.conll'), '--json']);
  assert.deepEqual(JSON.parse(conll.stdout).entities, first.entities);
  assert.match((await succeed(['info', at('run')])).stdout, /^task +token-classification$/m);
});

test('entities are written beside the columns of a table', async () => {
  const texts = ['predict', at('run'), '--input', at('texts.csv'), '--text', 'body'];
  const endings = ['csv', 'jsonl', 'parquet'];
  await Promise.all([
    ...endings.map((ending) => succeed([...texts, '--keep', '--output', at(`found.${ending}`)])),
    succeed(['predict', at('run'), '--input', at('words.conll'), '--output', at('words-found.jsonl')]),
  ]);
  const { stdout } = await succeed([...texts, '--json']);
  const { entities } = JSON.parse(stdout.split('\n')[0]);
  assert.ok(entities.length > 0);
  const [first] = readFileSync(at('found.jsonl'), 'utf8').split('\n');
  assert.deepEqual(JSON.parse(first), { id: '7', body: 'the film is very good.', note: 'kept', entities });
  assert.match(
    readFileSync(at('found.csv'), 'utf8'),
    /^id,body,note,entities\n7,the film is very good\.,kept,"\[\{""label""/,
  );
  const [{ id, note, entities: found }] = await readParquet(at('found.parquet'), ['id', 'note', 'entities']);
  assert.deepEqual([id, note, JSON.parse(String(found))], ['7', 'kept', entities]);
  const [words] = readFileSync(at('words-found.jsonl'), 'utf8').split('\n');
  assert.deepEqual(Object.keys(JSON.parse(words)), ['tokens', 'entities']);
});

test('several labels are trained, evaluated and predicted from a threshold on', async () => {
  const data = ['--data', at('topics.csv'), '--eval-data', at('topics.csv'), '--text', 'text', '--label', 'topics'];
  const train = ['train', '--model', model, ...data, '--label-separator', ';', ...small];
  const trained = await succeed([
    ...train,
    '--epochs',
    '250',
    '--threshold',
    '0.4',
    '--output',
    at('labels'),
    '--json',
  ]);
  const { metrics, settings } = JSON.parse(trained.stdout);
  assert.deepEqual([settings.problemType, settings.threshold], ['multi_label_classification', 0.4]);
  assert.ok(metrics.f1_micro > 0.9, trained.stdout);
  assert.match(trained.stderr, /^baseline {2}micro F1 0\.8000 of the rows to validate on, with film alone for all$/m);
  const answer = await succeed(['predict', at('labels')], { input: 'the film is good\n' });
  assert.match(answer.stdout, /^film, good\t\d\.\d{4}, \d\.\d{4}\tthe film is good\n$/);
  const written = ['predict', at('labels'), '--input', at('topics.csv'), '--output'];
  await Promise.all(['csv', 'jsonl'].map((ending) => succeed([...written, at(`answers.${ending}`)])));
  assert.match(readFileSync(at('answers.csv'), 'utf8'), /\nthe film is good,film;good,"\[0\.\d+,0\.\d+\]"\n/);
  assert.match(readFileSync(at('answers.jsonl'), 'utf8'), /"text":"the film is good","prediction":\["film","good"\]/);
  const strict = await succeed(['evaluate', at('labels'), '--threshold', '1', '--json']);
  assert.equal(JSON.parse(strict.stdout).metrics.f1_micro, 0);
});

test('wrong options and files are one line', async () => {
  const topics = ['train', '--model', model, '--data', at('topics.csv'), '--text', 'text', '--label', 'topics'];
  const tags = ['train', '--model', model, '--task', 'token-classification', '--data'];
  const cases: [string[], RegExp][] = [
    [[...topics, '--threshold', '0.3'], /--threshold has no effect with --problem-type auto; it is for multi_label_/],
    [[...tags, at('absent.conll')], /absent\.conll/],
    [[...tags, at('topics.csv')], /has no column 'tokens'; it has 'text', 'topics'/],
    [[...tags, folder, '--label-separator', ';'], /--label-separator has no effect with --task token-classification/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await sparseAdapter([...args, '--output', at('none')]);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n\s+at /);
  }
});

test.run();
