/**
 * What tokenizers other than BERT's have: stages, and classes of vocabulary files. In Node.js they are there from the start; a
 * page, which should not fetch what it has no use for, asks for them (load-kinds.ts).
 */
import { InputError } from '../errors.ts';

let areThere = false;

/** Takes note that they are there. */
export function completeKinds(): void {
  areThere = true;
}

/** @param name a part that is not there @throws InputError if it may be one of those that a page has not fetched */
export function assertComplete(name: string): void {
  if (areThere) return;
  throw new InputError(`${name} is no part of BERT's tokenizers; others need await loadTokenizerKinds() before.`);
}
