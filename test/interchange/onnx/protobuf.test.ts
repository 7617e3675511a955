import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  byteLength,
  bytes,
  float,
  integer,
  type Message,
  message,
  string,
} from '../../../src/interchange/onnx/protobuf.ts';
import { protobufFields } from '../../../src/text/folder/protobuf.ts';

const test = suite('onnx: Protocol Buffers');

const wire = (pieces: Message) =>
  Buffer.concat(pieces.map((piece) => (piece instanceof Uint8Array ? piece : piece.bytes())));
const hex = (pieces: Message) => wire(pieces).toString('hex');

test('the wire format is that of the examples in the documentation', () => {
  assert.equal(hex(integer(1, 150)), '089601');
  assert.equal(hex(string(2, 'testing')), '120774657374696e67');
  assert.equal(hex(message(3, integer(1, 150))), '1a03089601');
  assert.equal(hex(float(2, 1)), '150000803f');
  assert.equal(hex(bytes(1, new Uint8Array(300))).slice(0, 6), '0aac02');
  assert.equal(hex(integer(1, -2)), '08feffffffffffffffff01');
});

test('what is written is read', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 20 }),
      fc.maxSafeNat(),
      fc.string({ unit: 'binary' }),
      (field, whole, text) => {
        const pieces = [...integer(field, whole), ...message(field, string(7, text)), ...float(9, 0.5)];
        assert.equal(byteLength(pieces), wire(pieces).length);
        const [first, second, third] = protobufFields(wire(pieces), 'test');
        assert.deepEqual([first.number, first.integer], [field, whole]);
        const [inner] = protobufFields(second.bytes ?? new Uint8Array(), 'test');
        assert.deepEqual(
          [inner.number, new TextDecoder('utf-8', { ignoreBOM: true }).decode(inner.bytes ?? undefined)],
          [7, toWellFormed(text)],
        );
        assert.deepEqual(third.bytes && new Float32Array(Uint8Array.from(third.bytes).buffer)[0], 0.5);
      },
    ),
  );
});

/** UTF-8 has no halves of pairs. */
const toWellFormed = (text: string) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(text));

test('bytes that are made when they are written count before', () => {
  let made = 0;
  const lazy = {
    length: 3,
    bytes: () => {
      made++;
      return Uint8Array.of(1, 2, 3);
    },
  };
  const pieces = message(1, bytes(2, lazy));
  assert.deepEqual([byteLength(pieces), made], [7, 0]);
  assert.equal(hex(pieces), '0a05' + '1203' + '010203');
  assert.equal(made, 1);
});

test.run();
