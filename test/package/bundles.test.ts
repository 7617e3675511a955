import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { suite } from 'uvu';
import * as vite from 'vite';
import { temporaryFolder } from '../io/temporary.ts';
import { root } from '../support/modules.ts';

const test = suite('package: programs in one bundle');

/** Goes on until two threads compute, and says what it has found. */
const program = `
import { getBackend, matmul, Random, randomNormal, setBackend, tidy } from ${JSON.stringify(join(root, 'src/index.ts'))};

async function main() {
  await setBackend('wasm', { threads: 2 });
  const a = randomNormal([300, 300], new Random(1));
  const end = Date.now() + 30_000;
  while (getBackend().readyThreads() < 2 && Date.now() < end) matmul(a, a).dispose();
  const two = matmul(a, a).dataSync();
  const ready = getBackend().readyThreads();
  await setBackend('wasm', { threads: 1 });
  const b = randomNormal([300, 300], new Random(1));
  const one = matmul(b, b).dataSync();
  console.log(ready, two.every((x, i) => x === one[i]));
}
main();
`;

/** An empty folder with the program, without any package in reach. */
function programFolder(): string {
  const folder = join(temporaryFolder(), 'app');
  mkdirSync(folder);
  writeFileSync(join(folder, 'program.js'), program);
  return folder;
}

async function assertTwoThreads(file: string): Promise<void> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { timeout: 120_000 });
  assert.equal(stderr, '');
  assert.equal(stdout, '2 true\n');
}

for (const [format, ending] of [
  ['esm', 'mjs'],
  ['cjs', 'cjs'],
] as const) {
  test(`of esbuild for Node.js, as ${format}: two threads`, async () => {
    const folder = programFolder();
    const outfile = join(folder, 'out', `bundle.${ending}`);
    const options = { bundle: true, platform: 'node', minify: true, logLevel: 'error' } as const;
    await esbuild.build({ ...options, entryPoints: [join(folder, 'program.js')], format, outfile });
    assert.deepEqual(readdirSync(join(folder, 'out')), [`bundle.${ending}`]);
    await assertTwoThreads(outfile);
  });
}

test('of Vite for Node.js: two threads', async () => {
  const root = programFolder();
  await vite.build({
    ...{ root, configFile: false, logLevel: 'error' },
    ssr: { noExternal: true },
    build: { ssr: 'program.js', outDir: 'out', minify: true },
  });
  const file = readdirSync(join(root, 'out')).find((name) => name.startsWith('program.')) as string;
  await assertTwoThreads(join(root, 'out', file));
});

test.run();
