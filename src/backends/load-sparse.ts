/**
 * Fetches what holds kept weights alone and multiplies by them, on all backends that can. A program that imports `sparse-adapter/models`
 * in Node.js has it from the start, and `prune` fetches it; others call this before they make a sparse matrix or load a pruned adapter,
 * whose weights are held with their mask otherwise.
 */
export async function loadSparse(): Promise<void> {
  const { addSparse } = await import('./all-sparse.ts');
  addSparse();
}
