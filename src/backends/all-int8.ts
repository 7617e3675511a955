import { addReferenceInt8 } from './reference/index.ts';
import { referenceInt8 } from './reference/int8-products.ts';
import { addWasmInt8 } from './wasm/index.ts';
import { openInt8 } from './wasm/int8.ts';

/** Lets all backends that can hold weights in 8 bits do so, those that are there already too. */
export function addInt8(): void {
  addReferenceInt8(referenceInt8);
  addWasmInt8(openInt8);
}
