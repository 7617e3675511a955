import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { repository } from './project.ts';

const test = suite('docs: the walk of a row');

const text = readFileSync(join(repository, 'docs', 'architecture.md'), 'utf8');
const [, section] = /^## The walk of a row$([\s\S]*?)^## /m.exec(text) ?? ['', ''];
const stops = [...section.matchAll(/^\d+\. `(\w+)` \(`([^`]+)`\)/gm)].map(([, name, file]) => ({ name, file }));

test('its stops, files and returns are as many as it says', () => {
  const [, ...told] = (/(\d+) stops in (\d+) files,\s+and (\d+) returns/.exec(section) ?? []).map(Number);
  const files = new Set(stops.map(({ file }) => file));
  const returns = stops.filter(
    ({ file }, i) => i > 0 && stops[i - 1].file !== file && stops.slice(0, i - 1).some((stop) => stop.file === file),
  );
  assert.deepEqual(told, [stops.length, files.size, returns.length]);
});

test('each stop is defined in its file', () => {
  assert.ok(stops.length > 0);
  for (const { name, file } of stops) {
    const source = readFileSync(join(repository, file), 'utf8');
    const definition = new RegExp(`(function\\*?|const|class) ${name}\\b|^  (async )?${name}\\(`, 'm');
    assert.match(source, definition, `${name} is not defined in ${file}`);
  }
});

test.run();
