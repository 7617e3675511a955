import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  type Disk,
  lockFolder,
  openOutput,
  type Pieces,
  recoverOutput,
  writeFolderAtomic,
} from '../../src/io/index.ts';
import { assertInputError } from './input-error.ts';
import { temporaryFolder } from './temporary.ts';

const test = suite('output folders');

type Files = Record<string, string>;

const LOCK = '.sparse-adapter.lock';
const read = (...path: string[]) => readFileSync(join(...path), 'utf8');
const list = (...path: string[]) => readdirSync(join(...path)).sort();
/** All that is in a folder. */
function contentOf(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(paths.map((path) => [relative(folder, path), read(path)]));
}
const write = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};

test('a new folder with sub-folders is written, and no lock stays', () => {
  const root = temporaryFolder();
  writeFolderAtomic(join(root, 'deep', 'out'), { 'a.txt': 'a', 'sub/b.bin': Uint8Array.of(1, 2) });
  assert.deepEqual(list(root, 'deep'), ['out']);
  assert.deepEqual(list(root, 'deep', 'out'), ['a.txt', 'sub']);
  assert.deepEqual([...readFileSync(join(root, 'deep', 'out', 'sub', 'b.bin'))], [1, 2]);
});

test('an earlier output is replaced as a whole', () => {
  const out = temporaryFolder({ 'a.txt': 'old', 'checkpoint.bin': 'old', 'sub/c.txt': 'old' });
  writeFolderAtomic(out, { 'a.txt': 'new', 'b.txt': 'new', 'sub/c.txt': 'new' }, ['checkpoint.bin']);
  assert.deepEqual(contentOf(out), { 'a.txt': 'new', 'b.txt': 'new', 'sub/c.txt': 'new' });
});

test('what is not an earlier output is in the way and never removed', () => {
  const root = temporaryFolder({ 'out/a': 'old', 'out/thesis.tex': 'mine', 'sub/a/b': 'old', 'sub/a/notes': 'mine' });
  const before = contentOf(root);
  assertInputError(() => openOutput(join(root, 'out'), ['a']), /out holds "thesis\.tex"/, /another folder/);
  assertInputError(() => writeFolderAtomic(join(root, 'sub'), { a: 'a file' }), /sub holds "a"/);
  assert.deepEqual(contentOf(root), before);
  writeFolderAtomic(join(root, 'sub'), { 'a/b': 'new' });
  assert.deepEqual(contentOf(join(root, 'sub')), { 'a/b': 'new', 'a/notes': 'mine' });
});

test('what somebody puts into the folder in the meantime stays, and loses no result', () => {
  const out = temporaryFolder({ a: 'old', b: 'old' });
  const output = openOutput(out, ['a', 'b']);
  write(join(out, 'thesis.tex'), 'mine');
  output.replace({ a: 'new' });
  output.close();
  assert.deepEqual(contentOf(out), { a: 'new', 'thesis.tex': 'mine' });
});

test('what systems put into a folder is neither in the way nor removed', () => {
  const out = temporaryFolder({ 'lost+found/x': '', '.DS_Store': '', a: 'old' });
  writeFolderAtomic(out, { a: 'new' });
  assert.deepEqual(contentOf(out), { '.DS_Store': '', a: 'new', 'lost+found/x': '' });
});

test('what is in the way is known before anything is written, and nothing is left', () => {
  const root = temporaryFolder({ file: 'a file', 'out/thesis.tex': '' });
  symlinkSync('loop', join(root, 'loop'));
  symlinkSync(join('file', 'x'), join(root, 'into-a-file'));
  const before = list(root);
  const cases: [folder: string, message: RegExp][] = [
    ['file', /file: it is a file; choose another folder/],
    [join('file', 'new', 'run'), /Cannot write .*file.new.run: (ENOTDIR|EEXIST)/],
    ['out', /holds "thesis\.tex"/],
    ['loop', /loop: it is a link that leads to itself/],
    ['into-a-file', /Cannot write .*into-a-file/],
    ['n'.repeat(256), /Cannot write n*.*ENAMETOOLONG/],
    [join('new', 'n'.repeat(256)), /ENAMETOOLONG/],
    [join(...Array.from({ length: 4050 / 51 }, () => 'x'.repeat(50))).slice(0, 4090 - root.length), /ENAMETOOLONG/],
  ];
  for (const [folder, message] of cases) assertInputError(() => openOutput(join(root, folder), ['a']), message);
  assert.deepEqual(list(root), before);
  openOutput(join(root, 'new', 'folder'), ['a']).close();
  assert.deepEqual(list(root), before);
});

