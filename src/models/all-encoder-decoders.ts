import { bart } from './bart.ts';
import { addEncoderDecoder } from './encoder-decoders.ts';
import { marian } from './marian.ts';
import { mbart } from './mbart.ts';
import { t5 } from './t5.ts';

/** Makes all encoder-decoders known. */
export function addEncoderDecoders(): void {
  for (const architecture of [bart, marian, mbart, t5]) addEncoderDecoder(architecture);
}
