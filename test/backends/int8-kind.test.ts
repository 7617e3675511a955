import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import { addInt8 } from '../../src/backends/all-int8.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { int8Choice, int8Kinds, int8KindsHere } from '../../src/backends/wasm/int8-kind.ts';

const test = suite('the choice of 8-bit kernels');

test('it is one of those there are, made once, and the description of the backend tells it', () => {
  addInt8();
  const choice = int8Choice();
  assert.ok(int8KindsHere().includes(choice.kind));
  assert.ok(choice.gain > 0);
  assert.equal(choice.pays, choice.gain >= 1.3);
  assert.equal(int8Choice(), choice);
  assert.ok(new WasmBackend().describe().includes(`8-bit kernels '${choice.kind}' (${choice.gain.toFixed(2)} times`));
});

test('without relaxed SIMD there is one kind, which passes the same tests', () => {
  assert.deepEqual(int8KindsHere(), int8Kinds);
  const env = { ...process.env, SPARSE_ADAPTER_FMA: '0' };
  execFileSync(process.execPath, [join(import.meta.dirname, 'int8.test.ts')], { env, timeout: 120_000 });
  const module = JSON.stringify(join(import.meta.dirname, '../../src/backends/wasm/int8-kind.ts'));
  const program = `import { int8Choice } from ${module}; console.log(int8Choice().kind);`;
  const options = { encoding: 'utf8', env, timeout: 60_000 } as const;
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '-e', program], options).trim(), 'widened');
});

test.run();
