import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';

const engine = JSON.stringify(join(import.meta.dirname, '../../src/index.ts'));

/** Returns what a program prints as JSON; flags of V8 are for a whole process, so each gets its own. */
function run(program: string, env: Record<string, string> = {}, flags: readonly string[] = []): unknown {
  const source = `import * as engine from ${engine};\n${program}`;
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 60_000 } as const;
  return JSON.parse(execFileSync(process.execPath, [...flags, '--input-type=module', '-e', source], options));
}

const product = `
  const random = new engine.Random(3);
  const a = engine.randomNormal([70, 333], random);
  const b = engine.randomNormal([333, 91], random);
  const values = [...engine.matmul(a, b).dataSync()];`;

test('256-bit kernels change no bit of a product', () => {
  const narrow = run(`${product} console.log(JSON.stringify(values));`);
  const wide = run(`engine.enableSimd256(); ${product} console.log(JSON.stringify(values));`);
  assert.deepEqual(wide, narrow);
});

test('they are off unless asked for, and say why', () => {
  const off = run(`${product} console.log(JSON.stringify(engine.simd256()));`, { SPARSE_ADAPTER_SIMD256: '' });
  assert.deepEqual(off, {
    active: false,
    reason: 'not asked for: call enableSimd256() or set SPARSE_ADAPTER_SIMD256=1',
  });
});

test('the environment asks too, and a second call changes nothing', () => {
  const [first, second] = run(`${product} console.log(JSON.stringify([engine.simd256(), engine.enableSimd256()]));`, {
    SPARSE_ADAPTER_SIMD256: '1',
  }) as [{ reason: string }, unknown];
  assert.match(first.reason, /times the speed/);
  assert.deepEqual(second, first);
});

test('after the first tensor it is too late', () => {
  const late = run(`${product} console.log(JSON.stringify(engine.enableSimd256()));`, { SPARSE_ADAPTER_SIMD256: '' });
  assert.deepEqual(late, { active: false, reason: 'was asked for after the first tensor was made' });
});

test('the kernels without fused multiply-add pass the same tests', () => {
  const env = { ...process.env, SPARSE_ADAPTER_FMA: '0' };
  for (const file of ['wasm.test.ts', 'wasm-math.test.ts'])
    execFileSync(process.execPath, [join(import.meta.dirname, file)], { env, timeout: 120_000 });
});

test('fused multiply-add can be left out, and says so, with another id of the kernels', () => {
  const describe = "await engine.setBackend('wasm'); console.log(JSON.stringify(engine.getBackend().describe()));";
  const fused = run(describe, { SPARSE_ADAPTER_FMA: '' }) as string;
  const separate = run(describe, { SPARSE_ADAPTER_FMA: '0' }) as string;
  assert.match(fused, /, fused multiply-add, kernels [0-9a-f]{8}$/);
  assert.match(separate, /, separate multiply-add, kernels [0-9a-f]{8}$/);
  assert.notEqual(fused.slice(-8), separate.slice(-8));
});

test('where relaxed SIMD rounds twice, results and id are those of the kernels without it', () => {
  const program = `${product}
    const x = engine.randomNormal([4000], random);
    const all = ['exp', 'log', 'tanh', 'sigmoid', 'erf', 'gelu', 'silu', 'softmax'].map((op) => [...engine[op](x).dataSync()]);
    console.log(JSON.stringify([engine.getBackend().describe().slice(-50), values, all]));`;
  // Elsewhere every processor has the instruction.
  const flags = process.arch === 'x64' ? ['--no-enable-fma3'] : [];
  const twice = run(program, { SPARSE_ADAPTER_FMA: flags.length > 0 ? '' : '0' }, flags) as string[];
  assert.match(twice[0], /, separate multiply-add, /);
  assert.deepEqual(twice, run(program, { SPARSE_ADAPTER_FMA: '0' }));
});

test.run();
