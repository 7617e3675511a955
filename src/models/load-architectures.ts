/** Fetches all architectures but BERT and RoBERTa, which a page has without it, so that models of these can be made. */
export async function loadArchitectures(): Promise<void> {
  const { addArchitectures } = await import('./all-architectures.ts');
  addArchitectures();
}
