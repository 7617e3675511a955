import { join } from 'node:path';
import { unpackBits } from '../adapters/index.ts';
import { openSafetensors } from '../io/index.ts';
import { WEIGHTS } from '../training/index.ts';
import { bitmapPng } from './pictures.ts';

/** The mask of a matrix. */
export interface Mask {
  readonly name: string;
  /** [rows, columns] of the matrix as it is stored; it is drawn with its longer side from left to right. */
  readonly shape: readonly number[];
  readonly kept: number;
  readonly total: number;
  /** 1 where a weight is kept, in the order in which it is drawn: [height, width]. */
  readonly bits: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** A mask with a picture of it: a pixel per weight, white where it is kept. */
export interface MaskPicture extends Mask {
  readonly png: Uint8Array;
}

/** The masks of a finished run as pictures. @throws InputError if its file cannot be read */
export const masksOf = (folder: string): MaskPicture[] =>
  masksIn(folder).map((mask) => ({ ...mask, png: bitmapPng(mask.bits, mask.width, mask.height) }));

/** The masks of a finished run, matrix by matrix. @throws InputError if its file cannot be read */
export function masksIn(folder: string): Mask[] {
  const file = openSafetensors(join(folder, WEIGHTS));
  try {
    const masked = file.names().filter((name) => name.endsWith('.mask'));
    return masked.map((stored) => {
      const name = stored.slice(0, -'.mask'.length);
      const shape: number[] = JSON.parse(file.metadata[name]);
      const [rows, columns] = [shape.slice(0, -1).reduce((a, b) => a * b, 1), shape[shape.length - 1]];
      const bits = unpackBits(file.readRaw(stored), rows * columns);
      const lies = columns >= rows;
      const [width, height] = lies ? [columns, rows] : [rows, columns];
      const drawn = lies ? bits : Uint8Array.from(bits, (_, i) => bits[(i % rows) * columns + Math.floor(i / rows)]);
      const kept = bits.reduce((sum, bit) => sum + bit, 0);
      return { name, shape, kept, total: bits.length, bits: drawn, width, height };
    });
  } finally {
    file.close();
  }
}
