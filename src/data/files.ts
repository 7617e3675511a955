import { createReadStream, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { InputError } from '../errors.ts';

/**
 * A whole UTF-8 text file without its byte-order mark, lines ending in '\n'.
 * @throws InputError naming the file if it cannot be read, is not UTF-8, or has no text.
 */
export function readText(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  const text = decode(path, () => new TextDecoder('utf-8', { fatal: true }).decode(bytes)).replaceAll('\r\n', '\n');
  if (text.trim() === '') throw new InputError(`${path} is empty`);
  return text;
}

/**
 * The lines of a UTF-8 file or stream as they arrive, without line ends and byte-order mark. Empty lines are kept, so that
 * answers can be matched to lines by their number; an end of line at the end of the input starts no further line.
 * @throws InputError while iterating, if the source cannot be read or is not UTF-8.
 */
export async function* readLines(source: string | Readable): AsyncGenerator<string, void, undefined> {
  const name = typeof source === 'string' ? source : 'the input';
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  for await (const bytes of chunks(name, source)) {
    const lines = (rest + decode(name, () => decoder.decode(bytes, { stream: true }))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.replace(/\r$/, '');
  }
  rest += decode(name, () => decoder.decode());
  if (rest !== '') yield rest.replace(/\r$/, '');
}

async function* chunks(name: string, source: string | Readable): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of typeof source === 'string' ? createReadStream(source) : source) yield Buffer.from(chunk);
  } catch (error) {
    throw unreadable(name, error);
  }
}

function decode(name: string, decoded: () => string): string {
  try {
    return decoded();
  } catch {
    throw new InputError(`${name} is not UTF-8 text: save it with that encoding`);
  }
}

function unreadable(name: string, error: unknown): InputError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return new InputError(`${name} does not exist`);
  if (code === 'EISDIR') return new InputError(`${name} is a folder, not a file`);
  return new InputError(`${name} cannot be read: ${error instanceof Error ? error.message : error}`);
}
