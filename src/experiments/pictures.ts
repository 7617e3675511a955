import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { crc32, deflateSync } from 'node:zlib';
import type { TopLevelSpec } from 'vega-lite';
import { optionalPackages, rethrow } from '../io/index.ts';
import type { Specification } from './charts.ts';
import { fontFamily } from './charts.ts';
import { pdfOf } from './pdf.ts';

const require = createRequire(import.meta.url);

const packages = ['vega', 'vega-lite', '@resvg/resvg-wasm', '@expo-google-fonts/arimo'];
const forPictures = <Loaded>(load: () => Loaded | Promise<Loaded>) =>
  optionalPackages('Drawing charts', packages, load);

const chartLibrary = () =>
  forPictures(() => Promise.all([import('vega').catch(rethrow), import('vega-lite').catch(rethrow)]));
const pictureLibrary = () => forPictures(() => import('@resvg/resvg-wasm').catch(rethrow));
const pictureFiles = () =>
  forPictures(() => ({
    wasm: require.resolve('@resvg/resvg-wasm/index_bg.wasm'),
    font: require.resolve('@expo-google-fonts/arimo/400Regular/Arimo_400Regular.ttf'),
  }));

/** Makes sure that charts can be drawn, before hours of work that end with them. @throws InputError naming what to install */
export async function checkPictures(): Promise<void> {
  await Promise.all([chartLibrary(), pictureLibrary(), pictureFiles()]);
}

/** A chart as SVG. The chart library is loaded with the first one. */
export async function svgOf(spec: Specification): Promise<string> {
  const [vega, { compile }] = await chartLibrary();
  const problems: string[] = [];
  // Left alone, the library writes errors to the console and draws the rest.
  const logger = vega.logger(vega.Error, undefined, (_, level, messages) =>
    problems.push([level, ...messages].join(' ')),
  );
  const view = new vega.View(vega.parse(compile(spec as unknown as TopLevelSpec).spec), { renderer: 'none', logger });
  try {
    const svg = await view.toSVG();
    if (problems.length > 0) throw new Error(`A chart cannot be drawn: ${problems.join('; ')}`);
    return svg;
  } finally {
    view.finalize();
  }
}

let renderer: Promise<typeof import('@resvg/resvg-wasm')> | null = null;

async function loadRenderer() {
  const resvg = await pictureLibrary();
  await resvg.initWasm(readFileSync((await pictureFiles()).wasm));
  return resvg;
}

async function drawingOf(svg: string, pixels?: number) {
  renderer ??= loadRenderer();
  const { Resvg } = await renderer;
  const font = readFileSync((await pictureFiles()).font);
  return new Resvg(svg, {
    fitTo: pixels === undefined ? { mode: 'original' } : { mode: 'width', value: pixels },
    font: { fontBuffers: [font], defaultFontFamily: fontFamily },
  });
}

/** The resolution of PNGs for print. */
const DPI = 300;

/** A picture as PNG with 300 pixels an inch. @param points its width on paper, 1/72 inch each */
export async function pngOf(svg: string, points: number): Promise<Uint8Array> {
  const drawing = await drawingOf(svg, Math.round((points * DPI) / 72));
  const image = drawing.render();
  try {
    return withResolution(image.asPng());
  } finally {
    image.free();
    drawing.free();
  }
}

/** A picture as PDF, texts as outlines. @param points its width on paper, 1/72 inch each */
export async function pdfOfPicture(svg: string, points: number): Promise<Uint8Array> {
  const drawing = await drawingOf(svg);
  try {
    return pdfOf(drawing.toString(), points);
  } finally {
    drawing.free();
  }
}

/** The same PNG, which says how many pixels a metre has. */
function withResolution(png: Uint8Array): Uint8Array {
  const perMetre = Math.round(DPI / 0.0254);
  const data = Buffer.alloc(9);
  data.writeUInt32BE(perMetre);
  data.writeUInt32BE(perMetre, 4);
  data[8] = 1; // the unit is the metre
  // After the signature and the header, which is 13 bytes and 12 around them.
  const place = 8 + 25;
  return Buffer.concat([png.subarray(0, place), chunk('pHYs', data), png.subarray(place)]);
}

/**
 * A PNG with one bit per pixel.
 *
 * @param bits 1 is white, row by row
 */
export const bitmapPng = (bits: ArrayLike<number>, width: number, height: number): Uint8Array =>
  packedPng(bits, width, height, { depth: 1, kind: 0 });

/**
 * A PNG of up to four colours.
 *
 * @param places of the colours, row by row
 * @param colors as `#rrggbb`
 */
export function indexedPng(
  places: ArrayLike<number>,
  width: number,
  height: number,
  colors: readonly string[],
): Uint8Array {
  const palette = Buffer.from(colors.map((color) => color.slice(1)).join(''), 'hex');
  return packedPng(places, width, height, { depth: 2, kind: 3, palette });
}

interface PixelFormat {
  readonly depth: 1 | 2;
  /** 0 is grey, 3 is a palette. */
  readonly kind: 0 | 3;
  readonly palette?: Uint8Array;
}

function packedPng(
  values: ArrayLike<number>,
  width: number,
  height: number,
  { depth, kind, palette }: PixelFormat,
): Uint8Array {
  const perByte = 8 / depth;
  const stride = Math.ceil(width / perByte) + 1; // each line begins with its filter, 0: none
  const lines = new Uint8Array(stride * height);
  for (let i = 0; i < width * height; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    lines[y * stride + 1 + Math.floor(x / perByte)] |= values[i] << (8 - depth * ((x % perByte) + 1));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = depth;
  header[9] = kind;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    ...(palette ? [chunk('PLTE', palette)] : []),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** `length | type | data | CRC-32 of type and data`, big-endian. */
function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}
