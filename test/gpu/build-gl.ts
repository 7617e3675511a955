/**
 * Builds the package gl, OpenGL without a window, for the Node.js that runs this. It is optional to gpu.js, takes some minutes,
 * and wants a C++ compiler (docs/backends.md has the list), so installing does not do it. What was built is kept in the user's
 * cache and taken from there the next time.
 */
import { execFileSync, spawnSync } from 'node:child_process';
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

/** Whether a file is there and made for this Node.js. */
const loads = (file: string): boolean =>
  spawnSync(process.execPath, ['--eval', `require(${JSON.stringify(file)})`]).status === 0;

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** @throws Error if what was built is not for this Node.js */
function build(): void {
  // The package node has the headers that fit it; elsewhere node-gyp finds or loads them.
  const nested = join(modules, 'node/node_modules');
  const own = readdirSync(nested).find((folder) => existsSync(join(nested, folder, 'include/node')));
  // npm's own setting comes as a variable, and would win over an argument.
  const headers = own ? { npm_config_nodedir: join(nested, own) } : {};
  execFileSync(process.execPath, [join(modules, 'node-gyp/bin/node-gyp.js'), 'rebuild'], {
    cwd: join(modules, 'gl'),
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...headers, CXXFLAGS: '-w', JOBS: 'max' },
  });
  if (!loads(built))
    throw new Error(`${name}: what was built does not load; its headers are those of another Node.js.`);
}

if (loads(built)) console.log(`${name}: up to date`);
else if (loads(kept)) {
  copy(kept, built);
  console.log(`${name}: from ${dirname(kept)}`);
} else {
  build();
  copy(built, kept);
  console.log(`${name}: built`);
}
