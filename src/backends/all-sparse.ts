import { addReferenceSparse } from './reference/index.ts';
import { referenceSparse } from './reference/sparse-products.ts';
import { addWasmSparse } from './wasm/index.ts';
import { openSparse } from './wasm/sparse.ts';

/** Lets all backends that can have sparse products, those that are there already too. */
export function addSparse(): void {
  addReferenceSparse(referenceSparse);
  addWasmSparse(openSparse);
}