test('a name of 255 characters and a slash at the end are no obstacle', () => {
  const root = temporaryFolder();
  const long = 'n'.repeat(255);
  for (const folder of [long, long]) writeFolderAtomic(`${join(root, folder)}/`, { a: 'x', b: 'y' }, ['a', 'b']);
  assert.deepEqual(contentOf(join(root, long)), { a: 'x', b: 'y' });
  assert.deepEqual(list(root), [long]);
});

test('a link stays a link, and the folder that it leads to is written, even if it was not there', () => {
  const root = temporaryFolder({ 'there/a': 'old' });
  symlinkSync('there', join(root, 'link'));
  symlinkSync('link', join(root, 'second'));
  symlinkSync(join('deep', 'new'), join(root, 'dangling'));
  for (const name of ['second', 'dangling']) writeFolderAtomic(join(root, name), { a: 'new' });
  for (const name of ['link', 'second', 'dangling']) assert.ok(lstatSync(join(root, name)).isSymbolicLink(), name);
  assert.equal(read(root, 'there', 'a'), 'new');
  assert.equal(read(root, 'deep', 'new', 'a'), 'new');
});

test('the working directory can be replaced under the feet of a shell: the folder itself stays', () => {
  const root = temporaryFolder({ 'out/a': 'old' });
  const { ino } = statSync(join(root, 'out'));
  const cwd = process.cwd();
  process.chdir(join(root, 'out'));
  try {
    writeFolderAtomic('.', { a: 'new' });
    assert.equal(process.cwd(), realpathSync(join(root, 'out')));
    assert.deepEqual(readdirSync('.'), ['a']);
  } finally {
    process.chdir(cwd);
  }
  assert.equal(statSync(join(root, 'out')).ino, ino);
});

class Crash extends Error {}

interface FakeDisk extends Disk {
  readonly steps: number;
}

/**
 * A disk on which a step fails: `dies` stands for the end of the process, after which nothing is done any more; a file that is being
 * written then is there in part. Otherwise it is an error of the operating system, after which work goes on.
 */
function failingAt(step: number, fault: 'dies' | 'ENOSPC' | 'EBUSY' | 'EIO'): FakeDisk {
  let steps = 0;
  const guard = (work: () => void, half: () => void = () => {}) => {
    steps++;
    if (steps > step && fault === 'dies') throw new Crash();
    if (steps === step) {
      half();
      throw fault === 'dies'
        ? new Crash()
        : Object.assign(new Error(`${fault}: as the test wants it`), { code: fault });
    }
    work();
  };
  /** In the order of a walk, each entry being a step of its own. */
  const remove = (path: string): void => {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) for (const name of readdirSync(path)) remove(join(path, name));
    guard(() => rmSync(path, { recursive: true, force: true }));
  };
  return {
    get steps() {
      return steps;
    },
    makeFolder: (path) => guard(() => void mkdirSync(path, { recursive: true })),
    write: (path, content) => {
      const data = typeof content === 'string' ? Buffer.from(content) : Buffer.concat([...piecesOf(content)]);
      guard(
        () => writeFileSync(path, data, { flag: 'wx' }),
        () => writeFileSync(path, data.subarray(0, data.length / 2), { flag: 'wx' }),
      );
    },
    rename: (from, to) => guard(() => renameSync(from, to)),
    remove,
    sync: () => guard(() => {}),
  };
}

