import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as builtIn from '../../src/adapters/families.ts';
import { readExchange } from '../peers/python/exchange.ts';
import { withExchange } from '../peers/python/exchange-table.ts';
import { repository } from './project.ts';

const test = suite('docs: what goes where');

const REMEDY = 'npm run test:peers -- --write';

test('every family has a row of its way to Python', () => {
  const kinds = Object.values(builtIn).map(({ kind }) => kind);
  assert.deepEqual(Object.keys(readExchange().ours).sort(), kinds.sort(), REMEDY);
});

test('the tables of docs/files.md are those that were measured', () => {
  const text = readFileSync(join(repository, 'docs', 'files.md'), 'utf8');
  assert.equal(withExchange(text, readExchange()), text, REMEDY);
});

test.run();
