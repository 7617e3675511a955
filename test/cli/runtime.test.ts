import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';

const test = suite('commands: the runtime');

const backend = new URL('../../src/cli/backend.ts', import.meta.url).href;

interface Runtime {
  /** In the place of the versions of this process, beside that of its V8. */
  readonly versions: Readonly<Record<string, string>>;
  readonly arch?: string;
  /** Of SPARSE_ADAPTER_SIMD256. */
  readonly simd256?: string;
}

/** What a process that takes itself for another runtime writes to standard error when it chooses the backend, twice. */
function told({ versions, arch = 'x64', simd256 }: Runtime): string {
  const script = `
    for (const [key, value] of Object.entries(${JSON.stringify({ versions, arch })}))
      Object.defineProperty(process, key, { value });
    const { useBackend } = await import(${JSON.stringify(backend)});
    for (let i = 0; i < 2; i++) await useBackend('wasm');`;
  const { SPARSE_ADAPTER_SIMD256: _, ...others } = process.env;
  const env = { ...others, ...(simd256 !== undefined && { SPARSE_ADAPTER_SIMD256: simd256 }) };
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    env,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return stderr;
}

const line = (runtime: string) =>
  `warning: ${runtime} computes with 128-bit vectors only; with Node.js 24 or later this would take about half the time.\n`;

test('a runtime without 256-bit kernels is told once, by its name', () => {
  assert.equal(told({ versions: { node: '20.16.0' } }), line('Node.js 20.16.0'));
  assert.equal(told({ versions: { node: '22.23.3' } }), line('Node.js 22.23.3'));
  assert.equal(told({ versions: { node: '24.3.0', bun: '1.3.1' } }), line('Bun 1.3.1'));
  assert.equal(told({ versions: { node: '24.2.0', deno: '2.5.0' } }), line('Deno 2.5.0'));
});

test('nothing is told where another runtime is not faster, or 256 bits are not wanted', () => {
  for (const node of ['24.0.0', '26.10.0', '100.0.0']) assert.equal(told({ versions: { node } }), '');
  assert.equal(told({ versions: { node: '22.23.3' }, arch: 'arm64' }), '');
  assert.equal(told({ versions: { node: '22.23.3' }, simd256: '0' }), '');
});

test.run();
