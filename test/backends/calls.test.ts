import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { WasmBuffer } from '../../src/backends/wasm/buffer.ts';
import { callsOf, type LargeCall } from '../../src/backends/wasm/calls.ts';
import type { WasmBackend } from '../../src/backends/wasm/index.ts';
import { type KernelName, kernelNames } from '../../src/backends/wasm/kernels.ts';
import { Memory } from '../../src/backends/wasm/memory.ts';
import { type Exports, instantiate } from '../../src/backends/wasm/module.ts';

const test = suite('wasm: calls of kernels');

/** Calls whose kernels only note how they are called. */
function noting() {
  const memory = new Memory();
  const real = instantiate(memory.wasm);
  memory.start(real.heapBase());
  const called: [name: string, args: unknown[]][] = [];
  const large: LargeCall[] = [];
  const note = (name: KernelName) => {
    const kernel = (...args: number[]) => called.push([name, args]);
    return [name, Object.defineProperty(kernel, 'length', { value: real[name].length })];
  };
  const exports = Object.fromEntries(kernelNames.filter((name) => real[name]).map(note)) as unknown as Exports;
  const buffer = (length: number) => new WasmBuffer(length, memory.allocate(4 * length));
  return { memory, called, large, buffer, calls: callsOf(exports, memory, (call) => large.push(call)) };
}

test('arrays become addresses, a missing one 0, and the range its two ends, for any number of arguments', () => {
  const { calls, called, buffer } = noting();
  const [x, y, z] = [buffer(4), buffer(4), buffer(4)];
  const [a, b, c] = [x.address, y.address, z.address];
  calls.neg(x, y, 4);
  calls.softmax(x, y, 2, 2);
  calls.add(x, y, z, 640, 4);
  calls.scaledProduct(x, null, 0.5, y, 4);
  calls.dropout(x, y, 0.5, 2, 7, 4);
  calls.layerNormDoubleBackward(x, x, y, y, y, x, null, z, 2, 2);
  assert.deepEqual(called, [
    ['neg', [a, b, 0, 4]],
    ['softmax', [a, b, 2, 0, 2]],
    ['add', [a, b, c, 640, 0, 4]],
    ['scaledProduct', [a, 0, 0.5, b, 0, 4]],
    ['dropout', [a, b, 0.5, 2, 7, 0, 4]],
    ['layerNormDoubleBackward', [a, a, b, b, b, a, 0, c, 2, 0, 2]],
  ]);
});

test('scratch is memory of its own, and free after the call', () => {
  const { calls, called, buffer, memory } = noting();
  const x = buffer(4);
  calls.gemmBatch(x, false, x, true, x, 2, 2, 2, 1, 4096);
  const [[, args]] = called;
  const scratch = args.at(-1) as number;
  assert.deepEqual(args.slice(0, -1), [x.address, 0, x.address, 1, x.address, 2, 2, 2, 0, 1]);
  assert.ok(scratch >= x.address + 16);
  assert.equal(memory.allocate(4096).start, scratch);
});

test('a call of much work is handed over as its kernel takes it, one of a small range is not', () => {
  const { calls, called, large, buffer } = noting();
  const x = buffer(4);
  calls.exp(x, x, 1 << 16);
  calls.dropout(x, x, 0.5, 2, 7, 1 << 16);
  calls.gemmRows(x, false, x, false, false, null, null, x, 60, 100, 100, 60, 4096);
  // One row cannot be divided.
  calls.sumRows(x, x, 1 << 20, 1);
  assert.deepEqual(
    called.map(([name]) => name),
    ['sumRows'],
  );
  const at = x.address;
  assert.deepEqual(
    large.map(({ kernel, ...call }) => ({ name: kernelNames[kernel], ...call })),
    [
      { name: 'exp', args: [at, at, 0, 1 << 16], work: 1 << 16, scratch: 0 },
      { name: 'dropout', args: [at, at, 0.5, 2, 7, 0, 1 << 16], work: 1 << 16, scratch: 0 },
      {
        name: 'gemmRows',
        args: [at, 0, at, 0, 0, 0, 0, at, 60, 100, 100, 0, 60],
        work: (60 * 100 * 100) / 8,
        scratch: 4096,
      },
    ],
  );
});

test('a call with other arguments than its declaration has does not compile', () => {
  const wrong = ({ kernels }: WasmBackend, x: WasmBuffer) => {
    // @ts-expect-error the rows are missing
    kernels.softmax(x, x, 4);
    // @ts-expect-error there is nothing to compute
    kernels.neg(null, x, 4);
    // @ts-expect-error the range has one argument
    kernels.neg(x, x, 0, 4);
    // @ts-expect-error whether a is transposed is no number
    kernels.gemmBatch(x, 1, x, false, x, 2, 2, 2, 1, 0);
  };
  assert.equal(wrong.length, 2);
});

test.run();
