import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: plugins');

const family = `
import { mul } from 'sparse-adapter';
import { defineFamily, option, positiveNumber, registerFamily } from 'sparse-adapter/adapters';
import { onesInit } from 'sparse-adapter/nn';

registerFamily(
  defineFamily({
    kind: 'gain',
    summary: 'a learnt factor for each feature',
    options: { gainScale: option(positiveNumber, { description: 'multiplies the factors', default: 1 }) },
    title: ({ gainScale }) => \`gain \${gainScale}\`,
    build: ({ name, points, at }, { gainScale }) => {
      const modules = new Map();
      for (const point of points.residual) {
        const gain = at(point.name).at('gain').at(name).parameter('gain', [point.hiddenSize], onesInit);
        modules.set(point, { forward: (h) => mul(h, mul(gain.tensor(), gainScale)) });
      }
      return { residual: modules, chains: {} };
    },
  }),
);
`;

const score = `
import { definePruningMethod, registerPruningMethod } from 'sparse-adapter/pruning';

registerPruningMethod(
  definePruningMethod({
    name: 'smallest',
    summary: 'large weights',
    score: async ({ parameters }) =>
      Promise.all(parameters.map(async ({ value }) => (await value.data()).map((w) => -Math.abs(w)))),
  }),
);
`;

/** Text classification under another name, with a setting of its own, which drops the texts that are too short. */
const task = `
import { option, positiveInteger } from 'sparse-adapter/adapters';
import { classification, registerTask } from 'sparse-adapter/training';

registerTask({
  ...classification,
  name: 'long-texts',
  takesSettingsOf: ['text-classification'],
  usedAs: 'text-classification',
  settings: {
    shortest: option(positiveInteger, {
      description: 'texts with fewer characters are left out',
      default: 3,
      for: { task: ['long-texts'] },
    }),
  },
  encode: (dataset, tokenizer, settings) =>
    classification.encode(
      { ...dataset, examples: dataset.examples.filter(({ text }) => text.length >= settings.shortest) },
      tokenizer,
      settings,
    ),
});
`;

const data = reviewFolder();
const folder = temporaryFolder({ 'gain.mjs': family, 'smallest.mjs': score, 'task.mjs': task });
const at = (name: string) => join(folder, name);
const settings = [
  ...['--model', tinyFolder(), '--data', join(data, 'train.csv'), '--eval-data', join(data, 'dev.csv')],
  ...['--text', 'text', '--label', 'mood', '--epochs', '1', '--batch-size', '8', '--max-length', '16'],
];
const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

async function failure(args: readonly string[], code = 1): Promise<string> {
  const outcome = await sparseAdapter(args);
  assert.equal(outcome.code, code, outcome.stderr);
  return outcome.stderr;
}

test('families, scores and tasks of plugins, and their options, are in the help and can be used', async () => {
  const plugins = ['--plugin', at('gain.mjs'), `--plugin=${at('smallest.mjs')}`, '--plugin', at('task.mjs')];
  const { stdout: help } = await succeed(['train', ...plugins, '--help']);
  assert.match(help, /--gain-scale <number>\s+multiplies the factors/);
  assert.match(help, /gain \(a learnt factor for each\s+feature\)/);
  assert.match(help, /smallest \(large weights\)/);
  assert.match(help, /--shortest <number>\s+texts with fewer characters are left out/);
  const { stdout } = await succeed(['train', '--help']);
  assert.ok(!/--gain|a learnt factor|large weights|--shortest/.test(stdout));
  assert.match(stdout, /--plugin <file>/);

  const output = at('run');
  const pruning = ['--pruning', 'smallest', '--sparsity', '0.5', '--adapter', 'houlsby', '--bottleneck', '4'];
  await succeed(['train', ...plugins, ...settings, ...pruning, '-o', output]);
  const { pruning: report, plugins: stored } = JSON.parse(readFileSync(join(output, 'sparse-adapter.json'), 'utf8'));
  assert.equal(report.kept, report.total / 2);
  assert.deepEqual(
    stored,
    ['gain.mjs', 'smallest.mjs', 'task.mjs'].map((file) => ({ file, sha256: digest(at(file)) })),
  );
  const { stdout: scores } = await succeed(['evaluate', output, ...plugins, '--json']);
  assert.equal(typeof JSON.parse(scores).metrics.accuracy, 'number');
});

test('a task of a plugin is trained with its own setting', async () => {
  const output = at('task-run');
  const own = ['--plugin', at('task.mjs'), '--task', 'long-texts', '--shortest', '16', '--adapter', 'lora'];
  const pruning = ['--pruning', 'none'];
  const text = ['--text', 'text'];
  const files = ['--data', join(data, 'train.csv'), '--eval-data', join(data, 'dev.csv')];
  const rest = ['--model', tinyFolder(), ...files, ...text, '--epochs', '1', '--max-length', '16', '-o', output];
  await succeed(['train', ...own, ...pruning, ...rest, '--label', 'mood']);
  const { settings: stored } = JSON.parse(readFileSync(join(output, 'sparse-adapter.json'), 'utf8'));
  assert.deepEqual([stored.task, stored.shortest], ['long-texts', 16]);
  const predict = ['predict', output, '--input', join(data, 'dev.csv'), '--text', 'text'];
  const { stdout } = await succeed([...predict, '--plugin', at('task.mjs')]);
  assert.match(stdout, /^(positive|negative)\t\d\.\d{4}\t/);
  assert.match(await failure(predict), /the run was made with the plugin task\.mjs .*; give it with --plugin/);
  const other = await failure(['train', '--plugin', at('task.mjs'), ...settings, '--shortest', '3', '-o', at('no')], 2);
  assert.match(other, /--shortest has no effect with --task text-classification; it is for long-texts/);
});

