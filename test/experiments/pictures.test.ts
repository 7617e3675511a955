import assert from 'node:assert/strict';
import { inflateSync } from 'node:zlib';
import { suite } from 'uvu';
import { layouts } from '../../src/experiments/charts.ts';
import { pdfOf } from '../../src/experiments/pdf.ts';
import { pdfOfPicture, pngOf } from '../../src/experiments/pictures.ts';

const test = suite('experiments: pictures');

const drawing = `<svg width="200" height="100" viewBox="0 0 200 100" xmlns="http://www.w3.org/2000/svg">
  <g transform="matrix(1 0 0 1 10 20)" opacity="0.5">
    <path fill="#ff0000" stroke="none" d="M 0 0 L 10 0 Q 20 0 20 10 Z"/>
    <path fill="none" stroke="#000000" stroke-width="2" stroke-dasharray="4 3" d="M 0 0 C 1 2 3 4 5 6"/>
    <path fill="#00ff00" visibility="hidden" d="M 0 0 L 1 1"/>
  </g>
</svg>`;

/** The drawing operators of a file, and its objects where the table of places says that they are. */
function read(pdf: Uint8Array) {
  const text = Buffer.from(pdf).toString('latin1');
  const places = [...text.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, place]) => Number(place));
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1]);
  const begin = text.indexOf('stream\n') + 'stream\n'.length;
  const length = Number(/\/Length (\d+)/.exec(text)?.[1]);
  return { text, places, start, content: inflateSync(pdf.subarray(begin, begin + length)).toString('latin1') };
}

test('a drawing becomes a PDF of its width, whose objects are where its table says', () => {
  const { text, places, start, content } = read(pdfOf(drawing, 100));
  assert.match(text, /^%PDF-1\.4\n/);
  assert.match(text, /\/MediaBox \[0 0 100 50\]/);
  assert.equal(places.length, 4);
  for (const [i, place] of places.entries()) assert.ok(text.startsWith(`${i + 1} 0 obj\n`, place));
  assert.ok(text.startsWith('xref\n', start));
  assert.match(content, /^0\.5 0 0 -0\.5 0 50 cm\nq\n1 0 0 1 10 20 cm\n/);
  // The curve's inner points lie at (16.6667, 0) and (20, 3.3333).
  assert.match(content, /1 0 0 rg\n0 0 m\n10 0 l\n16\.6667 0 20 3\.3333 20 10 c\nh\nf\nQ/);
  assert.match(content, /0 0 0 RG\n2 w 0 J 0 j\n\[4 3\] 0 d\n0 0 m\n1 2 3 4 5 6 c\nS\nQ/);
  assert.match(text, /\/G0 << \/ca 0\.5 \/CA 0\.5 >>/);
  assert.ok(!content.includes('0 1 0 rg'));
  assert.equal(content.split('\n').filter((line) => line === 'q').length, 3);
  assert.equal(content.split('\n').filter((line) => line === 'Q').length, 3);
});

test('what it cannot draw is an error and not left out', () => {
  const of = (part: string) => () => pdfOf(`<svg width="9" height="9">${part}</svg>`, 9);
  assert.throws(of('<path fill="url(#gradient)" d="M 0 0 L 1 1"/>'), /no paint url\(#gradient\)/);
  assert.throws(of('<path fill="#000000" d="M 0 0 A 1 1 0 0 1 2 2"/>'), /no A of a path/);
  assert.throws(of('<g clip-path="url(#c)"><path d="M 0 0 L 1 1"/></g>'), /no clips/);
  assert.throws(of('<text>a</text>'), /no <text>/);
  assert.throws(() => pdfOf('<svg></svg>', 9), /no size/);
});

test('texts are drawn as outlines, and pictures for print have 300 pixels an inch', async () => {
  const svg =
    '<svg width="100" height="20" xmlns="http://www.w3.org/2000/svg"><text x="5" y="15" font-family="Arimo" font-size="12">Adapter</text></svg>';
  const { points } = layouts.column;
  const { content, text } = read(await pdfOfPicture(svg, points));
  assert.match(text, /\/MediaBox \[0 0 240 48\]/);
  assert.ok((content.match(/ c$/gm) ?? []).length > 20);
  const png = Buffer.from(await pngOf(svg, points));
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1000, 200]);
  assert.equal(png.toString('latin1', 37, 41), 'pHYs');
  assert.deepEqual([png.readUInt32BE(41), png.readUInt32BE(45), png[49]], [11811, 11811, 1]);
});

test.run();
