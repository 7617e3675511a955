import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { crc32, deflateSync } from 'node:zlib';
import type { TopLevelSpec } from 'vega-lite';
import { optionalPackages, rethrow } from '../io/index.ts';
import type { Specification } from './charts.ts';
import { fontFamily } from './charts.ts';

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

/** A picture as PNG, twice as large in pixels as on paper. */
export async function pngOf(svg: string): Promise<Uint8Array> {
  renderer ??= loadRenderer();
  const { Resvg } = await renderer;
  const font = readFileSync((await pictureFiles()).font);
  const options = {
    fitTo: { mode: 'zoom', value: 2 },
    font: { fontBuffers: [font], defaultFontFamily: fontFamily },
  } as const;
  const drawing = new Resvg(svg, options);
  const image = drawing.render();
  try {
    return image.asPng();
  } finally {
    image.free();
    drawing.free();
  }
}

/**
 * A PNG with one bit per pixel.
 *
 * @param bits 1 is white, row by row
 */
export function bitmapPng(bits: ArrayLike<number>, width: number, height: number): Uint8Array {
  const stride = Math.ceil(width / 8) + 1; // each line begins with its filter, 0: none
  const lines = new Uint8Array(stride * height);
  for (let i = 0; i < width * height; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    if (bits[i]) lines[y * stride + 1 + (x >> 3)] |= 0x80 >> (x & 7);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1; // bits per pixel; colour type 0 is grey
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
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
