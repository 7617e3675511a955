import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { suite } from 'uvu';
import { root } from '../support/modules.ts';
import { pack } from '../support/pack.ts';

const test = suite('package: what is published');

interface Manifest {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const { name } = manifest;
const packed = pack();
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('it has the build, the docs and the licence, and no tests, sources or fixtures', () => {
  for (const path of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'docs/README.md', 'dist/cli/main.js']) {
    assert.ok(packed.files.includes(path), path);
  }
  const others = packed.files.filter((path) => !/^(dist|docs)\//.test(path));
  assert.deepEqual(others.sort(), ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  const unwanted = packed.files.filter((path) => path.startsWith('dist/') && !/\.(js|js\.map|d\.ts)$/.test(path));
  assert.deepEqual(unwanted, []);
  const targets = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  );
  for (const path of targets) assert.ok(packed.files.includes(path.replace('./', '')), path);
});

test('publint finds nothing', async () => {
  const { messages } = await publint({
    pack: { tarball: new Uint8Array(readFileSync(packed.tarball)).buffer },
    strict: true,
  });
  assert.deepEqual(messages, []);
});

test('attw finds nothing: types resolve as the modules do, for programs in ESM', async () => {
  const attw = join(root, 'node_modules', '.bin', 'attw');
  // It fails, and says why, if it finds anything.
  const { stdout } = await promisify(execFile)(attw, ['--profile', 'esm-only', '--no-color', packed.tarball]);
  for (const entry of Object.keys(manifest.exports)) assert.ok(stdout.includes(`"${join(name, entry)}"`), entry);
});

test('every module has a source map that holds its sources', () => {
  const modules = packed.files.filter((path) => /^dist\/.*\.js$/.test(path));
  assert.ok(modules.length > 300, `${modules.length} modules`);
  for (const path of modules) {
    assert.ok(packed.files.includes(`${path}.map`), `${path} has no source map`);
    const map = JSON.parse(read(`${path}.map`)) as { sources: string[]; sourcesContent?: (string | null)[] };
    assert.equal(map.sourcesContent?.filter((content) => typeof content === 'string').length, map.sources.length, path);
  }
});

test('declarations name nothing that another TypeScript, or a program without the types of Node.js, lacks', () => {
  const lacking = [
    // Typed arrays take a type since TypeScript 5.7.
    /\b(?:Big)?(?:Int|Uint|Float)\d+(?:Clamped)?Array</,
    /\bNodeJS\./,
    /['"]node:/,
    /<reference (?!lib="esnext.disposable")/,
  ];
  const known = new Set(Object.keys(manifest.dependencies));
  const declarations = reachableDeclarations();
  assert.ok(declarations.length > 100, `${declarations.length} declarations`);
  for (const path of declarations) {
    const text = read(path).replaceAll(/\/\*[\s\S]*?\*\//g, '');
    for (const pattern of lacking) assert.doesNotMatch(text, pattern, path);
    // The library of `using` is younger than ES2022, so a file that names it asks for it.
    if (/\bDisposable\b|Symbol\.dispose/.test(text))
      assert.match(text, /^\/\/\/ <reference lib="esnext\.disposable"/, path);
    // The engine has a Buffer of its own, which is imported or declared where it is named.
    const isOwnBuffer = /\b(?:import|interface)\b[^;]*\bBuffer\b/.test(text);
    if (!isOwnBuffer) assert.doesNotMatch(text, /\bBuffer\b/, path);
    for (const [, name] of text.matchAll(/(?:from|import\()\s*['"]([^.'"][^'"]*)['"]/g)) {
      const packageName = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
      assert.ok(known.has(packageName), `${path} imports ${name}, which is no dependency`);
      assert.ok(hasTypes(packageName), `${path} imports ${name}, which has no types of its own`);
    }
  }
});

/** The declarations that a program which imports all entries reads. */
function reachableDeclarations(): string[] {
  const targets = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  );
  const modules = targets.filter((path) => path.endsWith('.js'));
  const found = new Set(modules.map((path) => join(path.replace(/\.js$/, '.d.ts'))));
  for (const path of found) {
    for (const [, name] of read(path).matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.[jt]s['"]/g)) {
      found.add(join(dirname(path), `${name}.d.ts`));
    }
  }
  return [...found];
}

function hasTypes(name: string): boolean {
  const { types, typings, exports } = JSON.parse(read(`node_modules/${name}/package.json`)) as Record<string, unknown>;
  return types !== undefined || typings !== undefined || /\.d\.[cm]?ts"/.test(JSON.stringify(exports ?? ''));
}

test.after(() => packed.remove());

test.run();
