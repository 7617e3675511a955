import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
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

test('without a device it is an error that says what is missing, and the backend stays', async () => {
  const { DISPLAY, WAYLAND_DISPLAY, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
  const [error, stays, ...rest] = stdout.split('\n');
  assert.match(error, /^InputError Backend 'gpu'.*(DISPLAY is not set; xvfb-run|npm install gpu\.js)/);
  assert.equal(stays, 'true');
  assert.deepEqual(rest, ['']);
});

test('it computes in float32 only', async () => {
  const { setBackend } = await import('../../src/index.ts');
  await assert.rejects(setBackend('gpu', { dtype: 'float64' }), /gpu backend computes in float32/);
});

test.run();
