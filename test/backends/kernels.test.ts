import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { generated } from '../../kernels/wasm/templates/index.ts';
import type { Division } from '../../src/backends/wasm/declaration.ts';
import * as int8Binary from '../../src/backends/wasm/int8-binary.ts';
import { type KernelName, kernelNames, kernels } from '../../src/backends/wasm/kernels.ts';
import { addModule, kernelModules } from '../../src/backends/wasm/module.ts';
import * as sparseBinary from '../../src/backends/wasm/sparse-binary.ts';

const test = suite('wasm: declarations of kernels');

const folder = join(import.meta.dirname, '../../kernels/wasm/assembly');
const written = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
const assembly = [...written, ...Object.values(generated)];

/** The names of the arguments of an exported function of the assembly. */
function argumentsInAssembly(name: string): string[] {
  const signature = new RegExp(`^export function ${name}\\(([^)]*\\bstart\\b[^)]*)\\)`, 'm');
  const [, list] = assembly.map((text) => signature.exec(text)).find((match) => match !== null) ?? [];
  assert.ok(list !== undefined, `${name} is not in the assembly`);
  return Array.from(list.matchAll(/(\w+):/g), ([, argument]) => argument);
}

/** The names of the arguments of a declaration, as a call takes them. */
function argumentsOf(name: KernelName): string[] {
  const [, list] = /^\(([^)]*)\)/.exec(String(kernels[name].work)) ?? [];
  assert.ok(list !== undefined);
  return list
    .split(',')
    .map((argument) => argument.trim())
    .filter((argument) => argument !== '');
}

test('the modules export the declared kernels, and what is no kernel', () => {
  for (const stored of [int8Binary, sparseBinary]) addModule(stored);
  const exports = kernelModules().flatMap((module) => WebAssembly.Module.exports(module));
  const names = exports.map(({ name }) => name);
  const attention = ['attentionScratch', 'attentionBackwardScratch', 'attentionDoubleBackwardScratch'];
  const others = [
    'gemmScratch',
    'heapBase',
    'int8Scratch',
    'pairOfOnes',
    'sparseScratch',
    ...kernelModules().map(() => 'setTile'),
    ...attention,
  ];
  assert.deepEqual(names.filter((name) => name !== 'memory').sort(), [...kernelNames, ...others].sort());
});

test('a declaration names the arguments of its kernel in their order, with one for the ends of the range', () => {
  for (const name of kernelNames) {
    const { scratch }: Division = kernels[name];
    const declared = argumentsOf(name);
    const after = scratch ? declared.splice(-1) : [];
    assert.deepEqual([...declared.slice(0, -1), 'start', 'end', ...after], argumentsInAssembly(name), name);
  }
});

test('the work of a call grows with its range alone', () => {
  for (const name of kernelNames) {
    const { scratch, work } = kernels[name] as Division & { work: (...args: number[]) => number };
    const call = (range: number) =>
      work(...argumentsOf(name).map((_, i, all) => (i === all.length - (scratch ? 2 : 1) ? range : 3)));
    assert.ok(call(5) > 0, name);
    assert.equal(call(10), 2 * call(5), name);
  }
});

test.run();
