/**
 * Fetches the parts of other tokenizers than BERT's, which are always there in Node.js. A page calls it once, before it makes or
 * reads such a tokenizer.
 */
export async function loadTokenizerKinds(): Promise<void> {
  const { addFurtherKinds } = await import('./all-kinds.ts');
  addFurtherKinds();
}
