import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { InputError, printable } from '../../src/errors.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter } from '../support/command.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: nothing from outside steers the terminal');

/** Sets the title of the window, colours what follows, and turns its direction; CSI as one character, as terminals take it too. */
const hostile = '\u001b]0;pwn\u0007\u001b[31mred\u009b32m\u202e';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

test('what a terminal cannot print is written as its number', () => {
  assert.equal(printable('a\u001b[31m\nb\u202ec\ufeff'), 'a\\u001b[31m\\u000ab\\u202ec\\ufeff');
  assert.equal(printable('größer als 日本語 🙂'), 'größer als 日本語 🙂');
});

test('a message that is too long is shortened, and keeps its remedy', () => {
  const { message } = new InputError(`no column '${'x\n'.repeat(10_000)}'; choose another.`);
  assert.ok(message.length <= 2000, `${message.length} characters`);
  assert.match(message, /^no column 'x\\u000ax.* … .*; choose another\.$/);
});

const model = tinyFolder();
const data = temporaryFolder();
const table = (name: string, header: string, rows: readonly string[]): string => {
  const path = join(data, name);
  writeFileSync(path, [header, ...rows, ''].join('\n'));
  return path;
};
const train = (path: string, ...more: string[]) =>
  sparseAdapter([
    ...['train', '--model', model, '--data', path, '--text', 'text', '--label', 'label'],
    ...['--epochs', '1', '--bottleneck', '2', '--output', join(data, 'run'), ...more],
  ]);

test('the header of a table', async () => {
  const { code, stderr } = await train(table('header.csv', `text,${hostile}`, ['a,b']));
  assert.equal(code, 1);
  assert.match(stderr, /\\u001b\]0;pwn\\u0007/);
  assert.doesNotMatch(stderr, steering);
});

test('labels: in notes, in tables and in JSON', async () => {
  const path = table('labels.csv', 'text,label', [
    `the cat,${hostile}`,
    'the dog,plain',
    `a cat,${hostile}`,
    'a dog,plain',
  ]);
  const trained = await train(path);
  assert.equal(trained.code, 0, trained.stderr);
  assert.doesNotMatch(trained.stdout + trained.stderr, steering);
  const info = await sparseAdapter(['info', join(data, 'run')]);
  assert.doesNotMatch(info.stdout + info.stderr, steering);
  const predicted = await sparseAdapter(['predict', join(data, 'run'), '--json'], { input: 'the cat\n' });
  assert.doesNotMatch(predicted.stdout + predicted.stderr, steering);
  assert.deepEqual(Object.keys(JSON.parse(predicted.stdout).probabilities).sort(), [hostile, 'plain'].sort());
});

test('names of files', async () => {
  const { code, stderr } = await train(join(data, `${hostile}.csv`));
  assert.equal(code, 1);
  assert.doesNotMatch(stderr, steering);
});

test.run();
