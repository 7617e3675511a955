import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { checkReplaceable, writeFileAtomic, writeFolderAtomic } from '../../src/io/index.ts';
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

test('writes a new folder with sub-folders', () => {
  const root = temporaryFolder();
  writeFolderAtomic(join(root, 'deep', 'out'), { 'a.txt': 'a', 'sub/b.bin': Uint8Array.of(1, 2) });
  assert.deepEqual(list(root, 'deep'), ['out']);
  assert.deepEqual(list(root, 'deep', 'out'), ['a.txt', 'sub']);
  assert.deepEqual([...readFileSync(join(root, 'deep', 'out', 'sub', 'b.bin'))], [1, 2]);
});

test('replaces an earlier output as a whole', () => {
  const root = temporaryFolder({ 'out/a.txt': 'old', 'out/checkpoint/state': 'old' });
  writeFolderAtomic(join(root, 'out'), { 'a.txt': 'new', 'b.txt': 'new' }, ['checkpoint']);
  assert.deepEqual(list(root), ['out']);
  assert.deepEqual(list(root, 'out'), ['a.txt', 'b.txt']);
  assert.equal(read(root, 'out', 'a.txt'), 'new');
});

test('an existing empty folder is filled', () => {
  const out = temporaryFolder();
  writeFolderAtomic(out, { 'a.txt': 'a' });
  assert.equal(read(out, 'a.txt'), 'a');
});

test('a folder with other things in it is never replaced', () => {
  const root = temporaryFolder({ 'out/a.txt': 'old', 'out/thesis.tex': 'mine' });
  assertInputError(
    () => writeFolderAtomic(join(root, 'out'), { 'a.txt': 'new' }),
    /holds "thesis\.tex"/,
    /another folder/,
  );
  assert.deepEqual(list(root), ['out']);
  assert.equal(read(root, 'out', 'a.txt'), 'old');
});

test('what a process that was killed left of its own file is replaced', () => {
  const left = 'a.txt.a606d632-0399-4d7e-af24-3e530afe3230.tmp';
  const root = temporaryFolder({ 'out/a.txt': 'old', [`out/${left}`]: 'half' });
  writeFolderAtomic(join(root, 'out'), { 'a.txt': 'new' });
  assert.deepEqual(list(root, 'out'), ['a.txt']);
  assertInputError(() => checkReplaceable(join(root, 'out'), ['b.txt']), /holds "a\.txt"/);
});

test('a failure half-way leaves the earlier output untouched and no temporary folder', () => {
  const root = temporaryFolder({ 'out/a': 'old' });
  const impossible = { a: 'new', 'a/b': 'a file cannot also be a folder' };
  assertInputError(() => writeFolderAtomic(join(root, 'out'), impossible), /Cannot write .*out/);
  assert.deepEqual(list(root), ['out']);
  assert.equal(read(root, 'out', 'a'), 'old');
});

test('a file in place of the folder is an input error', () => {
  const root = temporaryFolder({ out: 'a file' });
  assertInputError(() => writeFolderAtomic(join(root, 'out'), { a: 'new' }), /Cannot write .*out/);
  assert.equal(read(root, 'out'), 'a file');
});

test('what is in the way of a folder is known before anything is written', () => {
  const root = temporaryFolder({ file: '', 'out/a': 'old', 'out/thesis.tex': '' });
  checkReplaceable(join(root, 'new', 'folder'), []);
  checkReplaceable(join(root, 'out'), ['a', 'thesis.tex']);
  assertInputError(() => checkReplaceable(join(root, 'out'), ['a']), /holds "thesis\.tex"/);
  assertInputError(() => checkReplaceable(join(root, 'file'), []), /Cannot write .*file: it is a file/);
  assertInputError(() => checkReplaceable(join(root, 'file', 'new', 'run'), []), /Cannot write .*file is not a folder/);
  assert.deepEqual(readdirSync(root).sort(), ['file', 'out']);
});

test.run();
