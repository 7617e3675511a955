import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as vite from 'vite';
import { temporaryFolder } from '../io/temporary.ts';
import { root } from '../support/modules.ts';
import { pageSizes, total } from './page.ts';

const test = suite('package: size of a bundle');

/** Kilobytes (1000 bytes), compressed by gzip, of what Vite makes of a program and a page loads with it. */
async function bundledSize(program: string): Promise<number> {
  const folder = join(temporaryFolder(), 'app');
  mkdirSync(folder);
  const entry = join(folder, 'program.js');
  writeFileSync(entry, program.replace("'sparse-adapter'", JSON.stringify(join(root, 'dist/index.js'))));
  const built = await vite.build({
    ...{ root: folder, configFile: false, logLevel: 'error' },
    build: { lib: { entry, formats: ['es'], fileName: 'main' }, minify: true, write: false, target: 'es2022' },
  });
  const [{ output }] = built as vite.Rolldown.RolldownOutput[];
  const chunks = new Map(output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file] as const] : [])));
  const loaded = new Set(output.filter((file) => file.type === 'chunk' && file.isEntry).map((file) => file.fileName));
  // The loop also visits what it adds.
  for (const name of loaded) for (const imported of chunks.get(name)?.imports ?? []) loaded.add(imported);
  const sizes = [...loaded].map((name) => gzipSync(chunks.get(name)?.code ?? '').length);
  return sizes.reduce((sum, size) => sum + size, 0) / 1000;
}

test('the whole engine takes 65 kB at most', async () => {
  const size = await bundledSize("export * from 'sparse-adapter';");
  assert.ok(size > 40 && size <= 65, `${size} kB`);
});

test('a program that takes four functions takes 60 kB at most', async () => {
  const size = await bundledSize(`
    import { grad, matmul, sum, tensor } from 'sparse-adapter';
    const w = tensor([[1, 2], [3, 4]], [2, 2], { requiresGrad: true });
    const [dw] = grad(sum(matmul(w, w)), [w]);
    dw.data().then(console.log);`);
  assert.ok(size > 35 && size <= 60, `${size} kB`);
});

test('a page that answers one text by a model like BERT loads 136.2 kB at most', async () => {
  const sizes = await pageSizes();
  assert.ok(total(sizes) > 100 && total(sizes) <= 136.2, JSON.stringify([...sizes]));
});

test.run();
