import assert from 'node:assert/strict';
import { test } from 'uvu';
import { WasmBackend, type WasmBuffer } from '../../src/backends/wasm/index.ts';
import { Random } from '../../src/index.ts';
import { selfAttention } from '../support/attention.ts';
import { AlwaysShared, whenReady } from '../support/threads.ts';

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
    const gradGrads = [rows, null, null];
    const second = b.fused.layerNorm.doubleBackward?.(inputs, rows, saved, rows, gradGrads, needs, eps);
    return joined(b, [...first, ...(second ?? [])]);
  },
  silu: (b, x) => {
    const [input] = [view(x, 1037 * 257)];
    return joined(b, b.fused.silu.doubleBackward?.([input], input, [], input, [input], [true, true], {}) ?? []);
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
    const second = b.fused.packedAttention.doubleBackward?.(inputs, y, saved, rows, inputs, needs, spec);
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

/** The result of each job, with all threads. */
async function results(threads: number): Promise<Map<string, Float32Array>> {
  const backend = new WasmBackend({ threads, sharing: new AlwaysShared() });
  const generator = new Random(2);
  const values = (length: number) => Float32Array.from({ length }, () => generator.normal());
  const [x, y] = [backend.upload(values(1037 * 257)), backend.upload(values(257 * 129))];
  await whenReady(backend);
  return new Map(Object.entries(jobs).map(([name, job]) => [name, backend.readSync(job(backend, x, y) as WasmBuffer)]));
}

test('no result depends on the number of threads', async () => {
  const alone = await results(1);
  for (const threads of [2, 3]) {
    for (const [name, values] of await results(threads)) {
      assert.deepEqual(values, alone.get(name), `${name} with ${threads} threads`);
    }
  }
});

test('the number of threads must make sense', () => {
  for (const threads of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => new WasmBackend({ threads }), /^Error: The number of threads must be 1 or more, not/);
  }
});

/** Products of random sizes, and one number of each of a chain of operations in place, in one array. */
function products(backend: WasmBackend, seed: number, count: number): Float32Array[] {
  const random = new Random(seed);
  const size = (most: number) => 1 + Math.floor(random.uniform() * most);
  const x = backend.upload(Float32Array.from({ length: 300 * 300 }, () => random.normal()));
  return Array.from({ length: count }, () => {
    const [m, n, k] = [size(300), size(300), size(300)];
    const spec = { batch: 1, m, n, k, transposeA: random.uniform() < 0.3, transposeB: random.uniform() < 0.5 };
    const product = backend.matmul(x, x, spec);
    const dropped = backend.dropout(product, 0.2, seed);
    const values = backend.readSync(backend.reduce('sum', { buffer: dropped, shape: [m, n] }, [0]));
    for (const buffer of [product, dropped]) backend.free(buffer);
    return values;
  });
}

/** Shares every kernel, until it is told to share none, as on a busy machine. */
class SwitchedSharing extends AlwaysShared {
  on = true;

  override isOn(): boolean {
    return this.on;
  }
}

/** What the jobs allocate, where, and how far the memory reaches. */
async function allocations(shared: boolean): Promise<string[]> {
  const sharing = new SwitchedSharing();
  const backend = new WasmBackend({ threads: 2, sharing });
  await whenReady(backend);
  sharing.on = shared;
  const log: string[] = [];
  const allocate = backend.memory.allocate.bind(backend.memory);
  backend.memory.allocate = (bytes) => {
    const block = allocate(bytes);
    log.push(`${bytes} bytes at ${block.start} of ${backend.memory.size}`);
    return block;
  };
  const x = backend.fill(1037 * 257, 1);
  for (const job of Object.values(jobs)) backend.free(job(backend, x, x) as WasmBuffer);
  return log;
}

test('what is allocated, scratch included, does not depend on whether other threads have time', async () => {
  const always = await allocations(true);
  assert.ok(always.length > 50);
  assert.deepEqual(await allocations(false), always);
});

test('random products by one to four threads are the same to the bit', async () => {
  const backends = [1, 2, 3, 4].map((threads) => new WasmBackend({ threads, sharing: new AlwaysShared() }));
  for (const backend of backends) await whenReady(backend);
  for (let seed = 1; seed <= 5; seed++) {
    const [alone, ...others] = backends.map((backend) => products(backend, seed, 60));
    for (const [i, own] of others.entries()) assert.deepEqual(own, alone, `${i + 2} threads, seed ${seed}`);
  }
});

test.run();
