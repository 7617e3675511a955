/** Fetches the encoder-decoders in a page, which a page with an encoder does without. In Node.js they are there. */
export async function loadEncoderDecoders(): Promise<void> {
  const { addEncoderDecoders } = await import('./all-encoder-decoders.ts');
  addEncoderDecoders();
}
