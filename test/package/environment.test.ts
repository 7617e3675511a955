import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import { root } from '../support/modules.ts';

const test = suite('package: environment');

/** Reading a variable throws, as in Deno without --allow-env; Node.js itself reads some of its own as it loads modules. */
const forbidden = `
process.env = new Proxy({}, {
  get(_, name) {
    if (/^(SPARSE_ADAPTER|HF|HUGGINGFACE|XDG)_/.test(name)) throw new Error('NotCapable: Requires env access to ' + name);
  },
});
`;

test('the engine and the hub work where variables of the environment may not be read', async () => {
  const program = `${forbidden}
    const { matmul, ones } = await import(${JSON.stringify(join(root, 'src/index.ts'))});
    const { hubEnvironment } = await import(${JSON.stringify(join(root, 'src/io/hub/environment.ts'))});
    console.log(matmul(ones([2, 3]), ones([3, 2])).dataSync().join(), hubEnvironment().endpoint);`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  assert.equal(stderr, '');
  assert.equal(stdout, '3,3,3,3 https://huggingface.co\n');
});

test.run();
