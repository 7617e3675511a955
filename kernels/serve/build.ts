/**
 * Bundles the program of a worker that answers requests into `src/serve/worker-program.ts`, as one text: so it starts in a program that was
 * bundled itself, too. It is compressed: it has most of this package in it. Packages that are optional are looked for where that program is.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '../..');
const target = join(root, 'src/serve/worker-program.ts');
const { peerDependencies, sideEffects } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly sideEffects: readonly string[];
};

/** Leaves out files of which nothing is used, as bundlers do with the published package: it names those that have effects. */
const published: Plugin = {
  name: 'published',
  setup({ onResolve }) {
    const withEffects = new Set(
      sideEffects.map((file) => join(root, file.replace('./dist/', 'src/').replace(/js$/, 'ts'))),
    );
    onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
      const file = resolve(resolveDir, path);
      return file.endsWith('.ts') ? { path: file, sideEffects: withEffects.has(file) } : undefined;
    });
  },
};

/** What a worker never calls: it reads no tables, and computes with the backend `wasm`. */
const uncalled =
  /^(hyparquet|hyparquet-compressors|csv-parse(\/sync)?|.*\/parquet-worker-source\.ts|.*\/gpu\/index\.ts)$/;
const withoutUncalled: Plugin = {
  name: 'without uncalled',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: uncalled }, ({ path }) => ({ path, namespace: 'uncalled' }));
    onLoad({ filter: /^/, namespace: 'uncalled' }, () => ({ contents: 'module.exports = {};' }));
  },
};

const { outputFiles } = await build({
  entryPoints: [join(root, 'src/serve/worker.ts')],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minify: true,
  external: Object.keys(peerDependencies),
  define: { 'import.meta.url': 'bundledFrom' },
  banner: { js: "const bundledFrom = require('node:worker_threads').workerData.url;" },
  plugins: [withoutUncalled, published],
  write: false,

  logLevel: 'error',
});
const program = brotliCompressSync(outputFiles[0].contents).toString('base64');
const text = `/** The program of a worker, made from worker.ts by kernels/serve/build.ts: a text in UTF-8, by Brotli, in Base64. */
export const compressed: string = ${JSON.stringify(program)};
`;

if (readSource() === text) console.log('worker of serve: up to date');
else {
  writeFileSync(target, text);
  console.log(`worker of serve: ${text.length} bytes`);
}

function readSource(): string {
  try {
    return readFileSync(target, 'utf8');
  } catch {
    return '';
  }
}
