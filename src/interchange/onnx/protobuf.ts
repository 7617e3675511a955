/** Bytes that are made when they are written, so that a large file is never in memory whole. */
export interface LazyBytes {
  readonly length: number;
  bytes(): Uint8Array;
}

export type Piece = Uint8Array | LazyBytes;

/** As much of the Protocol Buffers wire format as an ONNX file takes. A message is a list of pieces of bytes. */
export type Message = readonly Piece[];

const text = new TextEncoder();
const [LENGTH_DELIMITED, FIXED_32] = [2, 5];

/** Seven bits per byte, the lowest first; negative numbers as 64 bits in two's complement. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Uint8Array.from([...bytes, Number(rest)]);
}

/** Returns the number of bytes of a message. */
export const byteLength = (message: Message): number => message.reduce((sum, { length }) => sum + length, 0);

/** An integer field. */
export const integer = (field: number, value: number): Message => [varint(field * 8), varint(value)];

/** A field of bytes. */
export const bytes = (field: number, ...value: Message): Message => [
  varint(field * 8 + LENGTH_DELIMITED),
  varint(byteLength(value)),
  ...value,
];

export const string = (field: number, value: string): Message => bytes(field, text.encode(value));

/** A field that is itself a message. */
export const message = (field: number, ...parts: readonly Message[]): Message => bytes(field, ...parts.flat());

/** A 32-bit float. */
export const float = (field: number, value: number): Message => [
  varint(field * 8 + FIXED_32),
  new Uint8Array(Float32Array.of(value).buffer),
];
