/** As much of the Protocol Buffers wire format as an ONNX file takes. A message is a list of pieces of bytes. */
export type Message = readonly Uint8Array[];

const text = new TextEncoder();
const LENGTH_DELIMITED = 2;

/** Seven bits per byte, the lowest first. @param value not negative */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.from([...bytes, rest]);
}

const size = (message: Message): number => message.reduce((sum, { length }) => sum + length, 0);

/** An integer field. */
export const integer = (field: number, value: number): Message => [varint(field * 8), varint(value)];

/** A field of bytes. */
export const bytes = (field: number, ...value: Message): Message => [
  varint(field * 8 + LENGTH_DELIMITED),
  varint(size(value)),
  ...value,
];

export const string = (field: number, value: string): Message => bytes(field, text.encode(value));

/** A field that is itself a message. */
export const message = (field: number, ...parts: readonly Message[]): Message => bytes(field, ...parts.flat());

/** A 32-bit float. */
export const float = (field: number, value: number): Message => [
  varint(field * 8 + 5),
  new Uint8Array(Float32Array.of(value).buffer),
];