test('a task that does not say how its models are used is refused by predict', async () => {
  writeFileSync(
    at('unused.mjs'),
    task.replace("usedAs: 'text-classification',", '').replaceAll('long-texts', 'unused'),
  );
  const own = ['--plugin', at('unused.mjs')];
  const output = at('unused-run');
  const options = ['--adapter', 'lora', '--pruning', 'none', '-o', output];
  await succeed(['train', ...own, '--task', 'unused', ...settings, ...options]);
  const message = await failure(['predict', output, ...own], 2);
  assert.match(message, /unused-run was trained for unused, which does not say what its models are used as \(usedAs,/);
});

test('a run is read with the same plugins alone, and says which are missing or changed', async () => {
  const output = at('gain-run');
  const plugin = at('changed.mjs');
  writeFileSync(plugin, family);
  const train = ['train', '--plugin', plugin, ...settings, '--adapter', 'gain', '--pruning', 'none', '-o', output];
  await succeed(train);
  const missing =
    /gain-run\/sparse-adapter\.json: the run was made with the plugin changed\.mjs with sha256 [0-9a-f]{12}\.\.\.; give it with --plugin \(loadPlugin\)\.\n$/;
  assert.match(await failure(['evaluate', output]), missing);
  assert.match(await failure(['predict', output]), missing);
  // The same file at another place is the same plugin.
  await succeed(['evaluate', output, '--plugin', at('gain.mjs')]);
  writeFileSync(plugin, `${family}\n// Another version.\n`);
  const changed = await failure(['evaluate', output, '--plugin', plugin]);
  assert.match(
    changed,
    /the plugin changed\.mjs with sha256 .{15}, and the one given has .{15}; give the same file\.\n$/,
  );
});

test('so is one that was stopped', async () => {
  const output = at('stopped');
  const train = [...settings, '--adapter', 'gain', '--pruning', 'none', '--epochs', '2000', '-o', output];
  const signal = { after: 'training', name: 'SIGINT' } as const;
  const { code } = await sparseAdapter(['train', '--plugin', at('gain.mjs'), ...train], { signal });
  assert.equal(code, 130);
  const missing = await failure(['train', '--resume', '-o', output]);
  assert.match(missing, /checkpoint\.safetensors: the run was made with the plugin gain\.mjs/);
  const resume = ['train', '--resume', '-o', output, '--plugin', at('gain.mjs')];
  assert.equal((await sparseAdapter(resume, { signal })).code, 130);
});

const bad: Readonly<Record<string, readonly [content: string | null, message: RegExp]>> = {
  'throws.mjs': ['throw new Error("no luck\\ntoday")', /^error: The plugin .*throws\.mjs fails: no luck\.\n$/],
  'nothing.mjs': [
    'export const x = 1;',
    /^error: The plugin .*nothing\.mjs registers nothing: call registerFamily, reg/,
  ],
  'syntax.mjs': ['export const = 1;', /^error: The plugin .*syntax\.mjs fails: .*\n$/],
  'absent.mjs': [
    null,
    /^error: There is no plugin .*absent\.mjs; give the path of a file with --plugin \(loadPlugin\)\.\n$/,
  ],
  'twice.mjs': [
    `${family.replace("'gain'", "'lora'")}`,
    /^error: The plugin .*twice\.mjs fails: There is an adapter family 'lora' already\.\n$/,
  ],
  'module.mjs': [
    "import 'no-such-package';",
    /^error: The plugin .*module\.mjs fails: Cannot find package 'no-such-p.*\n$/,
  ],
};
for (const [name, [content, message]] of Object.entries(bad)) {
  test(`${name} is an error of one line`, async () => {
    if (content !== null) writeFileSync(at(name), content);
    const text = await failure(['info', tinyFolder(), '--plugin', at(name)]);
    assert.match(text, message);
    assert.equal(text.trimEnd().split('\n').length, 1);
  });
}

test('a plugin may be TypeScript, and be named twice', async () => {
  writeFileSync(at('typed.ts'), `const width: number = 1;\n${family.replace('default: 1', 'default: width')}`);
  const twice = ['--plugin', at('typed.ts'), '--plugin', at('typed.ts')];
  assert.match((await succeed(['train', ...twice, '--help'])).stdout, /--gain-scale/);
});

test('a folder is no plugin', async () => {
  const message = await failure(['info', tinyFolder(), '--plugin', folder]);
  assert.match(message, /^error: The plugin \S+ is a folder; give a file in it with --plugin \(loadPlugin\)\.\n$/);
});

test('without a file the option says what is missing', async () => {
  assert.match(await failure(['info', tinyFolder(), '--plugin'], 2), /'--plugin <file>' argument missing/);
});

test.run();
