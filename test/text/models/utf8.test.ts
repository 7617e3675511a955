import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { eachByte, utf8Length } from '../../../src/text/models/utf8.ts';
import { forAll } from '../../support/property.ts';

const test = suite('UTF-8');

function utf8Bytes(text: string): number[] {
  const bytes: number[] = [];
  eachByte(text, (byte) => bytes.push(byte));
  return bytes;
}

test('bytes and lengths are those of an encoder', () => {
  const utf8 = new TextEncoder();
  const edges = '\0\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\u{10000}\u{10ffff}';
  for (const text of ['', edges]) assert.deepEqual(utf8Bytes(text), [...utf8.encode(text)]);
  for (const character of edges) assert.equal(utf8Length(character.codePointAt(0)!), utf8.encode(character).length);
  forAll(fc.string({ unit: 'binary' }), (text) => assert.deepEqual(utf8Bytes(text), [...utf8.encode(text)]), 200);
});

test.run();
