import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { crc32c, EventWriter, maskedCrc32c } from '../../src/io/tensorboard.ts';
import { readEvents } from '../support/tensorboard.ts';
import { temporaryFolder } from './temporary.ts';

const test = suite('io: TensorBoard');

const text = (value: string) => Buffer.from(value, 'latin1');

test('CRC-32C has its published values', () => {
  assert.equal(crc32c(text('123456789')), 0xe3069283);
  // RFC 3720, appendix B.4.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
  const crc = crc32c(text('123456789'));
  const rotated = ((crc >>> 15) | (crc << 17)) >>> 0;
  assert.equal(maskedCrc32c(text('123456789')), (rotated + 0xa282ead8) % 2 ** 32);
});

test('a reader gets the scalars that were written', () => {
  const folder = temporaryFolder();
  const writer = new EventWriter(folder);
  writer.scalars(1, { loss: 0.75, 'eval/accuracy': 0.5 });
  writer.scalars(300, { loss: -2.5 });
  const [name] = readdirSync(folder);
  assert.match(name, /^events\.out\.tfevents\.\d+\./);
  const [version, ...events] = readEvents(readFileSync(join(folder, name)));
  assert.equal(version.fileVersion, 'brain.Event:2');
  assert.ok(Math.abs(version.wallTime - Date.now() / 1000) < 60);
  assert.deepEqual(
    events.map(({ step, scalars }) => [step, scalars]),
    [
      [1, { loss: 0.75, 'eval/accuracy': 0.5 }],
      [300, { loss: -2.5 }],
    ],
  );
});

test('a file of a run that goes on tells where it does', () => {
  const folder = temporaryFolder();
  new EventWriter(folder, 7).scalars(8, { loss: 1 });
  const [, start, event] = readEvents(readFileSync(join(folder, readdirSync(folder)[0])));
  assert.deepEqual([start.step, start.sessionStatus], [7, 1]);
  assert.deepEqual([event.step, event.scalars], [8, { loss: 1 }]);
});

test('the reader notices a changed byte', () => {
  const folder = temporaryFolder();
  new EventWriter(folder).scalars(1, { loss: 1 });
  const bytes = readFileSync(join(folder, readdirSync(folder)[0]));
  bytes[bytes.length - 6] ^= 1;
  assert.throws(() => readEvents(bytes), /checksum/);
});

test.run();
