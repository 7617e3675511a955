/**
 * Draws `sparse-product.svg` of the chapter on pruning: a pruned matrix, what is held of it, and one row of its product with a tile of
 * tokens.
 *
 *     node docs/pictures/sparse-product.ts > docs/pictures/sparse-product.svg
 */

/** The columns that each row keeps of eight. */
const kept: readonly (readonly number[])[] = [[1, 4], [0, 3, 6], [], [2, 5, 7], [4]];
const COLUMNS = 8;
/** The row whose product is shown. */
const SHOWN = 1;
const CELL = 26;
const WIDTH = 980;
const HEIGHT = 345;

const colours = ['#4c78a8', '#f58518', '#54a24b', '#b279a2', '#e45756'];
const INK = '#222';
const PALE = '#ececec';

interface Look {
  readonly fill?: string;
  readonly text?: string;
  readonly ink?: string;
}

const cell = (x: number, y: number, width: number, { fill = PALE, text = '', ink = INK }: Look = {}): string =>
  `<rect x="${x}" y="${y}" width="${width}" height="${CELL}" fill="${fill}" stroke="#fff"/>` +
  (text && `<text x="${x + width / 2}" y="${y + 17}" text-anchor="middle" fill="${ink}">${text}</text>`);

const label = (x: number, y: number, text: string, anchor = 'start'): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${INK}">${text}</text>`;

const title = (x: number, text: string): string =>
  `<text x="${x}" y="24" fill="${INK}" font-weight="bold">${text}</text>`;

/** The matrix: a cell for each weight, coloured where it is kept. */
function matrix(x: number, y: number): string[] {
  const numbers = Array.from({ length: COLUMNS }, (_, c) => label(x + (c + 0.5) * CELL, y - 8, String(c), 'middle'));
  const rows = kept.flatMap((columns, row) => [
    label(x - 8, y + row * CELL + 17, `row ${row}`, 'end'),
    ...Array.from({ length: COLUMNS }, (_, c) =>
      cell(
        x + c * CELL,
        y + row * CELL,
        CELL,
        columns.includes(c) ? { fill: colours[row] } : { text: '0', ink: '#aaa' },
      ),
    ),
  ]);
  return [...numbers, ...rows];
}

/** What is held: values and columns, row after row, and where each row begins. */
function held(x: number, y: number): string[] {
  const entries = kept.flatMap((columns, row) => columns.map((column) => ({ row, column })));
  const starts = kept.map((_, row) => entries.filter((entry) => entry.row < row).length);
  return [
    label(x, y - 8, 'values (32 bits each), what is trained'),
    ...entries.map(({ row }, e) => cell(x + e * CELL, y, CELL, { fill: colours[row], text: `v${e}`, ink: '#fff' })),
    label(x, y + 58, 'columns (8 bits each, counted in their block)'),
    ...entries.map(({ column }, e) => cell(x + e * CELL, y + 66, CELL, { text: String(column) })),
    label(x, y + 124, 'where each row begins'),
    ...[...starts, entries.length].map((start, row) => cell(x + row * CELL, y + 132, CELL, { text: String(start) })),
  ];
}

/** One row of the product: each kept value times the tokens of its column. */
function product(x: number, y: number): string[] {
  const tokens = 9;
  const size = 20;
  const first = kept.slice(0, SHOWN).flat().length;
  const columns = kept[SHOWN];
  const rowOf = (top: number, fill: string) =>
    Array.from({ length: tokens }, (_, t) => cell(x + t * size, top, size, { fill }));
  const tile = Array.from({ length: COLUMNS }, (_, c) => {
    const e = columns.indexOf(c);
    const top = y + c * CELL;
    const note = e < 0 ? [] : [label(x + tokens * size + 8, top + 17, `× v${first + e}`)];
    return [label(x - 8, top + 17, String(c), 'end'), ...rowOf(top, e < 0 ? PALE : '#f9c48d'), ...note];
  });
  const sum = y + COLUMNS * CELL + 30;
  return [
    label(x, y - 8, '64 tokens of each input feature, side by side'),
    ...tile.flat(),
    label(x - 8, sum + 17, 'sum', 'end'),
    ...rowOf(sum, colours[SHOWN]),
    label(x + tokens * size + 8, sum + 17, `row ${SHOWN}, in registers`),
  ];
}

const parts = [
  title(20, 'The matrix'),
  ...matrix(70, 70),
  title(330, 'What is held'),
  ...held(330, 78),
  title(640, `Its row ${SHOWN} times a tile`),
  ...product(670, 62),
];

console.log(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="Arimo, Arial, sans-serif" font-size="13">
<title>A pruned matrix, what is held of it, and one row of its product with a tile of tokens</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${parts.join('\n')}
</svg>`,
);
