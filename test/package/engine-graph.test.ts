import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import { exportsOf, importsOf, reachable, roomOf, root, runtimeImportsOf, sourceFiles } from '../support/modules.ts';

const test = suite('package: module graph');

/** Each room may import those after it. */
const ROOMS = [
  'cli',
  'serve',
  'search',
  'experiments',
  'queue',
  'finetune',
  'training',
  'data',
  'report',
  'metrics',
  'pruning',
  'optim',
  'interchange',
  'adapters',
  'models',
  'text',
  'io',
  'nn',
  'settings',
  'autograd',
  'ops',
  'tensor',
  'backends',
  'random',
  'errors',
  'environment',
];
/** The engine, and the two modules for browsers: they lie above the rooms. */
const ENTRIES = ['index.ts', 'browser.ts', 'browser-training.ts'];
const ENGINE = ['index', 'autograd', 'ops', 'tensor', 'backends', 'random', 'environment'];

test('rooms import only rooms below them', () => {
  const upwards: string[] = [];
  for (const file of sourceFiles().filter((name) => !ENTRIES.includes(name))) {
    const own = ROOMS.indexOf(roomOf(file));
    assert.ok(own >= 0, `src/${file} is in a room that the order does not name`);
    for (const other of importsOf(file).filter((name) => name.endsWith('.ts'))) {
      if (ROOMS.indexOf(roomOf(other)) < own) upwards.push(`${file} imports ${other}`);
    }
  }
  assert.deepEqual(upwards, []);
});

test('no file imports itself in circles at run time, but for the derivative rules of operations', () => {
  const files = sourceFiles();
  const imports = new Map(files.map((file) => [file, runtimeImportsOf(file).filter((name) => name.endsWith('.ts'))]));
  const importsIn = (file: string) => imports.get(file) ?? [];
  const inCircles = files.filter((file) => importsIn(file).some((other) => reachable(other, importsIn).includes(file)));
  assert.deepEqual(
    inCircles.filter((file) => roomOf(file) !== 'ops'),
    [],
  );
  // The derivative of a sum is a broadcast, and that of a broadcast a sum: so the walk sees circles where there are some.
  assert.ok(inCircles.includes('ops/reduce.ts') && inCircles.includes('ops/broadcast.ts'));
});

test('no source reads a tensor at once: what a graphics card computes can only be awaited', () => {
  const atOnce = sourceFiles()
    .filter((file) => !['tensor', 'backends'].includes(roomOf(file)))
    .filter((file) => /\.(?:dataSync|arraySync|item)\(\)/.test(readFileSync(join(root, 'src', file), 'utf8')));
  assert.deepEqual(atOnce, []);
});

test('the room of settings imports its library of schemas and the errors alone', () => {
  const imported = sourceFiles()
    .filter((file) => roomOf(file) === 'settings')
    .flatMap(importsOf)
    .filter((name) => roomOf(name) !== 'settings');
  assert.deepEqual([...new Set(imported)].sort(), ['errors.ts', 'valibot']);
});

test('no entry exports defaults that programs would have to spread', async () => {
  for (const room of readdirSync(join(root, 'src'), { withFileTypes: true }).filter((file) => file.isDirectory())) {
    const entry = join(root, 'src', room.name, 'index.ts');
    if (!existsSync(entry)) continue;
    const names = Object.keys(await import(pathToFileURL(entry).href));
    assert.deepEqual(
      names.filter((name) => /defaults$/i.test(name)),
      room.name === 'settings' ? ['withDefaults'] : [],
      room.name,
    );
  }
});

test('no file has the name of one in a folder of its folder', () => {
  const files = sourceFiles().filter((file) => !file.endsWith('index.ts'));
  const shared = files.filter((file) => {
    const parts = file.split('/');
    return parts.length > 2 && files.includes([...parts.slice(0, -2), parts[parts.length - 1]].join('/'));
  });
  assert.deepEqual(shared, []);
});

test('the walk through the imports sees them', () => {
  assert.ok(importsOf('ops/normalization.ts').includes('ops/operation.ts'));
  assert.ok(importsOf('random/random.ts').includes('seedrandom/lib/alea.js'));
  assert.ok(reachable('index.ts').includes('backends/reference/erf.ts'));
});

test('the engine can load no other room, one package, and one for the GPU', () => {
  const files = reachable('index.ts');
  assert.deepEqual([...new Set(files.map(roomOf))].sort(), [...ENGINE, 'errors'].sort());
  const packages = new Set(
    files.flatMap(importsOf).filter((name) => !name.endsWith('.ts') && !name.startsWith('node:')),
  );
  assert.deepEqual([...packages].sort(), ['gpu.js', 'seedrandom/lib/alea.js']);
});

