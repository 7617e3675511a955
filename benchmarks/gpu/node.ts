/** The gpu backend beside wasm in Node.js: what a call, an upload and a read cost, matrix products, and MiniLM. */
import { GpuBackend } from '../../src/backends/gpu/index.ts';
import { programs } from '../../src/backends/gpu/sources.ts';
import type { Backend } from '../../src/backends/index.ts';
import { setBackend } from '../../src/index.ts';
import { batchOf, minilm } from '../plan.ts';
import { weight } from '../workers/numbers.ts';
import { forward, train } from '../workers/ours-model.ts';
import { type Comparison, inTurns, type Row, secondsOf } from './comparison.ts';
import { naiveProduct } from './naive.ts';

interface Backends {
  readonly gpu: GpuBackend;
  readonly wasm: Backend;
}

/** @throws InputError if there is no device */
export async function openBackends(): Promise<Backends> {
  const gpu = await setBackend('gpu');
  if (!(gpu instanceof GpuBackend)) throw new Error('The gpu backend is not there.');
  return { gpu, wasm: await setBackend('wasm') };
}

const CALLS = 200;
const MILLION = 1 << 20;

/** Costs that do not depend on the work, and costs that depend on the number of bytes. */
export async function costs({ gpu, wasm }: Backends): Promise<Comparison> {
  const rows: Row[] = [];
  for (const backend of [gpu, wasm] as Backend[]) {
    const [small, large] = [64, MILLION].map((length) => weight('x', length));
    const [x, big] = [backend.upload(small), backend.upload(large)];
    const call = () => backend.free(backend.unary('neg', x));
    const callAndRead = async () => {
      const y = backend.unary('neg', x);
      await backend.read(y);
      backend.free(y);
    };
    const calls = async () => {
      for (let i = 0; i < CALLS; i++) call();
      await backend.read(x);
    };
    const upload = async () => {
      const y = backend.upload(large);
      // Waits for the upload, and reads one number.
      const one = backend.slice({ buffer: y, shape: [MILLION] }, [0], [1]);
      await backend.read(one);
      for (const buffer of [one, y]) backend.free(buffer);
    };
    const runs = [calls, callAndRead, upload, () => backend.read(big)].map(secondsOf);
    const [queued, alone, up, down] = await inTurns(runs, 7);
    const seconds = { call: queued / CALLS, 'call and read': alone, 'upload 4 MiB': up, 'read 4 MiB': down };
    rows.push({ name: backend.name, seconds });
    for (const buffer of [x, big]) backend.free(buffer);
  }
  const columns = ['call', 'call and read', 'upload 4 MiB', 'read 4 MiB'];
  return { title: 'Costs of an operation', columns, ratios: [], rows };
}

/** The part of a backend that moves arrays, with their type. */
interface Arrays<Buffer> {
  upload(values: Float32Array): Buffer;
  read(buffer: Buffer): Promise<unknown>;
  free(buffer: Buffer): void;
}

const EXAMPLE = "gpu.js' example";
/** The kernel of the gpu backend for products that are too narrow for blocks. */
const PLAIN = 'one result a thread';

export async function products({ gpu, wasm }: Backends): Promise<Comparison> {
  const columns = ['gpu', PLAIN, EXAMPLE, 'wasm'];
  const rows: Row[] = [];
  for (const n of [128, 256, 512]) {
    const [a, b] = ['a', 'b'].map((name) => weight(name, n * n));
    const spec = { batch: 1, m: n, n, k: n, transposeA: false, transposeB: false };
    const onBackend = <Buffer>(backend: Arrays<Buffer>, multiply: (a: Buffer, b: Buffer) => Buffer) => {
      const [x, y] = [a, b].map((values) => backend.upload(values));
      return secondsOf(async () => {
        const product = multiply(x, y);
        await backend.read(product);
        backend.free(product);
      });
    };
    const seconds = await inTurns(
      [
        onBackend(gpu, (x, y) => gpu.matmul(x, y, spec)),
        onBackend(gpu, (x, y) => gpu.run(programs.matmul, n * n, [x, y, n, n, n, n, 1, n, 1], { rounds: n })),
        secondsOf(naiveProduct(gpu.device.mode, n)(a, b)),
        onBackend(wasm, (x, y) => wasm.matmul(x, y, spec)),
      ],
      7,
    );
    rows.push({
      name: `${n} x ${n} x ${n}`,
      seconds: Object.fromEntries(columns.map((column, i) => [column, seconds[i]])),
    });
  }
  return {
    title: 'Matrix products in Node.js',
    columns,
    ratios: [
      [PLAIN, 'gpu'],
      [EXAMPLE, 'gpu'],
      ['gpu', 'wasm'],
    ],
    rows,
  };
}

const SEQUENCES = 2;
const TOKENS = 32;

export async function model(): Promise<Comparison> {
  const task = { model: minilm, bottleneck: 48, sparsity: 0.4, batches: [batchOf(SEQUENCES, TOKENS)], perRun: 1 };
  const rows: Row[] = [];
  for (const [name, make] of Object.entries({ forward, 'training step': train })) {
    const seconds: Record<string, number> = {};
    for (const backend of ['gpu', 'wasm'] as const) {
      await setBackend(backend);
      const job = make(task);
      [seconds[backend]] = await inTurns([secondsOf(() => job.run())], 3);
    }
    rows.push({ name, seconds });
  }
  return {
    title: `MiniLM in Node.js, ${SEQUENCES} sequences of ${TOKENS} tokens`,
    columns: ['gpu', 'wasm'],
    ratios: [['gpu', 'wasm']],
    rows,
  };
}
