/** Writes files of sentencepiece, for tests of its reader. */

const encoder = new TextEncoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

/** A field with a whole number. */
export const integerField = (number: number, value: number): Uint8Array =>
  Uint8Array.from([...varint(8 * number), ...varint(value)]);

/** A field with a number of four bytes. */
export function floatField(number: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return Uint8Array.from([...varint(8 * number + 5), ...bytes]);
}

/** A field with a text, with bytes, or with the fields of a message. */
export function bytesField(number: number, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const bytes = Buffer.concat(parts.map((part) => (typeof part === 'string' ? encoder.encode(part) : part)));
  return Uint8Array.from([...varint(8 * number + 2), ...varint(bytes.length), ...bytes]);
}

export interface PieceFields {
  readonly piece: string;
  readonly score?: number;
  readonly type?: number;
}

/** A model with these pieces, and then other fields. */
export function sentencePieceFile(pieces: readonly PieceFields[], others: readonly Uint8Array[] = []): Uint8Array {
  const written = pieces.map(({ piece, score, type }) =>
    bytesField(
      1,
      bytesField(1, piece),
      score === undefined ? '' : floatField(2, score),
      type === undefined ? '' : integerField(3, type),
    ),
  );
  return new Uint8Array(Buffer.concat([...written, ...others]));
}