/** The entries of the package, as bundlers choose them for a browser. */
const { exports: entries } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { browser?: string }>;
};
const inBrowsers = Object.entries(entries).flatMap(([name, entry]) => {
  // One without a browser's form is for Node.js alone.
  const file = typeof entry === 'string' ? entry : (entry.browser ?? '');
  return file.endsWith('.js') ? [[name, file.replace('./dist/', '').replace('.js', '.ts')]] : [];
});

/** The same, as Node.js chooses them. */
const inNode = Object.values(entries)
  .map((entry) => (typeof entry === 'string' ? entry : (Reflect.get(entry, 'default') ?? Reflect.get(entry, 'node'))))
  .filter((path: string) => path.endsWith('.js'))
  .map((path: string) => path.replace('./dist/', '').replace('.js', '.ts'));

test('a name that two entries of the package export is declared once', () => {
  const places = new Map<string, Set<string>>();
  assert.ok(inNode.length >= 10, `only ${inNode.length} entries were found`);
  for (const file of inNode) {
    for (const [name, place] of exportsOf(file)) places.set(name, (places.get(name) ?? new Set()).add(place));
  }
  assert.equal(places.get('Tensor')?.size, 1);
  const several = [...places].filter(([, declared]) => declared.size > 1);
  assert.deepEqual(
    several.map(([name, declared]) => `${name}: ${[...declared].join(', ')}`),
    [],
  );
});

const others = [
  ['the worker thread', 'backends/wasm/worker.ts'],
  ['the bundle', 'browser.ts'],
  ['what trains beside it', 'browser-training.ts'],
];
for (const [name, entry] of [...inBrowsers, ...others]) {
  test(`${name} imports nothing of Node.js in a browser`, () => {
    const files = reachable(entry, runtimeImportsOf);
    const ofNode = files.filter((file) => runtimeImportsOf(file).some((other) => other.startsWith('node:')));
    assert.deepEqual(ofNode, []);
  });
}

test('whoever makes tensors or parameters for a program has loaded their methods', () => {
  const lists = [...inNode, ...inBrowsers.map(([, file]) => file)].map((file) => reachable(file, runtimeImportsOf));
  const makers = lists.filter((list) => list.includes('index.ts') || list.includes('nn/parameter.ts'));
  assert.ok(makers.length > 8, `${makers.length} entries`);
  const lacking = makers.filter((list) => !list.includes('ops/methods.ts'));
  assert.deepEqual(lacking, []);
});

test('the imports of types alone are told from the others', () => {
  assert.ok(importsOf('io/tensor-source.ts').includes('io/checkpoint.ts'));
  assert.ok(!runtimeImportsOf('io/tensor-source.ts').includes('io/checkpoint.ts'));
  assert.ok(runtimeImportsOf('io/checkpoint.ts').includes('node:fs'));
});

const program = (engine: string) => `
import { grad, mul, sum, tensor } from '${engine}';
const x = tensor([1, 2, 3], [3], { requiresGrad: true });
const loss = sum(mul(x, x));
const [slope] = grad(loss, [x]);
console.log([...(await slope.data())].join(' '));
`;

/** Reports the address of every module on standard error as it is loaded. */
const reporter = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { process.stderr.write(url + '\\n'); return next(url, context); } });
`)}`;

const built = existsSync(join(root, 'dist', 'index.js'));
const engines = [
  ['the sources', pathToFileURL(join(root, 'src', 'index.ts')).href, 'src'],
  ...(built ? [['the built package', 'sparse-adapter', 'dist']] : []),
];
for (const [what, engine, folder] of engines) {
  test(`a program of five lines loads the engine alone from ${what}`, async () => {
    const args = ['--import', reporter, '--input-type=module', '--eval', program(engine)];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
    assert.equal(stdout, '2 4 6\n');
    const loaded = stderr.split('\n').filter((line) => line.startsWith('file:'));
    const base = pathToFileURL(join(root, folder)).href;
    const own = loaded.filter((url) => url.startsWith(`${base}/`)).map((url) => url.slice(base.length + 1));
    assert.ok(own.length > 10, `only ${own.length} modules were seen`);
    assert.deepEqual([...new Set(own.map((file) => roomOf(file.replace(/\.js$/, '.ts'))))].sort(), [...ENGINE].sort());
    for (const url of loaded.filter((name) => !name.startsWith(`${base}/`)))
      assert.match(url, /node_modules\/seedrandom\/lib\/alea\.js$/);
  });
}

test('libraries of reports and databases are loaded only by what uses them', async () => {
  const args = ['--import', reporter, join(root, 'src', 'cli', 'main.ts'), '--version'];
  const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
  assert.match(stderr, /src\/experiments\/sweep\.ts/);
  const research = stderr.split('\n').filter((url) => /node_modules\/(vega|@resvg|node-sqlite3|@expo|d3-)/.test(url));
  assert.deepEqual(research, []);
});

test.run();
