import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { root } from '../support/modules.ts';

const test = suite('docs: pictures');
const folder = join(root, 'docs/pictures');

test('each picture is what its script draws', () => {
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  assert.ok(scripts.length > 0);
  for (const script of scripts) {
    const drawn = execFileSync(process.execPath, [join(folder, script)], { encoding: 'utf8' });
    assert.equal(readFileSync(join(folder, script.replace(/\.ts$/, '.svg')), 'utf8'), drawn, script);
  }
});

test.run();
