/** Bytes that are read a range at a time. */
export interface ByteSource {
  /** The name in messages: the path of a file. */
  readonly label: string;
  /** The size in bytes. */
  readonly size: number;
  /** Fills `target`, which may be in shared memory, with the bytes from `begin` on. */
  readInto(target: Uint8Array, begin: number): void;
  close(): void;
}

/** A fresh copy of the bytes [begin, end). */
export function readBuffer(source: ByteSource, begin: number, end: number): ArrayBuffer {
  const bytes = new Uint8Array(end - begin);
  source.readInto(bytes, begin);
  return bytes.buffer;
}

/** Reads as {@link readBuffer}, at offset 0 of its own buffer. */
export function readBytes(source: ByteSource, begin: number, end: number): Uint8Array {
  return new Uint8Array(readBuffer(source, begin, end));
}

/** The bytes of an array. */
export function memorySource(bytes: Uint8Array, label: string): ByteSource {
  return {
    label,
    size: bytes.length,
    readInto: (target, begin) => target.set(bytes.subarray(begin, begin + target.length)),
    close() {},
  };
}
