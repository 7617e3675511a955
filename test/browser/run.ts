/**
 * Runs tests in a browser, over the package as it is built.
 * Arguments are parts of the names of files to run; without, all.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { root } from '../support/modules.ts';
import { buildPage } from './build.ts';
import { launchChromium } from './chromium.ts';
import { type PageKind, serve } from './serve.ts';
import { tryServedPage } from './served-page.ts';

interface Run {
  readonly file: string;
  /** The environment of the tests. */
  readonly env: Readonly<Record<string, string>>;
  readonly page: PageKind;
}

const filesIn = (folder: string, ending: string, without: readonly string[] = []): string[] =>
  readdirSync(join(import.meta.dirname, folder))
    .filter((name) => name.endsWith(ending) && !without.includes(name))
    .map((name) => `${folder}/${name}`);
const testsIn = (folder: string, without: readonly string[] = []) => filesIn(folder, '.test.ts', without);

const operations = [
  ...testsIn('../ops'),
  ...testsIn('../autograd', ['second-order.test.ts', 'memory.test.ts']),
  ...testsIn('../tensor', ['collection.test.ts', 'loops.test.ts']),
  ...testsIn('../optim'),
];
/** Those that run in a page alone. */
const own = filesIn('.', '.page.ts');
const pages: readonly PageKind[] = ['isolated', 'plain'];
/** Tests of threads alone. */
const restricted: readonly PageKind[] = ['files', 'none'];

const PROPERTY_RUNS = '2';
const gpu = { SPARSE_ADAPTER_GPU: '1', PROPERTY_RUNS };
const runs: readonly Run[] = [
  ...operations.map((file) => ({ file, env: gpu, page: 'plain' as const })),
  ...operations.map((file) => ({ file, env: { PROPERTY_RUNS }, page: 'isolated' as const })),
  ...own.flatMap((file) => pages.map((page) => ({ file, env: { PAGE: page }, page }))),
  ...restricted.map((page) => ({ file: './threads.page.ts', env: { PAGE: page }, page })),
];

/** A longer silence means that a page hangs. */
const PATIENCE = 120_000;

const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-browser-'));
await buildPage(folder);
cpSync(join(root, 'dist/browser'), join(folder, 'bundle'), { recursive: true });
// The same by another bundler, in one file with no other beside it.
await esbuild.build({
  stdin: {
    contents: "export * from './dist/browser.js'; export * from './dist/browser-training.js';",
    resolveDir: root,
  },
  ...{ bundle: true, format: 'esm', platform: 'browser', logLevel: 'error' },
  outfile: join(folder, 'one-file/sparse-adapter.js'),
});
const { address, server } = await serve(folder);
const browser = await launchChromium();

/** Shows what a page writes, until it says that it is done. @returns whether it ran tests and all passed */
async function passes({ file, env, page: kind }: Run): Promise<boolean> {
  const page = await browser.newPage();
  let written = '';
  try {
    let heard = Date.now();
    const done = new Promise<void>((resolve, reject) => {
      const watch = setInterval(() => {
        if (Date.now() - heard > PATIENCE) reject(new Error(`${file} hangs`));
      }, 1000);
      page.on('console', (message) => {
        heard = Date.now();
        if (message.text() === 'DONE') {
          clearInterval(watch);
          resolve();
        } else {
          written += message.text();
          process.stdout.write(message.text());
        }
      });
      page.on('pageerror', reject);
      page.on('crash', () => reject(new Error(`${file}: the page crashed`)));
    });
    const query = new URLSearchParams({ ...env, FILE: file });
    await page.goto(`${address}/${kind}/index.html?${query}`);
    await done;
    const [total, passed] = ['Total', 'Passed'].map((word) =>
      Number(written.match(new RegExp(`${word}: +(\\d+)`))?.[1]),
    );
    return total > 0 && passed === total;
  } finally {
    await page.close();
  }
}

try {
  const wanted = process.argv.slice(2);
  for (const run of runs) {
    if (
      wanted.length > 0 &&
      !wanted.some((part) => `${run.file} ${run.page} ${run.env.SPARSE_ADAPTER_GPU ? 'gpu' : ''}`.includes(part))
    )
      continue;
    process.stdout.write(`\n${run.env.SPARSE_ADAPTER_GPU ? 'gpu' : 'wasm'}, ${run.page} `);
    if (!(await passes(run))) process.exitCode = 1;
  }
  if (wanted.length === 0 || wanted.some((part) => 'served-page'.includes(part))) {
    await tryServedPage(browser);
    process.stdout.write('\nserved-page passed\n');
  }
} finally {
  await browser.close();
  server.close();
  rmSync(folder, { recursive: true });
}
