import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { settingGroups } from '../../src/training/index.ts';
import { documentOf, documentPath } from './settings.ts';

const test = suite('docs: settings');

test('the tables of settings are those that are declared', () => {
  const text = readFileSync(documentPath, 'utf8');
  for (const { title } of settingGroups()) {
    assert.ok(text.includes(`<!-- settings: ${title} -->`), `docs/commands.md has no table of '${title}'`);
  }
  assert.ok(documentOf(text) === text, 'the tables of docs/commands.md are not those declared: npm run docs:settings');
});

test.run();
