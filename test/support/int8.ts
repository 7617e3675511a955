import assert from 'node:assert/strict';
import { addInt8 } from '../../src/backends/all-int8.ts';

addInt8();

/** The products of 8-bit weights on a backend. */
export function int8Of<Products>({ int8 }: { readonly int8?: Products }): Products {
  assert.ok(int8);
  return int8;
}
