import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { suite } from 'uvu';
import { makePatch } from '../../kernels/wasm/patch.ts';
import { encodePrintable } from '../../kernels/wasm/printable.ts';
import { baseline, baselineId, relaxed, relaxedId } from '../../src/backends/wasm/binary.ts';
import * as int8Binary from '../../src/backends/wasm/int8-binary.ts';
import { applyPatch } from '../../src/backends/wasm/patch.ts';
import { decodePrintable } from '../../src/backends/wasm/printable.ts';
import * as sparseBinary from '../../src/backends/wasm/sparse-binary.ts';

const test = suite('backends: stored kernels');

const idOf = (binaries: readonly ArrayBuffer[]): string => {
  const hash = createHash('sha256');
  for (const bytes of binaries) hash.update(new Uint8Array(bytes));
  return hash.digest('hex').slice(0, 8);
};

test('the modules with and without relaxed SIMD have the ids that are told, and are modules', () => {
  const first = [relaxed, int8Binary.relaxed, sparseBinary.relaxed].map(decodePrintable);
  const second = [baseline, int8Binary.baseline, sparseBinary.baseline].map((patch, i) => applyPatch(first[i], patch));
  assert.deepEqual([idOf(first), idOf(second)], [relaxedId, baselineId]);
  assert.notEqual(relaxedId, baselineId);
  for (const bytes of [...first, ...second]) assert.equal(new Uint32Array(bytes.slice(0, 4))[0], 0x6d736100);
});

test('bytes are read as they were written, in printable characters', () => {
  const holds = (bytes: Uint8Array) => {
    const text = encodePrintable(bytes);
    assert.match(text, /^[ -~]*$/);
    assert.deepEqual(new Uint8Array(decodePrintable(text)), bytes);
  };
  holds(Uint8Array.from({ length: 256 }, (_, i) => i));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), holds), { seed: 1 });
});

test('a patch makes the target of the source, whatever they share', () => {
  const pieces = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 30 });
  // Pieces of one list in two orders, with other bytes between them.
  const piece = (n: number) => Buffer.alloc(3 * n, Buffer.from([n, 7 * n, 255 - n, 3]));
  fc.assert(
    fc.property(pieces, pieces, fc.uint8Array({ maxLength: 9 }), (first, second, other) => {
      const source = Buffer.concat([...first.map(piece), other]);
      const target = Buffer.concat([other, ...second.map(piece), other]);
      const bytes = Uint8Array.from(source).buffer;
      assert.deepEqual(Buffer.from(applyPatch(bytes, makePatch(source, target))), target);
    }),
    { seed: 1 },
  );
});

test.run();
