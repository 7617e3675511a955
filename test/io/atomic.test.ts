import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { writeFileAtomic } from '../../src/io/index.ts';
import { assertInputError } from './input-error.ts';
import { temporaryFolder } from './temporary.ts';

const test = suite('atomic writes');

const read = (...path: string[]) => readFileSync(join(...path), 'utf8');
const list = (...path: string[]) => readdirSync(join(...path)).sort();

test('writes a file, over an old one too, and makes its folder', () => {
  const root = temporaryFolder();
  writeFileAtomic(join(root, 'new', 'a.txt'), 'one');
  writeFileAtomic(join(root, 'new', 'a.txt'), Uint8Array.of(0x74, 0x77, 0x6f));
  assert.equal(read(root, 'new', 'a.txt'), 'two');
  assert.deepEqual(list(root, 'new'), ['a.txt']);
});

test('a file that cannot be replaced leaves everything as it was', () => {
  const root = temporaryFolder({ 'target/inside.txt': 'kept' });
  assertInputError(() => writeFileAtomic(join(root, 'target'), 'new'), /Cannot write .*target/);
  assert.deepEqual(list(root), ['target']);
  assert.equal(read(root, 'target', 'inside.txt'), 'kept');
});

test('what a killed process left in the folder goes once it is old', () => {
  const [dead, young] = ['0f8fad5b-d9cb-469f-a165-70867728950e', '7c9e6679-7425-40de-944b-e07fc1f90ae7'];
  const root = temporaryFolder({ [`.${dead}.tmp`]: 'half', [`.${young}.tmp`]: 'hal', 'mine.tmp': 'kept' });
  const hourAgo = Date.now() / 1000 - 3600;
  for (const name of [`.${dead}.tmp`, 'mine.tmp']) utimesSync(join(root, name), hourAgo, hourAgo);
  writeFileAtomic(join(root, 'a.txt'), 'new');
  assert.deepEqual(list(root), [`.${young}.tmp`, 'a.txt', 'mine.tmp']);
});

test('a link stays, and the file that it leads to is written', () => {
  const root = temporaryFolder({ 'target.txt': 'old' });
  symlinkSync('target.txt', join(root, 'link.txt'));
  writeFileAtomic(join(root, 'link.txt'), 'new');
  assert.ok(lstatSync(join(root, 'link.txt')).isSymbolicLink());
  assert.equal(read(root, 'target.txt'), 'new');
});

test('a name may have all the length that the file system allows', () => {
  const root = temporaryFolder();
  writeFileAtomic(join(root, 'n'.repeat(255)), 'new');
  assert.equal(read(root, 'n'.repeat(255)), 'new');
});

test.run();