const piecesOf = (content: Uint8Array | Pieces): Iterable<Uint8Array> =>
  content instanceof Uint8Array ? [content] : content;

/** Replaces a folder as a process does that may die: its lock stays then, and is that of a process that is no more. */
function replaceOrDie(folder: string, files: Files, names: readonly string[], disk: Disk): 'done' | 'died' | 'refused' {
  let output: ReturnType<typeof openOutput> | undefined;
  try {
    output = openOutput(folder, names, { disk });
    output.replace(files);
    output.close();
    return 'done';
  } catch (error) {
    if (error instanceof Crash || (error instanceof Error && error.cause instanceof Crash)) {
      const held = contentOf(folder);
      output?.close();
      const dead = { pid: 2 ** 22 + 1, host: 'x', system: systemOf(folder), begun: '1', since: '', id: '' };
      if (LOCK in held) writeFileSync(join(folder, LOCK), JSON.stringify(dead));
      return 'died';
    }
    output?.close();
    assert.equal((error as Error).name, 'InputError', String(error));
    return 'refused';
  }
}

/** As a lock of this process says it. */
function systemOf(folder: string): string {
  const beside = join(dirname(folder), 'beside');
  const lock = lockFolder(beside);
  const { system } = JSON.parse(read(beside, LOCK));
  lock.close();
  return system;
}

const oldNames = ['a', 'b', 'checkpoint'];
const outputs: { name: string; old: Files; fresh: Files }[] = [
  { name: 'nothing before', old: {}, fresh: { a: 'new a', b: 'new b' } },
  { name: 'the same names', old: { a: 'old a', b: 'old b' }, fresh: { a: 'new a', b: 'new b' } },
  { name: 'a checkpoint before', old: { a: 'old', checkpoint: 'old' }, fresh: { a: 'new a', b: 'new b' } },
  { name: 'folders', old: { 'sub/x': 'old', a: 'old' }, fresh: { 'sub/x': 'new', 'sub/deep/y': 'new', b: 'new' } },
];

for (const { name, old, fresh } of outputs) {
  const start = () => {
    const folder = join(temporaryFolder(), 'out');
    mkdirSync(folder);
    for (const [path, text] of Object.entries(old)) write(join(folder, path), text);
    return folder;
  };
  const names = [...oldNames, 'sub'];
  const whole = (folder: string, message: string) => {
    const found = JSON.stringify(contentOf(folder));
    const sorted = (files: Files) => JSON.stringify(Object.fromEntries(Object.entries(files).sort()));
    assert.ok([sorted(old), sorted(fresh)].includes(found), `${message}: ${found}`);
    return found === sorted(fresh) ? 'new' : 'old';
  };

  test(`${name}: a process that dies at any step leaves the old files or the new, after one reader or writer`, () => {
    const seen = new Set<string>();
    for (let step = 1; ; step++) {
      const folder = start();
      const ended = replaceOrDie(folder, fresh, names, failingAt(step, 'dies'));
      const copy = join(temporaryFolder(), 'copy');
      cpSync(folder, copy, { recursive: true });
      recoverOutput(folder);
      const read = whole(folder, `read after step ${step}`);
      openOutput(copy, names).close();
      assert.equal(whole(copy, `opened after step ${step}`), read);
      seen.add(read);
      if (ended === 'done') break;
      // Those who recover can die as well.
    }
    assert.deepEqual([...seen], ['old', 'new']);
  });

  test(`${name}: so does one that dies while it recovers`, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 2, maxLength: 5 }), (steps) => {
        const folder = start();
        let committed = false;
        for (const step of steps) {
          replaceOrDie(folder, fresh, names, failingAt(step, 'dies'));
          if (existsSync(join(folder, '.sparse-adapter.new', 'commit.json'))) committed = true;
        }
        recoverOutput(folder);
        assert.ok(whole(folder, `after ${steps}`) === 'new' || !committed);
      }),
      { numRuns: 60 },
    );
  });

  for (const fault of ['ENOSPC', 'EBUSY', 'EIO'] as const) {
    test(`${name}: ${fault} at any step is one line, and leaves the old files or the new`, () => {
      for (let step = 1; ; step++) {
        const folder = start();
        const disk = failingAt(step, fault);
        const ended = replaceOrDie(folder, fresh, names, disk);
        assert.notEqual(ended, 'died');
        recoverOutput(folder);
        const read = whole(folder, `${fault} at step ${step}`);
        if (ended === 'done') assert.equal(read, 'new');
        if (disk.steps < step) break;
      }
    });
  }
}

