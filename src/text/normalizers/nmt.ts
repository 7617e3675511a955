import type { AlignedText } from '../aligned-text.ts';
import { removeMatches, spaceMatches } from './edits.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are removed
const REMOVED = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]+/g;
const SPACES = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/** Removes control characters and makes spaces of others, as sentencepiece's rules for translation do. */
export const nmt = (text: AlignedText): AlignedText => spaceMatches(removeMatches(text, REMOVED), SPACES);
