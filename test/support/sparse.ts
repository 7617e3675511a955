import assert from 'node:assert/strict';
import { addSparse } from '../../src/backends/all-sparse.ts';

addSparse();

/** The sparse products of a backend. */
export function sparseOf<Products>({ sparse }: { readonly sparse?: Products }): Products {
  assert.ok(sparse);
  return sparse;
}
