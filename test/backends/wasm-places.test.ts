import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { ExpandedPlaces, type SparseRows, WasmPlaces } from '../../src/backends/wasm/places.ts';
import { type Mask, masks } from '../support/cases/sparse.ts';

const test = suite('backends: places of sparse matrices');
const { memory } = new WasmBackend({ threads: 1 });

const size = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 120, max: 200 }));
const mask = fc.tuple(size, size).chain(([rows, columns]) => masks(rows, columns));
const placesOf = ({ bits, rows, columns }: Mask, expanded: ExpandedPlaces) =>
  new WasmPlaces(memory, expanded, bits, rows, columns);
const forms = ['direct', 'transposed'] as const;

const bytesOf = ({ n, blocks, entries }: SparseRows): number => 4 * (n * blocks + 1) + entries;

/** Segments and columns as numbers, wherever they lie. */
function numbersIn({ n, blocks, entries, segments, columns }: SparseRows): number[] {
  const { buffer } = memory.wasm;
  return [...new Uint32Array(buffer, segments, n * blocks + 1), ...new Uint8Array(buffer, columns, entries)];
}

test('rows that were dropped are made again as they were, and no more are kept than the limit', () => {
  const asks = fc.array(fc.record({ place: fc.nat({ max: 4 }), form: fc.constantFrom(...forms) }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.array(mask, { minLength: 5, maxLength: 5 }), asks, fc.nat({ max: 20_000 }), (all, asked, limit) => {
      let bytes = 0;
      const expanded = new ExpandedPlaces((more) => {
        bytes += more;
      }, limit);
      const unbounded = new ExpandedPlaces(() => {});
      const places = all.map((given) => placesOf(given, expanded));
      const others = all.map((given) => placesOf(given, unbounded));
      const sizes = others.map((one) => forms.reduce((sum, form) => sum + bytesOf(one[form]), 0));
      const [largest, second] = sizes.sort((a, b) => b - a);
      for (const { place, form } of asked) {
        assert.deepEqual(numbersIn(places[place][form]), numbersIn(others[place][form]));
        assert.ok(bytes <= Math.max(limit, largest + second));
      }
      for (const [i, { bits }] of all.entries()) {
        assert.deepEqual([...places[i].mask()], bits);
        places[i].free();
        others[i].free();
      }
      assert.equal(bytes, 0);
    }),
  );
});

test.run();
