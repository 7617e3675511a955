import { InputError } from '../errors.ts';
import { type ByteSource, readBytes } from './byte-source.ts';

/** The place of an entry's bytes in an archive. */
export interface ZipEntry {
  readonly begin: number;
  readonly size: number;
}

const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const LARGEST_COMMENT = 0xffff;
const LARGEST_DIRECTORY = 100_000_000;
const signatures = { end: 0x06054b50, locator: 0x07064b50, end64: 0x06064b50, central: 0x02014b50, local: 0x04034b50 };
/** Stands in a field of 32 bits whose number is in the extra field of 64 bits. */
const IN_EXTRA = 0xffffffff;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The entries of a zip archive by name, of those that are stored as they are. The sizes are those of the directory at its end, as an
 * archive that was written in one go has them nowhere else.
 *
 * Source: APPNOTE.TXT 6.3.10 of PKWARE, zip64 included.
 * @throws InputError for an archive that is damaged, in parts, encrypted or compressed
 */
export function zipEntries(source: ByteSource): Map<string, ZipEntry> {
  const { label, size } = source;
  const fail = (problem: string) => new InputError(`${label}: ${problem}; download or save the file again.`);
  const part = (begin: number, length: number, what: string): DataView => {
    if (begin < 0 || length < 0 || begin + length > size) throw fail(`a damaged zip archive, ${what} is outside of it`);
    return viewOf(readBytes(source, begin, begin + length));
  };
  const whole = (value: bigint): number => {
    if (value > Number.MAX_SAFE_INTEGER) throw fail('a damaged zip archive, with a size that no file has');
    return Number(value);
  };

  const tailBegin = Math.max(0, size - END_BYTES - LARGEST_COMMENT);
  const tail = part(tailBegin, size - tailBegin, 'its end');
  let at = tail.byteLength - END_BYTES;
  while (at >= 0 && tail.getUint32(at, true) !== signatures.end) at--;
  if (at < 0) throw fail('a truncated zip archive, its directory is missing');
  let count = tail.getUint16(at + 10, true);
  let length = tail.getUint32(at + 12, true);
  let begin = tail.getUint32(at + 16, true);
  const locatorAt = tailBegin + at - LOCATOR_BYTES;
  const locator = locatorAt >= 0 ? part(locatorAt, LOCATOR_BYTES, 'its end') : null;
  if (locator?.getUint32(0, true) === signatures.locator) {
    const end = part(whole(locator.getBigUint64(8, true)), 56, 'its directory');
    if (end.getUint32(0, true) !== signatures.end64) throw fail('a damaged zip archive, its directory is missing');
    count = whole(end.getBigUint64(32, true));
    length = whole(end.getBigUint64(40, true));
    begin = whole(end.getBigUint64(48, true));
  }
  if (length > LARGEST_DIRECTORY) throw fail(`its zip directory claims ${length} bytes, the limit is 100,000,000`);

  const directory = part(begin, length, 'its directory');
  const entries = new Map<string, ZipEntry>();
  let place = 0;
  for (let i = 0; i < count; i++) {
    if (place + 46 > length || directory.getUint32(place, true) !== signatures.central) {
      throw fail('a damaged zip archive, its directory ends early');
    }
    const [flags, method] = [directory.getUint16(place + 8, true), directory.getUint16(place + 10, true)];
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((from) =>
      directory.getUint16(place + from, true),
    );
    const next = place + 46 + nameLength + extraLength + commentLength;
    if (next > length) throw fail('a damaged zip archive, its directory ends early');
    const name = new TextDecoder().decode(new Uint8Array(directory.buffer, place + 46, nameLength));
    const extra = new DataView(directory.buffer, place + 46 + nameLength, extraLength);
    const wide = wideFields(extra);
    const field = (from: number): number => {
      const value = directory.getUint32(place + from, true);
      return value === IN_EXTRA && wide.length > 0 ? whole(wide.shift() ?? 0n) : value;
    };
    // In this order they are in the extra field.
    const [stored, compressed, headerAt] = [field(24), field(20), field(42)];
    const refused = flags & 1 ? 'encrypted' : method !== 0 || stored !== compressed ? 'compressed' : null;
    if (refused) throw fail(`its zip entry "${name}" is ${refused}, which torch.save never writes`);
    if (entries.has(name)) throw fail(`its zip entry "${name}" is there twice`);
    const header = part(headerAt, 30, `its entry "${name}"`);
    if (header.getUint32(0, true) !== signatures.local) throw fail(`a damaged zip archive, "${name}" is not there`);
    const dataAt = headerAt + 30 + header.getUint16(26, true) + header.getUint16(28, true);
    if (dataAt + stored > size)
      throw fail(`truncated, its zip entry "${name}" ends at byte ${dataAt + stored} of ${size}`);
    entries.set(name, { begin: dataAt, size: stored });
    place = next;
  }
  return entries;
}

/** The numbers of 64 bits of an extra field. */
function wideFields(extra: DataView): bigint[] {
  const ZIP64 = 1;
  let at = 0;
  while (at + 4 <= extra.byteLength) {
    const [id, length] = [extra.getUint16(at, true), extra.getUint16(at + 2, true)];
    const end = Math.min(at + 4 + length, extra.byteLength);
    if (id === ZIP64) {
      const values: bigint[] = [];
      for (let from = at + 4; from + 8 <= end; from += 8) values.push(extra.getBigUint64(from, true));
      return values;
    }
    at += 4 + length;
  }
  return [];
}
