/**
 * Fetches what holds frozen weights in 8 bits, on all backends that can. A program that imports `sparse-adapter/models` in Node.js has
 * it from the start; others call this before `hold('int8')`.
 */
export async function loadInt8(): Promise<void> {
  const { addInt8 } = await import('./all-int8.ts');
  addInt8();
}
