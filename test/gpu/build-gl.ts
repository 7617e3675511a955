/**
 * Builds the package gl, OpenGL without a window, for the Node.js that runs this. It is optional to gpu.js, takes some minutes,
 * and wants a C++ compiler (docs/backends.md has the list), so installing does not do it. What was built is kept in the user's
 * cache and taken from there the next time.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../support/modules.ts';

const modules = join(root, 'node_modules');
const built = join(modules, 'gl/build/Release/webgl.node');
const { version } = JSON.parse(readFileSync(join(modules, 'gl/package.json'), 'utf8')) as { version: string };
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const name = `gl-${version}-${process.platform}-${process.arch}-${process.versions.modules}`;
const kept = join(cache, 'sparse-adapter', name, 'webgl.node');

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

if (existsSync(built)) console.log(`${name}: up to date`);
else if (existsSync(kept)) {
  copy(kept, built);
  console.log(`${name}: from ${dirname(kept)}`);
} else {
  // The package node has the headers that fit it; elsewhere node-gyp finds or loads them.
  const nested = join(modules, 'node/node_modules');
  const own = readdirSync(nested).find((folder) => existsSync(join(nested, folder, 'include/node')));
  execFileSync(
    process.execPath,
    [join(modules, 'node-gyp/bin/node-gyp.js'), 'rebuild', ...(own ? [`--nodedir=${join(nested, own)}`] : [])],
    { cwd: join(modules, 'gl'), stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, JOBS: 'max' } },
  );
  copy(built, kept);
  console.log(`${name}: built`);
}
