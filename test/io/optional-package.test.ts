import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { optionalPackages } from '../../src/io/optional-package.ts';
import { assertRejectsInput } from '../support/input-errors.ts';

const test = suite('io: optional packages');

const absent = (name: string) => () => import(name);

test('what is installed is given', async () => {
  assert.equal(await optionalPackages('A test', ['uvu'], () => 7), 7);
});

test('an absent package is named with the command that adds it', async () => {
  const load = () => optionalPackages('A test', ['absent-a', '@absent/b'], absent('@absent/b/part'));
  await assertRejectsInput(load, /^A test needs .* npm install absent-a @absent\/b$/);
});

test('a package that lacks one of its own is not called absent', async () => {
  const load = () => optionalPackages('A test', ['absent-a'], absent('absent-c'));
  await assert.rejects(load, (error: Error) => /absent-c/.test(error.message) && error.name !== 'InputError');
});

test('a package that is installed without one of its own is named with the command that completes it', async () => {
  const missing = [
    ["Cannot find module 'tslib'\nRequire stack:\n- /x/node_modules/half/index.js", 'MODULE_NOT_FOUND'],
    ["Cannot find package 'tslib' imported from C:\\x\\node_modules\\half\\index.js", 'ERR_MODULE_NOT_FOUND'],
  ];
  for (const [message, code] of missing) {
    const fail = () => {
      throw Object.assign(new Error(message), { code });
    };
    const wanted = /^A test needs .*, and half lacks 'tslib'; add them: npm install half other$/;
    await assertRejectsInput(() => optionalPackages('A test', ['half', 'other'], fail), wanted);
    await assert.rejects(() => optionalPackages('A test', ['hal'], fail), { message });
  }
});

test('an error of the package itself stays what it is', async () => {
  const fail = () => {
    throw new RangeError('inside');
  };
  await assert.rejects(() => optionalPackages('A test', ['a'], fail), RangeError);
});

test.run();
