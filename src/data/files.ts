import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { firstBadLine, lineChunks, notUtf8, unreadable, wholeAsUtf8 } from './bytes.ts';

/** Bytes of the longest text that JavaScript can hold as one string. */
const LONGEST_TEXT = 2 ** 29 - 32;

/**
 * A whole text file, UTF-8 or UTF-16 with a byte-order mark, without that mark, lines ending in '\n'.
 * @throws InputError naming the file if it cannot be read, is not in that encoding, is too large for one string, or has no text.
 */
export function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  bytes = wholeAsUtf8({ name: path }, bytes);
  if (!isUtf8(bytes)) throw notUtf8({ name: path }, firstBadLine(bytes));
  if (bytes.length > LONGEST_TEXT) {
    throw new InputError(`${path} has ${bytes.length} bytes, more than fit in one text; split it, or make it a table`);
  }
  const text = bytes.toString('utf8').replaceAll('\r\n', '\n');
  if (text.trim() === '') throw new InputError(`${path} is empty`);
  return text;
}

/**
 * The lines of a UTF-8 file or stream as they arrive, without line ends and byte-order mark. Empty lines are kept, so that
 * answers can be matched to lines by their number; an end of line at the end of the input starts no further line.
 * @throws InputError while iterating, if the source cannot be read or is not UTF-8.
 */
export async function* readLines(
  source: string | AsyncIterable<Uint8Array | string>,
): AsyncGenerator<string, void, undefined> {
  for await (const lines of lineChunks(source)) for (const line of lines) yield line.toString('utf8');
}
