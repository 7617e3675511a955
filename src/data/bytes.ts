import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { InputError } from '../errors.ts';
import type { ChunkOptions } from './chunk-options.ts';

export const LONGEST_RECORD = 2 ** 26;

const CHUNK = 2 ** 18;
const LINE_FEED = 10;

/**
 * Reads a file or a stream as UTF-8 chunk by chunk; each chunk ends with a whole character. A byte-order mark is left out.
 *
 * @throws InputError while iterating: it cannot be read, or is not UTF-8, with the line of the first byte that is not
 */
export async function* utf8Chunks(
  source: string | AsyncIterable<Uint8Array | string>,
  { chunkBytes = CHUNK }: ChunkOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const name = typeof source === 'string' ? source : 'the input';
  let lines = 0;
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  for await (const bytes of rawChunks(name, source, chunkBytes)) {
    let chunk = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    if (isFirst && chunk.length < 3 && chunk[0] >= 0xef) {
      rest = chunk; // perhaps the beginning of a byte-order mark
      continue;
    }
    if (isFirst) chunk = withoutMark(name, chunk);
    isFirst = false;
    const end = wholeCharacters(chunk);
    const whole = chunk.subarray(0, end);
    rest = chunk.subarray(end);
    if (!isUtf8(whole)) throw notUtf8(name, lines + firstBadLine(whole));
    lines += countLines(whole);
    if (whole.length > 0) yield whole;
  }
  if (isFirst) rest = withoutMark(name, rest);
  if (!isUtf8(rest)) throw notUtf8(name, lines + 1);
  if (rest.length > 0) yield rest;
}

/**
 * The lines of a file or a stream, those of one chunk at a time, without their ends (LF or CR LF). Empty lines are kept; an end of
 * line at the end of the input starts no further line.
 *
 * @throws InputError while iterating, as {@link utf8Chunks}, and for a line that is too long
 */
export async function* lineChunks(
  source: string | AsyncIterable<Uint8Array | string>,
  options: ChunkOptions = {},
): AsyncGenerator<Buffer[], void, undefined> {
  const { recordBytes = LONGEST_RECORD } = options;
  const name = typeof source === 'string' ? source : 'the input';
  let parts: Buffer[] = [];
  let length = 0;
  let done = 0;
  const finish = (last: Buffer): Buffer => {
    const line = parts.length === 0 ? last : Buffer.concat([...parts, last]);
    [parts, length] = [[], 0];
    return line.at(-1) === 13 ? line.subarray(0, -1) : line;
  };
  for await (const chunk of utf8Chunks(source, options)) {
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      lines.push(finish(chunk.subarray(from, at)));
      from = at + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
    length += chunk.length - from;
    done += lines.length;
    if (length > recordBytes) {
      throw new InputError(
        `${name}, line ${done + 1} is longer than ${recordBytes} bytes; is this a table with one row on each line?`,
      );
    }
    if (lines.length > 0) yield lines;
  }
  if (length > 0) yield [finish(Buffer.alloc(0))];
}

/** The error for a file that could not be read. */
export function unreadable(name: string, error: unknown): InputError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return new InputError(`${name} does not exist`);
  if (code === 'EISDIR') return new InputError(`${name} is a folder, not a file`);
  return new InputError(`${name} cannot be read: ${error instanceof Error ? error.message : error}`);
}

/** @throws InputError if the first bytes are those of UTF-16 or UTF-32 */
export function withoutMark(name: string, bytes: Buffer): Buffer {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.subarray(3);
  const isMarked = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isMarked || everySecondIsZero(bytes.subarray(0, 256))) {
    throw new InputError(`${name} is not UTF-8 text but UTF-16 or UTF-32: save it as UTF-8`);
  }
  return bytes;
}

/** As in English text of UTF-16 without a byte-order mark. */
function everySecondIsZero(bytes: Buffer): boolean {
  if (bytes.length < 8) return false;
  const isZero = (parity: number) => bytes.every((byte, i) => i % 2 !== parity || byte === 0);
  return isZero(0) || isZero(1);
}

/** Returns the end of the last whole character. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** From 1. */
export function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let from = 0; from < bytes.length; line++) {
    const at = bytes.indexOf(LINE_FEED, from);
    const end = at < 0 ? bytes.length : at;
    if (!isUtf8(bytes.subarray(from, end))) return line;
    from = end + 1;
  }
  return line;
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}

export const notUtf8 = (name: string, line: number): InputError =>
  new InputError(`${name} is not UTF-8 text (line ${line}): save it with that encoding`);

async function* rawChunks(
  name: string,
  source: string | AsyncIterable<Uint8Array | string>,
  highWaterMark: number,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    const chunks = typeof source === 'string' ? createReadStream(source, { highWaterMark }) : source;
    for await (const chunk of chunks) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
  } catch (error) {
    throw unreadable(name, error);
  }
}
