import { appendFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const PREFIX = 'events.out.tfevents.';

/**
 * Scalars for TensorBoard, in an event file: records of a protocol buffer `Event`, each framed as TFRecord,
 *
 *   length u64 | masked CRC-32C of the length u32 | data | masked CRC-32C of the data u32      (little-endian)
 *
 * A record is written in one piece, so a reader sees whole records but for the last one of a killed process, which it skips.
 */
export class EventWriter {
  readonly #file: string;

  /**
   * Begins a file beside those of earlier attempts.
   *
   * @param folder of one run: TensorBoard shows each folder as a run of its own
   * @param step the steps done before; scalars of earlier attempts from there on are forgotten by TensorBoard
   * @throws the file system's error if it cannot be written
   */
  constructor(folder: string, step = 0) {
    mkdirSync(folder, { recursive: true });
    const isFirst = !readdirSync(folder).some((name) => name.startsWith(PREFIX));
    const now = Date.now();
    this.#file = join(folder, `${PREFIX}${Math.floor(now / 1000)}.${process.pid}.${now % 1000}`);
    this.#write([bytes(3, Buffer.from('brain.Event:2'))]); // file_version
    // SessionLog { status: START }: what earlier files have from this step on does not count.
    if (step > 0 || !isFirst) this.#write([varint(2, step), bytes(7, varint(1, 1))]);
  }

  /** @param values by tag, such as `loss` or `eval/accuracy` */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    // Summary { repeated Value { string tag = 1; float simple_value = 2 } value = 1 }
    const summary = Object.entries(values).map(([tag, value]) =>
      bytes(1, Buffer.concat([bytes(1, Buffer.from(tag)), float(2, value)])),
    );
    this.#write([varint(2, step), bytes(5, Buffer.concat(summary))]);
  }

  /** Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log = 7 } */
  #write(fields: readonly Buffer[]): void {
    appendFileSync(this.#file, frame(Buffer.concat([double(1, Date.now() / 1000), ...fields])));
  }
}

/** The TFRecord frame of some data. */
function frame(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
}

function checksum(data: Uint8Array): Buffer {
  const result = Buffer.alloc(4);
  result.writeUInt32LE(maskedCrc32c(data));
  return result;
}

/** Remainders of single bytes for the reversed Castagnoli polynomial. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C (RFC 3720, appendix B.4). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

/** Rotated and shifted, so that a checksum of data with checksums in it is none of them. */
export function maskedCrc32c(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** A protocol buffer's field of whole numbers, in groups of 7 bits, the lowest first. */
function varint(field: number, value: number): Buffer {
  return Buffer.from([field << 3, ...groups(value)]);
}

function groups(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...groups(Math.floor(value / 128))];
}

function bytes(field: number, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...groups(data.length)]), data]);
}

function float(field: number, value: number): Buffer {
  const result = Buffer.alloc(5);
  result[0] = (field << 3) | 5;
  result.writeFloatLE(value, 1);
  return result;
}

function double(field: number, value: number): Buffer {
  const result = Buffer.alloc(9);
  result[0] = (field << 3) | 1;
  result.writeDoubleLE(value, 1);
  return result;
}
