import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { addArchitectures } from '../../src/models/all-architectures.ts';
import { architectures } from '../../src/models/architectures.ts';
import { repository } from './project.ts';

const test = suite('docs: architectures');

addArchitectures();

test('the table has every architecture that is registered, and no other', () => {
  const text = readFileSync(join(repository, 'docs/architectures.md'), 'utf8');
  const [, table] = /<!-- architectures -->\n+(.*?)\n+<!-- end of architectures -->/s.exec(text) ?? [];
  const rows = (table ?? '').split('\n').slice(2);
  const named = rows.map((row) =>
    row
      .split('|')
      .slice(1, 3)
      .map((cell) => cell.trim()),
  );
  const own = architectures().map(({ title, type }) => [title, `\`${type}\``]);
  assert.deepEqual(named.sort(), own.sort());
});

test.run();
