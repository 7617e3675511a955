import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { root } from '../support/modules.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';
import { stoppedRun } from '../support/tiny-run.ts';

const test = suite('commands: one more setting');

/** A copy of the sources in which the trainer declares one more setting. */
function changedSources(): string {
  const copy = temporaryFolder();
  cpSync(join(root, 'src'), join(copy, 'src'), { recursive: true });
  for (const name of ['package.json', 'tsconfig.json']) cpSync(join(root, name), join(copy, name));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const file = join(copy, 'src', 'training', 'training-settings.ts');
  const before = readFileSync(file, 'utf8');
  const declaration = `lookahead: option(positiveInteger, { description: 'steps to look ahead', placeholder: '<steps>', default: 5 }),`;
  const after = before.replace('  epochs: option(', `  ${declaration}\n  epochs: option(`);
  assert.notEqual(after, before);
  writeFileSync(file, after);
  return copy;
}

/** Writes more settings into the header of a checkpoint. */
function addToCheckpoint(file: string, more: object): void {
  const bytes = readFileSync(file);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, end));
  const run = JSON.parse(header.__metadata__.run);
  header.__metadata__.run = JSON.stringify({ ...run, settings: { ...run.settings, ...more } });
  const text = JSON.stringify(header);
  const length = 8 * Math.ceil(Buffer.byteLength(text) / 8);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(length));
  const padding = ' '.repeat(length - Buffer.byteLength(text));
  writeFileSync(file, Buffer.concat([size, Buffer.from(text + padding), bytes.subarray(end)]));
}

test('a setting that is declared is in help, configuration, types, documentation and the check of --resume', async () => {
  const copy = changedSources();
  const cli = (...args: string[]) =>
    spawnSync(process.execPath, [join(copy, 'src/cli/main.ts'), ...args], { encoding: 'utf8' });
  assert.match(cli('train', '--help').stdout, /--lookahead <steps> +steps to look ahead\s+\(default: 5\)/);

  const data = ['--model', tinyFolder(), '--data', join(reviewFolder(), 'train.csv'), '--text', 'text'];
  const printed = cli('train', ...data, '--label', 'mood', '--lookahead', '3', '--print-config');
  assert.equal(printed.stderr, '');
  assert.equal(JSON.parse(printed.stdout).lookahead, 3);
  const config = join(copy, 'run.json');
  writeFileSync(config, printed.stdout);
  assert.equal(JSON.parse(cli('train', '--config', config, '--print-config').stdout).lookahead, 3);
  writeFileSync(config, JSON.stringify({ lookahead: 0.5 }));
  assert.match(
    cli('train', '--config', config).stderr,
    /run\.json: lookahead must be a whole number above 0, not 0\.5/,
  );

  writeFileSync(
    join(copy, 'src', 'types.ts'),
    `import type { GivenSettings, RunSettings } from './training/settings-table.ts';
export const given: GivenSettings = { lookahead: 3 };
export const steps = (settings: RunSettings): number => settings.lookahead;
// @ts-expect-error: it is a number
export const wrong: GivenSettings = { lookahead: 'three' };
`,
  );
  execFileSync(join(root, 'node_modules/.bin/tsc'), ['--noEmit', '-p', copy], { stdio: 'pipe' });

  const table = spawnSync(
    process.execPath,
    [
      '--input-type=module-typescript',
      '-e',
      `import { markdownTable } from ${JSON.stringify(join(copy, 'src/settings/index.ts'))};
import { settingGroups } from ${JSON.stringify(join(copy, 'src/training/index.ts'))};
for (const group of settingGroups()) console.log(markdownTable(group));`,
    ],
    { encoding: 'utf8' },
  );
  assert.match(table.stdout, /^\| `--lookahead` \| steps to look ahead \| `5` \|$/m);

  const output = join(copy, 'run');
  await stoppedRun(output, 1);
  const resumed = () => cli('train', '--resume', '--output', output, '--lookahead', '3').stderr;
  assert.match(resumed(), /settings\.lookahead is missing; it must be a whole number above 0/);
  addToCheckpoint(join(output, 'checkpoint.safetensors'), { lookahead: 5 });
  assert.match(resumed(), /--lookahead 3 cannot be combined with --resume: the stopped run has 5/);
});

test.run();
