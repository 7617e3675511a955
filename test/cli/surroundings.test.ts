import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { main } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { evaluatedRunFiles } from '../support/run-files.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: where they are run');

const model = tinyFolder();
const data = reviewFolder();
const training = (output: string) => [
  ...['train', '--model', model, '--data', join(data, 'train.csv'), '--eval-data', join(data, 'dev.csv')],
  ...['--text', 'text', '--label', 'mood', '--bottleneck', '4', '--epochs', '1', '--output', output],
];
/** A file that cannot be written, as on a full disk. */
const closed = () => openSync(main, 'r');

test('a log that cannot be written ends no training', () => {
  const output = join(temporaryFolder(), 'run');
  const { status } = spawnSync(process.execPath, [main, ...training(output)], { stdio: ['ignore', 'pipe', closed()] });
  assert.equal(status, 0);
  assert.ok(existsSync(join(output, 'adapter.safetensors')));
});

test('results that cannot be written are an error of one line', () => {
  const { status, stderr } = spawnSync(process.execPath, [main, 'info', model], {
    stdio: ['ignore', closed(), 'pipe'],
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /^error: Cannot write to standard output: .*\n$/);
});

test('a working directory that has been removed is an error of one line', () => {
  const cwd = join(temporaryFolder(), 'gone');
  mkdirSync(cwd);
  const command = `rmdir "$PWD" && exec "$0" "$@"`;
  const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, main, 'info', model], {
    cwd,
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /^error: the folder in which this was started has been removed; change to another\.\n$/);
});

test('an empty text, as of a variable that is not set, is no folder', () => {
  const cwd = temporaryFolder();
  for (const args of [training(''), ['reproduce', 'table1', '--data', '', '--dry-run'], ['info', '']]) {
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], { cwd, encoding: 'utf8' });
    assert.equal(status, 2, stderr);
    assert.match(stderr, /^error: .*(argument '' is invalid|an argument is empty)/);
  }
  assert.deepEqual(readdirSync(cwd), []);
});

test('the permission model of Node.js, which lets no file be flushed and no worker start', () => {
  const output = join(temporaryFolder(), 'run');
  const args = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', main, ...training(output)];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(output), evaluatedRunFiles);
});

test('a number of threads that is none is refused', () => {
  for (const threads of ['0', '-1', '1.5', 'all']) {
    const env = { ...process.env, SPARSE_ADAPTER_THREADS: threads };
    const { status, stderr } = spawnSync(process.execPath, [main, ...training(join(data, 'run'))], {
      env,
      encoding: 'utf8',
    });
    assert.equal(status, 1, threads);
    assert.match(
      stderr,
      /^error: SPARSE_ADAPTER_THREADS must be a whole number above 0, not '[^']+'; without it .*\n$/,
    );
  }
});

test.run();