test('a file is replaced whole, whenever the process dies', () => {
  for (let step = 1, ended = false; !ended; step++) {
    const folder = join(temporaryFolder(), 'out');
    write(join(folder, 'checkpoint'), 'old');
    const output = openOutput(folder, oldNames, { disk: failingAt(step, 'dies') });
    try {
      output.writeFile('checkpoint', 'the new one');
      ended = true;
    } catch (error) {
      assert.ok(error instanceof Error && error.cause instanceof Crash, String(error));
    }
    output.close();
    recoverOutput(folder);
    openOutput(folder, oldNames).close();
    assert.deepEqual(list(folder), ['checkpoint']);
    assert.ok(['old', 'the new one'].includes(read(folder, 'checkpoint')));
  }
});

test('a full disk is met with the space that was kept for it', () => {
  const folder = join(temporaryFolder(), 'out');
  let full = true;
  const disk = failingAt(0, 'EIO');
  const place = join(folder, '.sparse-adapter.reserve');
  const real = disk.write;
  disk.write = (path, data) => {
    if (full && existsSync(place)) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    real(path, data);
  };
  const output = openOutput(folder, oldNames, { disk });
  output.reserve(100_000);
  assert.equal(statSync(place).size, 100_000);
  output.replace({ a: 'saved', b: 'saved' });
  full = false;
  output.writeFile('checkpoint', 'x');
  output.close();
  assert.deepEqual(contentOf(folder), { a: 'saved', b: 'saved', checkpoint: 'x' });
});

test('more than the disk has is refused with both sizes', () => {
  const output = openOutput(join(temporaryFolder(), 'out'), oldNames);
  assertInputError(
    () => output.reserve(1000, 1e18),
    /out has [\d.]+ [kM]B of free space and 1000000000000\.0 MB are needed/,
  );
  output.close();
});

test('a commit that names other places is refused and nothing there is touched', () => {
  for (const removed of [['../mine'], ['..'], ['/etc/passwd'], [7], 'a', undefined]) {
    const root = temporaryFolder({
      mine: 'mine',
      'out/.sparse-adapter.new/commit.json': JSON.stringify({ removed }),
      'out/a': 'old',
    });
    assertInputError(() => recoverOutput(join(root, 'out')), /commit\.json: removed/);
    assert.equal(read(root, 'mine'), 'mine');
    assert.equal(read(root, 'out', 'a'), 'old');
  }
});

test('what an earlier version left beside a folder is taken back or removed', () => {
  const id = 'a606d632-0399-4d7e-af24-3e530afe3230';
  const gone = temporaryFolder({ [`out.${id}.old/a`]: 'old', [`out.${id}.tmp/a`]: 'half', 'out.tmp/b': 'mine' });
  recoverOutput(join(gone, 'out'));
  assert.equal(read(gone, 'out', 'a'), 'old');
  const there = temporaryFolder({ 'out/a': 'new', [`out/a.${id}.tmp`]: 'half', [`out.${id}.old/a`]: 'old' });
  writeFolderAtomic(join(there, 'out'), { a: 'newer' });
  assert.deepEqual(contentOf(there), { 'out/a': 'newer' });
  openOutput(join(gone, 'out'), ['a']).close();
  assert.deepEqual(contentOf(gone), { 'out/a': 'old', 'out.tmp/b': 'mine' });
});

