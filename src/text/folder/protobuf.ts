import { InputError } from '../../errors.ts';

/** The kinds of values that a field has on the wire. */
const VARINT = 0;
const EIGHT_BYTES = 1;
const BYTES = 2;
const FOUR_BYTES = 5;

/** A field of a message: its number, and what it holds. */
export interface ProtobufField {
  readonly number: number;
  /** A whole number as it is on the wire; null for fields of other kinds, and for what exceeds 2^53. */
  readonly integer: number | null;
  /** The bytes of a text, of a message or of a number of fixed size; null for whole numbers. */
  readonly bytes: Uint8Array | null;
}

/**
 * Reads the fields of a message of Protocol Buffers one after the other, without knowing what they mean.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/.
 *
 * @param label names the file in messages
 * @throws InputError when the bytes end early or are no message
 */
export function* protobufFields(message: Uint8Array, label: string): Generator<ProtobufField> {
  const broken = () => new InputError(`${label} is damaged or no file of sentencepiece; download it again.`);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1, i = 0; i < 10; i++, scale *= 128) {
      if (at >= message.length) throw broken();
      const byte = message[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw broken();
  };
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw broken();
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const kind = key % 8;
    if (number === 0 || number >= 2 ** 29) throw broken();
    if (kind === VARINT) {
      const integer = varint();
      yield { number, integer: Number.isSafeInteger(integer) ? integer : null, bytes: null };
    } else {
      const size = { [EIGHT_BYTES]: () => 8, [BYTES]: varint, [FOUR_BYTES]: () => 4 }[kind];
      if (!size) throw broken();
      yield { number, integer: null, bytes: take(size()) };
    }
  }
}
