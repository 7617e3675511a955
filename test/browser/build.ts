import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { build, type Plugin } from 'vite';
import { root } from '../support/modules.ts';

const [source, tests] = ['src', 'test'].map((folder) => join(root, folder) + sep);
const dist = join(root, 'dist');

/** Tests import the sources; in a browser they get what the package has: compiled files, and its entries for browsers. */
const packaged: Plugin = {
  name: 'packaged',
  enforce: 'pre',
  resolveId(name, importer) {
    if (!importer || !name.startsWith('.')) return null;
    const file = join(importer, '..', name);
    if (file === join(tests, 'io/temporary.ts')) return join(import.meta.dirname, 'temporary.ts');
    if (!file.startsWith(source)) return null;
    const built = join(dist, relative(source, file)).replace(/\.ts$/, '.js');
    const inBrowsers = built.replace(/index\.js$/, 'browser.js');
    return existsSync(inBrowsers) ? inBrowsers : built;
  },
  // Of the package, its description says which files do something when they are loaded. Tests do.
  transform: (_, id) => (id.startsWith(tests) ? { moduleSideEffects: true } : null),
};

/** Bundles a page, by default that of the tests, into `folder`. The package must have been built. */
export async function buildPage(folder: string, page: string = import.meta.dirname): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    root: page,
    base: './',
    plugins: [packaged],
    resolve: { alias: { 'node:assert/strict': join(import.meta.dirname, 'assert.ts') } },
    define: { 'process.env': 'globalThis.process.env' },
    worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 4096 },
  });
}