test('one folder has one writer at a time, under all its names', () => {
  const root = temporaryFolder();
  const output = openOutput(join(root, 'out'), ['a']);
  symlinkSync('out', join(root, 'link'));
  for (const name of ['out', 'link', 'out/../out/'])
    assertInputError(
      () => openOutput(join(root, name), ['a']),
      new RegExp(`is being written by another command \\(process ${process.pid}, since 20`),
    );
  recoverOutput(join(root, 'out'));
  output.replace({ a: '1' });
  output.close();
  openOutput(join(root, 'out'), ['a']).close();
  assert.deepEqual(list(root, 'out'), ['a']);
});

const changed = (lock: string, change: object): void =>
  writeFileSync(lock, JSON.stringify({ ...JSON.parse(readFileSync(lock, 'utf8')), ...change }));

test('a lock counts as long as its process lives, or gives a sign of life where nobody can look', () => {
  const silent = (lock: string) => utimesSync(lock, 1, Date.now() / 1000 - 200);
  const cases: [name: string, change: (lock: string) => void, isTaken: boolean][] = [
    ['the same process', () => {}, true],
    ['a process that began later under the same id', (lock) => changed(lock, { begun: '1' }), false],
    ['a process that is no more', (lock) => changed(lock, { pid: 2 ** 22 + 1 }), false],
    ['another machine', (lock) => changed(lock, { host: 'far', system: 'far' }), true],
    ['another machine that is silent', (lock) => [changed(lock, { host: 'far', system: 'far' }), silent(lock)], false],
    ['this machine, for long busy', silent, true],
    ['a lock without text, new', (lock) => writeFileSync(lock, ''), false],
    ['a lock with something else', (lock) => writeFileSync(lock, 'null'), false],
  ];
  for (const [name, change, isTaken] of cases) {
    const folder = join(temporaryFolder(), 'out');
    const first = openOutput(folder, ['a']);
    change(join(folder, LOCK));
    if (isTaken)
      assertInputError(() => openOutput(folder, ['a']), /is being written by another command/, /remove .*lock/);
    else {
      const second = openOutput(folder, ['a']);
      second.reserve(10);
      // The first one was taken for dead. If it lives after all, it must not write.
      assertInputError(() => first.replace({ a: 'first' }), /another process has taken it over/);
      assertInputError(() => first.writeFile('a', 'first'), /another process has taken it over/);
      first.close();
      assert.deepEqual(list(folder), [LOCK, '.sparse-adapter.reserve'], name);
      second.replace({ a: 'second' });
      second.close();
      assert.deepEqual(contentOf(folder), { a: 'second' }, name);
    }
  }
});

test('of many processes that want one folder whose writer was killed, one at a time gets it', async () => {
  const folder = temporaryFolder({ a: '' });
  const program = `
    import { openOutput } from ${JSON.stringify(fileURLToPath(new URL('../../src/io/index.ts', import.meta.url)))};
    import { existsSync, rmSync, writeFileSync } from 'node:fs';
    const [folder, alone] = process.argv.slice(1);
    for (let turn = 0, ends = Date.now() + 20_000; turn < 5 && Date.now() < ends; ) {
      let output;
      try { output = openOutput(folder, ['a']); } catch { continue; }
      writeFileSync(alone, '', { flag: 'wx' });
      rmSync(alone);
      turn++;
      if (turn === 5) process.kill(process.pid, 'SIGKILL');
      output.close();
    }`;
  const alone = join(temporaryFolder(), 'alone');
  const run = () =>
    new Promise<unknown>((resolve) => {
      let errors = '';
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder, alone]);
      child.stderr.on('data', (text) => {
        errors += text;
      });
      child.on('close', (code, signal) => resolve(signal ?? `${code} ${errors}`));
    });
  assert.deepEqual(await Promise.all([run(), run(), run(), run()]), ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL']);
  openOutput(folder, ['a']).close();
  assert.deepEqual(list(folder), ['a']);
});

test.run();
