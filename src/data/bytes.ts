import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { InputError } from '../errors.ts';
import type { ChunkOptions } from './chunk-options.ts';

export const LONGEST_RECORD = 2 ** 26;

const CHUNK = 2 ** 18;
const LINE_FEED = 10;

/**
 * Reads a file or a stream as UTF-8 chunk by chunk; each chunk ends with a whole character. A byte-order mark is left out, and that of
 * UTF-16 is heeded.
 *
 * @throws InputError while iterating: it cannot be read, or is not in its encoding; of UTF-8 with the line of the first byte that is not
 */
export async function* utf8Chunks(
  source: string | AsyncIterable<Uint8Array | string>,
  { chunkBytes = CHUNK, encoding }: ChunkOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const name = typeof source === 'string' ? source : 'the input';
  const place = { name, isTold: encoding !== undefined };
  let lines = 0;
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of asUtf8(place, rawChunks(name, source, chunkBytes), encoding)) {
    const chunk = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const end = wholeCharacters(chunk);
    const whole = chunk.subarray(0, end);
    rest = chunk.subarray(end);
    if (!isUtf8(whole)) throw notUtf8(place, lines + firstBadLine(whole));
    lines += countLines(whole);
    if (whole.length > 0) yield whole;
  }
  if (!isUtf8(rest)) throw notUtf8(place, lines + 1);
  if (rest.length > 0) yield rest;
}

/** A text in messages. */
export interface TextPlace {
  readonly name: string;
  /** Whether an option can say its encoding. */
  readonly isTold?: boolean;
}

/** The bytes of a text as UTF-8 without a byte-order mark; those of UTF-8 as they are, with what is wrong in them. */
async function* asUtf8(
  place: TextPlace,
  chunks: AsyncIterable<Buffer>,
  encoding = 'utf-8',
): AsyncGenerator<Buffer, void, undefined> {
  let decode: Decode | null = null;
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of chunks) {
    const chunk = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    // Perhaps the beginning of a byte-order mark.
    const isCut = !decode && chunk.length < 4 && chunk[0] >= 0xef;
    rest = isCut ? chunk : Buffer.alloc(0);
    if (isCut) continue;
    decode ??= decoderOf(place, chunk, encoding);
    yield decode(chunk);
  }
  decode ??= decoderOf(place, rest, encoding);
  yield decode(rest, true);
}

/** Gives the next bytes of a text as UTF-8. */
type Decode = (bytes: Buffer, isLast?: boolean) => Buffer;

/** @param first the first bytes @throws InputError for UTF-16 without a mark and for UTF-32 */
function decoderOf(place: TextPlace, first: Buffer, asked: string): Decode {
  const encoding = asked === 'utf-8' ? encodingOf(place, first) : asked;
  if (encoding === 'utf-8') {
    let isFirst = true;
    return (bytes) => {
      const text = isFirst ? withoutMark(bytes) : bytes;
      isFirst = false;
      return text;
    };
  }
  const decoder = new TextDecoder(encoding, { fatal: true });
  return (bytes, isLast = false) => Buffer.from(decodedText(place, decoder, bytes, !isLast), 'utf8');
}

function decodedText(place: TextPlace, decoder: TextDecoder, bytes: Buffer, stream: boolean): string {
  try {
    return decoder.decode(bytes, { stream });
  } catch {
    throw new InputError(`${place.name} is not ${decoder.encoding} text: ${remedyFor(place)}`);
  }
}

/** The whole of a text as UTF-8 without a byte-order mark. @throws InputError as {@link utf8Chunks}, but for bytes that are not UTF-8 */
export const wholeAsUtf8 = (place: TextPlace, bytes: Buffer): Buffer => decoderOf(place, bytes, 'utf-8')(bytes, true);

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

const withoutMark = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;

/** The encoding that the first bytes of a text show. @throws InputError for UTF-16 without a mark and for UTF-32 */
function encodingOf(place: TextPlace, bytes: Buffer): string {
  const isUtf32 = bytes[0] === 0xff && bytes[1] === 0xfe && bytes.length > 3 && bytes[2] === 0 && bytes[3] === 0;
  if (!isUtf32 && bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  if (isUtf32 || everySecondIsZero(bytes.subarray(0, 256))) {
    const remedy = place.isTold ? `${SAVE}, or say with --encoding (encoding) which it is: utf-16le or utf-16be` : SAVE;
    throw new InputError(`${place.name} is not UTF-8 text but UTF-16 without a mark or UTF-32: ${remedy}`);
  }
  return 'utf-8';
}

const SAVE = 'save it as UTF-8';

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

export const notUtf8 = (place: TextPlace, line: number): InputError =>
  new InputError(`${place.name} is not UTF-8 text (line ${line}): ${remedyFor(place)}`);

const remedyFor = ({ isTold }: TextPlace): string =>
  isTold ? `${SAVE}, or name its encoding with --encoding (encoding), such as windows-1252` : SAVE;

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
