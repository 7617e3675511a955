import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { suite } from 'uvu';
import * as vite from 'vite';
import { load } from '../../src/finetune/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { root } from '../support/modules.ts';
import { runOf } from '../support/serve-runs.ts';

const test = suite('serve: servers in one bundle');

/** Labels the texts that it is sent, with a model in a worker in which two threads compute. */
const program = `
import { createServer } from 'node:http';
import { pipeline } from 'sparse-adapter/serve';

async function main() {
  const classify = await pipeline('text-classification', process.argv[2], { workers: 1, threads: 2 });
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    response.end(JSON.stringify(await classify(text, { top_k: null })));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}
main();
`;

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object };

/** A folder with the program, in which the built package is installed with what it needs, and without optional packages. */
function programFolder(): string {
  const folder = temporaryFolder({ 'server.js': program, 'package.json': '{"type":"module"}' });
  const installed = join(folder, 'node_modules');
  for (const part of ['dist', 'package.json']) {
    cpSync(join(root, part), join(installed, 'sparse-adapter', part), { recursive: true });
  }
  for (const name of Object.keys(dependencies)) symlinkSync(join(root, 'node_modules', name), join(installed, name));
  return folder;
}

/** A bundle that stands alone in an empty folder. */
function alone(folder: string): string {
  const target = temporaryFolder();
  cpSync(join(folder, 'out'), target, { recursive: true });
  return join(target, readdirSync(target).find((name) => name.startsWith('server')) as string);
}

/** Waits for the port that a server prints. */
function started(server: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let printed = '';
    server.stdout?.on('data', (text) => {
      printed += text;
      if (printed.endsWith('\n')) resolve(Number(printed));
    });
    server.once('exit', (code) => reject(new Error(`The server ended with code ${code}.`)));
  });
}

const path = await runOf('text-classification');
const texts = Array.from({ length: 1000 }, (_, i) => `the ${i % 3 ? 'film' : 'book'} is ${'very '.repeat(i % 11)}good`);

async function assertAnswers(file: string): Promise<void> {
  const server = spawn(process.execPath, [file, path], {
    cwd: temporaryFolder(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = `http://127.0.0.1:${await started(server)}`;
    const asked = texts.map(async (body) => (await fetch(url, { method: 'POST', body })).json());
    const answers = (await Promise.all(asked)) as { label: string; score: number }[][];
    const model = await load(path, { task: 'text-classification' });
    const expected = (await model.predictScores(texts)).map((scores) => scores.sort((a, b) => b.score - a.score));
    model.dispose();
    assert.deepEqual(answers, expected);
  } finally {
    server.kill();
  }
}

for (const [format, ending] of [
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
] as const) {
  test(`of esbuild, as ${format}: 1,000 requests, two threads`, async () => {
    const folder = programFolder();
    await esbuild.build({
      ...{ bundle: true, platform: 'node', minify: true, logLevel: 'error', format },
      entryPoints: [join(folder, 'server.js')],
      outfile: join(folder, 'out', `server.${ending}`),
      // Of "import.meta", which CommonJS has not: the package does without.
      logOverride: { 'empty-import-meta': 'silent' },
    });
    await assertAnswers(alone(folder));
  });
}

test('of Vite for Node.js: 1,000 requests, two threads', async () => {
  const folder = programFolder();
  await vite.build({
    ...{ root: folder, configFile: false, logLevel: 'error' },
    ssr: { noExternal: true },
    build: { ssr: 'server.js', outDir: 'out', minify: true },
  });
  await assertAnswers(alone(folder));
});

test.run();
