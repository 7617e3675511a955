import { deflateSync } from 'node:zlib';

type Attributes = Readonly<Record<string, string>>;
/** [a b c d e f] of x' = a x + c y + e, y' = b x + d y + f. */
type Matrix = readonly [number, number, number, number, number, number];

/**
 * A PDF of one page (ISO 32000-1) of a drawing in the small SVG that resvg makes of any other: groups with matrices, and paths of M, L,
 * Q, C and Z, texts among them. The same drawing gives the same bytes.
 *
 * @param width of the page in points, 1/72 inch; the height follows
 * @throws Error for what is no such SVG, as a gradient
 */
export function pdfOf(svg: string, width: number): Uint8Array {
  const tags = [...svg.matchAll(/<(\/?)(svg|g|path|defs|[a-zA-Z]+)\b([^>]*?)(\/?)>/g)];
  const root = attributesOf(tags.find(([, , name]) => name === 'svg')?.[3] ?? '');
  const [w, h] = [Number(root.width), Number(root.height)];
  if (!(w > 0 && h > 0)) throw new Error('The drawing has no size.');
  const scale = width / w;
  const height = scale * h;
  const states: string[] = [];
  const content: string[] = [`${numbers([scale, 0, 0, -scale, 0, height])} cm`];
  const opacities: number[] = [1];
  for (const [, end, name, text, isEmpty] of tags) {
    if (name === 'svg' || name === 'defs') continue;
    if (name === 'g' && end) {
      content.push('Q');
      opacities.pop();
      continue;
    }
    const attributes = attributesOf(text);
    const opacity = (opacities.at(-1) ?? 1) * Number(attributes.opacity ?? 1);
    if (name === 'g') {
      content.push('q');
      if (attributes['clip-path'] || attributes.mask) throw new Error('A PDF has no clips here.');
      if (attributes.transform) content.push(`${numbers(matrixOf(attributes.transform))} cm`);
      opacities.push(opacity);
      if (isEmpty) {
        content.push('Q');
        opacities.pop();
      }
    } else if (name === 'path') {
      if (attributes.visibility !== 'hidden') content.push(...pathOf(attributes, opacity, states));
    } else throw new Error(`A PDF has no <${name}> here.`);
  }
  return document(content.join('\n'), states, width, height);
}

const attributesOf = (text: string): Attributes =>
  Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));

const numbers = (values: readonly number[]): string =>
  values.map((value) => String(Number(value.toFixed(4)))).join(' ');

function matrixOf(transform: string): Matrix {
  const values = /^matrix\(([^)]*)\)$/.exec(transform)?.[1].split(/[ ,]+/).map(Number);
  if (values?.length !== 6) throw new Error(`A PDF has no transform ${transform} here.`);
  return values as unknown as Matrix;
}

/** `#rrggbb` as three numbers from 0 to 1; null for none. */
function colorOf(paint: string | undefined): string | null {
  if (paint === undefined || paint === 'none') return null;
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(paint);
  if (!digits) throw new Error(`A PDF has no paint ${paint} here.`);
  return numbers(digits.slice(1).map((pair) => Number.parseInt(pair, 16) / 255));
}

/** The operators of a path, in a graphics state of its own. */
function pathOf(attributes: Attributes, opacity: number, states: string[]): string[] {
  // In SVG a fill is black unless it says otherwise.
  const [fill, stroke] = [colorOf(attributes.fill ?? '#000000'), colorOf(attributes.stroke)];
  if (fill === null && stroke === null) return [];
  const alpha = (name: string) => opacity * Number(attributes[name] ?? 1);
  const state = `/ca ${numbers([alpha('fill-opacity')])} /CA ${numbers([alpha('stroke-opacity')])}`;
  if (!states.includes(state)) states.push(state);
  const evenOdd = attributes['fill-rule'] === 'evenodd' ? '*' : '';
  const paint = fill === null ? 'S' : stroke === null ? `f${evenOdd}` : `B${evenOdd}`;
  const dashes = attributes['stroke-dasharray'];
  const caps = { butt: 0, round: 1, square: 2 }[attributes['stroke-linecap'] ?? 'butt'] ?? 0;
  const joins = { miter: 0, round: 1, bevel: 2 }[attributes['stroke-linejoin'] ?? 'miter'] ?? 0;
  return [
    'q',
    ...(attributes.transform ? [`${numbers(matrixOf(attributes.transform))} cm`] : []),
    `/G${states.indexOf(state)} gs`,
    ...(fill === null ? [] : [`${fill} rg`]),
    ...(stroke === null
      ? []
      : [`${stroke} RG`, `${numbers([Number(attributes['stroke-width'] ?? 1)])} w ${caps} J ${joins} j`]),
    ...(dashes && dashes !== 'none' ? [`[${numbers(dashes.split(/[ ,]+/).map(Number))}] 0 d`] : []),
    ...segments(attributes.d ?? ''),
    paint,
    'Q',
  ];
}

function segments(data: string): string[] {
  const operators: string[] = [];
  let [x, y] = [0, 0];
  for (const [, command, rest] of data.matchAll(/([A-Za-z])([^A-Za-z]*)/g)) {
    const values = rest.trim() === '' ? [] : rest.trim().split(/[ ,]+/).map(Number);
    const size = { M: 2, L: 2, Q: 4, C: 6, Z: 0 }[command];
    if (size === undefined || values.length !== size) throw new Error(`A PDF has no ${command} of a path here.`);
    if (command === 'M') operators.push(`${numbers(values)} m`);
    else if (command === 'L') operators.push(`${numbers(values)} l`);
    else if (command === 'C') operators.push(`${numbers(values)} c`);
    else if (command === 'Z') operators.push('h');
    else {
      // A quadratic curve is a cubic one whose inner points lie two thirds of the way to its own.
      const [cx, cy, toX, toY] = values;
      const inner = [
        x + (2 / 3) * (cx - x),
        y + (2 / 3) * (cy - y),
        toX + (2 / 3) * (cx - toX),
        toY + (2 / 3) * (cy - toY),
      ];
      operators.push(`${numbers([...inner, toX, toY])} c`);
    }
    if (values.length > 0) [x, y] = values.slice(-2);
  }
  return operators;
}

/** The objects of a file with one page, and where each of them begins. */
function document(content: string, states: readonly string[], width: number, height: number): Uint8Array {
  const stream = deflateSync(Buffer.from(content, 'latin1'), { level: 9 });
  const graphics = states.map((state, i) => `/G${i} << ${state} >>`).join(' ');
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 ${numbers([width, height])}] /Contents 4 0 R /Resources << /ExtGState << ${graphics} >> >> >>`,
    `<< /Length ${stream.length} /Filter /FlateDecode >>\nstream\n`,
  ];
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  const sizeOf = () => parts.reduce((sum, { length }) => sum + length, 0);
  for (const [i, object] of objects.entries()) {
    offsets.push(sizeOf());
    parts.push(Buffer.from(`${i + 1} 0 obj\n${object}`));
    if (i === objects.length - 1) parts.push(stream, Buffer.from('\nendstream'));
    parts.push(Buffer.from('\nendobj\n'));
  }
  const start = sizeOf();
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const count = objects.length + 1;
  parts.push(
    Buffer.from(
      `xref\n0 ${count}\n0000000000 65535 f \n${entries}trailer\n<< /Size ${count} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}
