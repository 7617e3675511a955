import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import { root } from '../support/modules.ts';

const test = suite('backends: no gpu');

const program = `
import { getBackend, setBackend } from '${pathToFileURL(root)}/src/index.ts';
const before = getBackend();
try {
  await setBackend('gpu');
} catch ({ name, message }) {
  console.log(name, message);
}
console.log(String(getBackend() === before));
`;

/** The output of a program that asks for the backend on an X display, or without one. */
async function openOn(display?: string): Promise<string[]> {
  const { DISPLAY, ...rest } = process.env;
  const env = display ? { ...rest, DISPLAY: display } : rest;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
  return stdout.split('\n');
}

function glIsBuilt(): boolean {
  const require = createRequire(import.meta.url);
  try {
    createRequire(require.resolve('gpu.js'))('gl');
    return true;
  } catch {
    return false;
  }
}

test('without a display it is an error that says so, and the backend stays', async () => {
  const [error, stays, ...rest] = await openOn();
  assert.match(error, /^InputError Backend 'gpu': .*there is no X display \(DISPLAY is not set; xvfb-run gives one\)/);
  assert.equal(error.includes('the package gl is not built'), !glIsBuilt());
  assert.equal(stays, 'true');
  assert.deepEqual(rest, ['']);
});

test('without a driver it is an error that names the display, without the package gl one that names it', async () => {
  const [error, stays] = await openOn(':987');
  assert.match(error, glIsBuilt() ? /no OpenGL driver answers on the X display :987\./ : /the package gl is not built/);
  assert.ok(!error.includes('DISPLAY is not set'));
  assert.equal(stays, 'true');
});

test('where the GPU is demanded, tests without a device fail', async () => {
  const { DISPLAY, ...rest } = process.env;
  const env = { ...rest, SPARSE_ADAPTER_GPU: '1' };
  const file = join(root, 'test/ops/products.test.ts');
  await assert.rejects(promisify(execFile)(process.execPath, [file], { env }), /Backend 'gpu': /);
});

test('it computes in float32 only', async () => {
  const { setBackend } = await import('../../src/index.ts');
  await assert.rejects(setBackend('gpu', { dtype: 'float64' }), /gpu backend computes in float32/);
});

test.run();
