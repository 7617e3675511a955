/**
 * Installs the packed package in an empty project, imports every entry of it with the oldest and the newest Node.js, and
 * compiles a program that imports them all with each TypeScript: strict, and the declarations are checked too. Arguments choose
 * versions of TypeScript by how they begin: `npm run test:types -- 5.6`.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import { root } from '../support/modules.ts';
import { peers, projectWithPackage, readPackage } from './project.ts';

const run = promisify(execFile);
const { folder: project, write, remove } = await projectWithPackage();

const entries = Object.keys(readPackage(root).exports as object)
  .filter((entry) => !entry.endsWith('.json'))
  .map((entry) => join('sparse-adapter', entry));

const installed = suite('package: installed');

installed('with all that it needs it takes 20 MB at most', () => {
  const folder = join(project, 'node_modules');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const bytes = files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  assert.ok(bytes > 1e6 && bytes <= 20e6, `${(bytes / 1e6).toFixed(1)} MB`);
});

const imported = suite('package: imported');

const nodes: readonly (readonly [version: string, path: string])[] = [
  [readPackage(join(peers, 'node')).version, join(peers, 'node', 'bin', 'node')],
  [process.versions.node, process.execPath],
];
for (const [version, node] of nodes) {
  imported(`every entry with Node.js ${version}`, async () => {
    const program = `
      for (const name of ${JSON.stringify(entries)}) {
        if (Object.keys(await import(name)).length === 0) throw new Error(name);
      }
      const { grad, mul, sum, tensor } = await import('sparse-adapter');
      const x = tensor([1, 2, 3], [3], { requiresGrad: true });
      const [gradient] = grad(sum(mul(x, x)), [x]);
      console.log(process.versions.node, gradient.dataSync().join());`;
    write('program.js', program);
    const { stdout, stderr } = await run(node, ['program.js'], { cwd: project });
    assert.equal(stdout, `${version} 2,4,6\n`);
    assert.equal(stderr, '');
  });
}

const typed = suite('package: typed');

const wanted = process.argv.slice(2);
const compilers: readonly (readonly [version: string, path: string])[] = [
  ...Object.keys(readPackage(import.meta.dirname).dependencies as object)
    .filter((name) => name.startsWith('typescript-'))
    .map((name) => join(peers, name)),
  join(root, 'node_modules', 'typescript'),
]
  .map((folder): [string, string] => [readPackage(folder).version, join(folder, 'bin', 'tsc')])
  .filter(([version]) => wanted.length === 0 || wanted.some((start) => version.startsWith(start)));

const node16 = { module: 'node16', moduleResolution: 'node16' };
const bundler = { module: 'esnext', moduleResolution: 'bundler' };

const program = `
import { type Tensor, Random, grad, sum, mul, tensor } from 'sparse-adapter';
import { type SafetensorsFile, serializeSafetensors } from 'sparse-adapter/io';
${entries.map((entry, i) => `import * as entry${i} from '${entry}';`).join('\n')}
export const everything = [${entries.map((_, i) => `entry${i}`)}];
const x: Tensor = tensor([1, 2, 3], [3], { requiresGrad: true });
const [gradient] = grad(sum(mul(x, x)), [x]);
export const chained: Tensor = x.mul(x).add(1).sum({ axis: 0 });
export const numbers: Float32Array | Float64Array = gradient!.dataSync();
export const total: number = gradient!.dataSync().reduce((sum, value) => sum + value, 0);
export const words: string = gradient!.dataSync().reduce((text, value, i) => text + i + value, '');
export const doubled: Float32Array | Float64Array = gradient!.dataSync().map((value) => 2 * value);
export const above: number = gradient!.dataSync().filter((value) => value > 1).length;
const state: ReturnType<Random['state']> = new Random(1).state();
export const drawn: number = Random.restore(state).uniform();
export const bytes: Uint8Array = serializeSafetensors([]);
export const read = (file: SafetensorsFile): Uint8Array => file.readRaw('x');
// @ts-expect-error: were everything of type any, nothing would be wrong here
export const wrong: string = new Random(1).uniform();
`;

/** The errors of a program that imports all entries. */
async function errorsOf(tsc: string, source: string, options: object): Promise<string> {
  write('program.ts', source);
  const strict = { strict: true, skipLibCheck: false, target: 'es2022', noEmit: true };
  write('tsconfig.json', { compilerOptions: { ...strict, ...options }, files: ['program.ts'] });
  try {
    await run(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], { cwd: project });
    return '';
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? error);
  }
}

/** The entries that a browser has. */
const nodeAlone = entries.indexOf('sparse-adapter/experiments');
const inBrowsers = program.replace(/^import .*experiments';\n/m, '').replace(`entry${nodeAlone},`, '');

/** The other entries need the types of Node.js or of browsers, as the declarations of valibot do. */
const engineAlone = program
  .replace(/^import .*\/\w+';\n/gm, '')
  .replace(/^export const (everything|bytes|read).*\n/gm, '');

interface Setting {
  readonly name: string;
  readonly options: object;
  readonly source?: string;
}

/** The types of Node.js are installed from the first setting on that has them. */
const settings: readonly Setting[] = [
  { name: 'node16', options: { ...node16, types: [] } },
  { name: 'bundler', options: { ...bundler, types: [] } },
  {
    name: 'bundler for browsers',
    options: { ...bundler, customConditions: ['browser'], types: [] },
    source: inBrowsers,
  },
  { name: 'bundler and the library of 2020', options: { ...bundler, types: [], target: 'es2020' } },
  {
    name: 'the engine with the types of the language alone',
    options: { ...node16, types: [], lib: ['es2022'] },
    source: engineAlone,
  },
  { name: 'node16 with the types of Node.js', options: { ...node16, types: ['node'] } },
  { name: 'bundler with the types of Node.js', options: { ...bundler, types: ['node'] } },
  {
    name: 'node16 with the types of Node.js and none of browsers',
    options: { ...node16, types: ['node'], lib: ['es2022'] },
  },
];
const everywhere = ['node16', 'bundler with the types of Node.js'];

let hasNodeTypes = false;
function installNodeTypes(): void {
  if (hasNodeTypes) return;
  hasNodeTypes = true;
  for (const name of ['@types/node', 'undici-types']) {
    cpSync(join(peers, name), join(project, 'node_modules', name), { recursive: true });
  }
}

for (const { name, options, source = program } of settings) {
  // The oldest and the newest with every setting, those between with two.
  const [oldest, newest] = [compilers[0], compilers[compilers.length - 1]];
  for (const [version, tsc] of everywhere.includes(name) ? compilers : new Set([oldest, newest])) {
    typed(`TypeScript ${version}, ${name}`, async () => {
      if (name.includes('types of Node.js')) installNodeTypes();
      assert.equal(await errorsOf(tsc, source, options), '');
    });
  }
}

typed('an error in the program is found', async () => {
  const [, tsc] = compilers[0];
  const wrong = `${program}\nexport const text: string = drawn;`;
  assert.match(await errorsOf(tsc, wrong, { ...node16, types: [] }), /error TS2322/);
});

typed.after(remove);

installed.run();
imported.run();
typed.run();
