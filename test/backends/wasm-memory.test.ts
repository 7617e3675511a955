import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { MemoryError } from '../../src/backends/backend.ts';
import { Allocator, type Block } from '../../src/backends/wasm/allocator.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';

const test = suite('wasm: memory');

const LIMIT = 1 << 20;
/** A heap that grows in steps of 4 KiB up to a limit, without any memory behind it. */
function heap(start = 40): Allocator {
  let end = Math.ceil(start / 64) * 64;
  return new Allocator(start, (bytes) => {
    if (end + bytes > LIMIT) throw new Error('full');
    end += Math.ceil(bytes / 4096) * 4096;
    return end;
  });
}

/** Allocations of a size, and releases of the n-th living block. */
const steps = fc.array(
  fc.oneof(fc.record({ allocate: fc.integer({ min: 0, max: 9000 }) }), fc.record({ release: fc.nat({ max: 50 }) })),
  { maxLength: 120 },
);

test('blocks are aligned, large enough, apart from each other, and the free ones are joined', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const allocator = heap();
      const living = new Map<Block, number>();
      for (const step of script) {
        if ('allocate' in step) living.set(allocator.allocate(step.allocate), step.allocate);
        else if (living.size > 0) {
          const block = [...living.keys()][step.release % living.size];
          allocator.free(block);
          living.delete(block);
        }
        const blocks = [...allocator.blocks()];
        assert.equal(blocks.filter((block) => !block.free).length, living.size);
        blocks.forEach((block, i) => {
          assert.equal(block.start % 64, 0);
          if (i === 0) return;
          assert.equal(block.start, blocks[i - 1].start + blocks[i - 1].size);
          assert.ok(!(block.free && blocks[i - 1].free), 'two free neighbours');
        });
        for (const [block, bytes] of living) assert.ok(!block.free && block.size >= bytes);
      }
      for (const block of living.keys()) allocator.free(block);
      assert.ok([...allocator.blocks()].every((block) => block.free));
      assert.ok([...allocator.blocks()].length <= 1);
    }),
    { seed: 1, numRuns: 100 },
  );
});

test('the same requests again need no more memory', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 60 }), (sizes) => {
      const allocator = heap();
      const end = () => [...allocator.blocks()].reduce((most, block) => Math.max(most, block.start + block.size), 0);
      const round = () => {
        const kept = sizes.map((size) => allocator.allocate(size));
        for (let i = 0; i < kept.length; i += 2) allocator.free(kept[i]);
        for (let i = 1; i < kept.length; i += 2) allocator.free(kept[i]);
      };
      round();
      const after = end();
      for (let i = 0; i < 5; i++) round();
      assert.equal(end(), after);
    }),
    { seed: 1, numRuns: 50 },
  );
});

test('a block cannot be freed twice', () => {
  const allocator = heap();
  const [first, second] = [allocator.allocate(100), allocator.allocate(100)];
  allocator.free(first);
  assert.throws(() => allocator.free(first), /freed twice/);
  allocator.free(second);
  assert.throws(() => allocator.free(second), /freed twice/);
});

test('a heap that cannot grow says so and stays usable', () => {
  const allocator = heap();
  const block = allocator.allocate(LIMIT / 2);
  assert.throws(() => allocator.allocate(LIMIT), /full/);
  allocator.free(block);
  assert.equal(allocator.allocate(LIMIT / 2).start, block.start);
});

/** Sizes at which 32-bit arithmetic wraps around, floating-point numbers lose their ones, and their neighbours. */
const near = fc
  .tuple(
    fc.constantFrom(2 ** 26, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 33, 2 ** 37, 2 ** 38, 2 ** 53),
    fc.integer({ min: -130, max: 130 }),
  )
  .map(([size, difference]) => size + difference);

test('a size near the end of 32 or 53 bits is a block of that size or an error, and the heap stays usable', () => {
  const most = 2 ** 32;
  fc.assert(
    fc.property(
      fc.array(fc.oneof(near, fc.integer({ min: 0, max: 9000 })), { maxLength: 12 }),
      fc.boolean(),
      (sizes, releases) => {
        let end = 64;
        const allocator = new Allocator(40, (bytes) => {
          if (end + bytes > most) throw new MemoryError('full');
          end += bytes;
          return end;
        });
        for (const size of sizes) {
          let block: Block;
          try {
            block = allocator.allocate(size);
          } catch (error) {
            assert.ok(error instanceof MemoryError, String(error));
            assert.ok(size > 2 ** 26 - 131, `${size} bytes were refused`);
            continue;
          }
          assert.ok(
            block.size >= size && block.start + block.size <= most,
            `${size} bytes in a block of ${block.size}`,
          );
          if (releases) allocator.free(block);
        }
        let before = 0;
        for (const block of allocator.blocks()) {
          assert.ok(before === 0 || block.start === before);
          before = block.start + block.size;
        }
      },
    ),
    { seed: 1, numRuns: 300 },
  );
});

for (const bytes of [2 ** 33, 8e12, 2 ** 53, 2 ** 60, Number.POSITIVE_INFINITY, Number.NaN, -4]) {
  test(`${bytes} bytes are refused before the heap grows`, () => {
    const allocator = new Allocator(40, () => assert.fail('grown'));
    assert.throws(() => allocator.allocate(bytes), MemoryError);
  });
}

test('buffers keep their contents while the memory grows', () => {
  const wasm = new WasmBackend();
  const small = wasm.upload([1, 2, 3]);
  const before = wasm.memory.size;
  const large = wasm.fill(4_000_000, 7);
  assert.ok(wasm.memory.size > before);
  assert.deepEqual(wasm.readSync(small), Float32Array.of(1, 2, 3));
  assert.equal(wasm.readSync(large)[3_999_999], 7);
  assert.equal(wasm.bytes(), 4 * 4_000_003);
  wasm.free(small);
  wasm.free(large);
  assert.equal(wasm.bytes(), 0);
});

test('out of memory says what to do, and the backend goes on', () => {
  const wasm = new WasmBackend();
  for (const length of [2 ** 30, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 1e12, 2 ** 51, 2 ** 60]) {
    assert.throws(() => wasm.allocate(length), /out of memory.*Lower the batch size/, String(length));
  }
  assert.equal(wasm.bytes(), 0);
  const x = wasm.fill(10, 1);
  assert.equal(wasm.readSync(x)[9], 1);
});

test.run();
