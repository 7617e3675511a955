/** An event of TensorBoard, as far as it is written here. */
export interface ReadEvent {
  wallTime: number;
  step: number;
  fileVersion: string | null;
  sessionStatus: number | null;
  scalars: Record<string, number>;
}

/** The events of a file. Written apart from the writer: checksums are computed bit by bit. @throws Error for a wrong checksum */
export function readEvents(file: Buffer): ReadEvent[] {
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    check(file.subarray(at, at + 8), file.readUInt32LE(at + 8));
    const data = file.subarray(at + 12, at + 12 + length);
    check(data, file.readUInt32LE(at + 12 + length));
    events.push(readEvent(data));
    at += 16 + length;
  }
  return events;
}

function check(data: Uint8Array, stored: number): void {
  let crc = 0xffffffffn;
  for (const byte of data) {
    for (let bit = 0n; bit < 8n; bit++) {
      const carry = (crc ^ (BigInt(byte) >> bit)) & 1n;
      crc = (crc >> 1n) ^ (carry ? 0x82f63b78n : 0n);
    }
  }
  crc ^= 0xffffffffn;
  const masked = (((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn;
  if (Number(masked) !== stored) throw new Error('a checksum is wrong');
}

type Value = number | Buffer;

/** The fields of a protocol buffer by number. */
function fieldsOf(data: Buffer): [field: number, value: Value][] {
  const fields: [number, Value][] = [];
  let at = 0;
  const varint = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = data[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  while (at < data.length) {
    const key = varint();
    const [field, kind] = [key >> 3, key & 7];
    if (kind === 0) fields.push([field, varint()]);
    else if (kind === 1) fields.push([field, data.readDoubleLE(at)]);
    else if (kind === 5) fields.push([field, data.readFloatLE(at)]);
    else if (kind === 2) {
      const length = varint();
      fields.push([field, data.subarray(at, at + length)]);
      at += length;
    }
    at += kind === 1 ? 8 : kind === 5 ? 4 : 0;
  }
  return fields;
}

function readEvent(data: Buffer): ReadEvent {
  const event: ReadEvent = { wallTime: 0, step: 0, fileVersion: null, sessionStatus: null, scalars: {} };
  for (const [field, value] of fieldsOf(data)) {
    if (field === 1) event.wallTime = value as number;
    if (field === 2) event.step = value as number;
    if (field === 3) event.fileVersion = String(value);
    if (field === 7) event.sessionStatus = new Map(fieldsOf(value as Buffer)).get(1) as number;
    if (field === 5) {
      for (const [, entry] of fieldsOf(value as Buffer)) {
        const parts = new Map(fieldsOf(entry as Buffer));
        event.scalars[String(parts.get(1))] = parts.get(2) as number;
      }
    }
  }
  return event;
}
