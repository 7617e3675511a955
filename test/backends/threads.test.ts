import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'uvu';
import { WasmBackend, type WasmBuffer } from '../../src/backends/wasm/index.ts';
import { Random } from '../../src/index.ts';
import { selfAttention } from '../support/attention.ts';

/** Kernels of every kind of division, on ranges that are large enough and not a multiple of anything. */
const jobs: Readonly<Record<string, (b: WasmBackend, x: WasmBuffer, y: WasmBuffer) => WasmBuffer | null>> = {
  unary: (b, x) => b.unary('tanh', x),
  binary: (b, x, y) => b.binary('add', view(x, 1037, 257), view(y, 1, 257), [1037, 257]),
  matmul: (b, x, y) => b.matmul(x, y, { batch: 1, m: 1037, k: 257, n: 129, transposeA: false, transposeB: true }),
  transposed: (b, x, y) => b.matmul(x, y, { batch: 1, m: 257, k: 129, n: 33, transposeA: true, transposeB: false }),
  'few rows': (b, x, y) => b.matmul(x, y, { batch: 1, m: 3, k: 257, n: 129, transposeA: false, transposeB: true }),
  permute: (b, x) => b.permute(view(x, 1037, 257), [1, 0]),
  gather: (b, x) =>
    b.gather(
      view(x, 1037, 257),
      Int32Array.from({ length: 999 }, (_, i) => (i * 7) % 1037),
    ),
  scatterAdd: (b, x) =>
    b.scatterAdd(
      view(x, 1037, 257),
      Int32Array.from({ length: 1037 }, (_, i) => i % 13),
      13,
    ),
  sumRows: (b, x) => b.reduce('sum', view(x, 1037, 257), [1]),
  sumColumns: (b, x) => b.reduce('sum', view(x, 1037, 257), [0]),
  dropout: (b, x) => b.dropout(x, 0.3, 4_000_000_000),
  softmax: (b, x) => b.fused.softmax.forward([view(x, 1037, 257)], {}).output,
  layerNorm: (b, x, y) => {
    const [eps, rows, inputs] = [{ eps: 1e-5 }, view(x, 1037, 257), [view(x, 1037, 257), view(y, 257), view(y, 257)]];
    const { output, saved } = b.fused.layerNorm.forward(inputs, eps);
    const first = b.fused.layerNorm.backward(inputs, view(output, 1037, 257), saved, rows, [true, true, true], eps);
    const needs = [true, false, false, true];
    const us = [rows, null, null];
    const second = b.fused.layerNorm.backwardBackward?.(inputs, rows, saved, rows, us, needs, eps);
    return joined(b, [...first, ...(second ?? [])]);
  },
  silu: (b, x) => {
    const [input] = [view(x, 1037 * 257)];
    return joined(b, b.fused.silu.backwardBackward?.([input], input, [], input, [input], [true, true], {}) ?? []);
  },
  bottleneck: (b, x, y) => {
    const inputs = [view(x, 1037, 257), view(y, 99, 257), view(y, 99), view(y, 257, 99), view(y, 257)];
    const places = { residual: 0, downMask: 1, upMask: 3 };
    const spec = { activation: 'silu', scale: 0.5, dropout: { p: 0.1, seed: 7 }, ...places } as const;
    const { output, saved } = b.fused.bottleneck.forward(inputs, spec);
    const needs = inputs.map(() => true);
    const gradients = b.fused.bottleneck.backward(
      inputs,
      view(x, 1037, 257),
      saved,
      view(output, 1037, 257),
      needs,
      spec,
    );
    return joined(b, [...gradients, output]);
  },
  attention: (b, x) => {
    const spec = selfAttention({ heads: 4, scale: 0.1, offsets: [0, 400, 401, 1037], keyCounts: [390, 1, 636] });
    const rows = view(x, 1037, 256);
    const inputs = [rows, rows, rows];
    const { output, saved } = b.fused.packedAttention.forward(inputs, spec);
    const y = view(output, 1037, 256);
    const first = b.fused.packedAttention.backward(inputs, y, saved, rows, [true, true, true], spec);
    const needs = [true, true, true, true];
    const second = b.fused.packedAttention.backwardBackward?.(inputs, y, saved, rows, inputs, needs, spec);
    return joined(b, [...first, ...(second ?? [])]);
  },
};

const view = (buffer: WasmBuffer, ...shape: number[]) => ({ buffer, shape });

/** All numbers of those that are there. */
const joined = (b: WasmBackend, buffers: readonly (WasmBuffer | null)[]): WasmBuffer =>
  b.concat(
    buffers.flatMap((buffer) => (buffer ? [view(buffer, buffer.length)] : [])),
    0,
  );

/** The result of each job, repeated until workers take part. */
function results(threads: number): Map<string, Float32Array> {
  const backend = new WasmBackend({ threads });
  const generator = new Random(2);
  const values = (length: number) => Float32Array.from({ length }, () => generator.normal());
  const [x, y] = [backend.upload(values(1037 * 257)), backend.upload(values(257 * 129))];
  const until = performance.now() + 10_000;
  while (threads > 1 && backend.readyThreads() < threads) {
    assert.ok(performance.now() < until, 'the workers did not start');
    backend.free(backend.unary('neg', x));
  }
  return new Map(Object.entries(jobs).map(([name, job]) => [name, backend.readSync(job(backend, x, y) as WasmBuffer)]));
}

test('no result depends on the number of threads', () => {
  const alone = results(1);
  for (const threads of [2, 3]) {
    for (const [name, values] of results(threads)) {
      assert.deepEqual(values, alone.get(name), `${name} with ${threads} threads`);
    }
  }
});

test('the number of threads must make sense', () => {
  for (const threads of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => new WasmBackend({ threads }), /^Error: The number of threads must be 1 or more, not/);
  }
});

test('a process ends although its workers wait for jobs', () => {
  const program = `
    import { randomNormal, Random, matmul, setBackend } from ${JSON.stringify(join(import.meta.dirname, '../../src/index.ts'))};
    await setBackend('wasm', { threads: 2 });
    const a = randomNormal([300, 300], new Random(1));
    for (let i = 0; i < 300; i++) matmul(a, a).dispose();
    console.log('done');`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(output, 'done\n');
});

test.run();
