import { fitted, round, textWidth } from './axes.ts';
import { picture } from './frame.ts';
import { html, type Markup } from './markup.ts';
import { numberText, percentText } from './number-text.ts';
import type { PartOf } from './schema.ts';
import { confusionsOf } from './shown-tables.ts';

/** Cells of so many classes show their count and have a line of their own. */
const MOST_COUNTED = 30;
/** So many classes have their names beside the rows. */
const MOST_NAMED = 60;
const LEVELS = 10;
const FONT = 12;
const NAME_WIDTH = 150;

/** Whether the plot has the names of the classes. */
export const hasNames = ({ names }: PartOf<'confusion'>): boolean => names.length <= MOST_NAMED;

/** A confusion matrix: rows are true classes, columns predictions; the darker a cell, the larger its share of the row. */
export function confusionPlot(part: PartOf<'confusion'>): Markup {
  const { names, matrix } = part;
  const count = names.length;
  const cell = count <= 12 ? 44 : count <= MOST_COUNTED ? 26 : count <= MOST_NAMED ? 14 : Math.max(2, 800 / count);
  const font = Math.min(FONT, cell - 4);
  const isNamed = hasNames(part);
  const shown = names.map((name) => fitted(name.replace(/\s+/g, ' '), font, NAME_WIDTH));
  const widest = isNamed ? Math.max(0, ...shown.map((name) => textWidth(name, font))) : 0;
  const isFlat = isNamed && widest <= cell - 4;
  const left = widest + 34;
  // Names above columns lean unless they fit, and stand upright where columns are narrow.
  const angle = isFlat ? 0 : cell < 20 ? 90 : 50;
  const top = (isFlat ? FONT : widest * Math.sin((angle * Math.PI) / 180)) + 34;
  const side = cell * count;
  const lean = angle === 50 ? widest * 0.65 : 0;
  const supports = matrix.map((row) => row.reduce((sum, value) => sum + value, 0));
  const cells = matrix.flatMap((row, i) =>
    row.flatMap((value, j) => (value === 0 ? [] : [{ i, j, value, share: value / supports[i] }])),
  );
  const drawn = count <= MOST_COUNTED ? cells.map((one) => countedCell(one, cell, names)) : plainCells(cells, cell);
  const rowNames = shown.map(
    (name, i) =>
      html`<text class="tick" x="-7" y="${round((i + 0.5) * cell + font * 0.35)}" text-anchor="end">${name}</text>`,
  );
  const columnNames = shown.map((name, j) => {
    const x = round((j + 0.5) * cell);
    if (isFlat) return html`<text class="tick" x="${x}" y="-8" text-anchor="middle">${name}</text>`;
    const place = angle === 90 ? round(x + font * 0.35) : x;
    return html`<text class="tick" x="${place}" y="-8" transform="rotate(-${angle} ${place} -8)">${name}</text>`;
  });
  const middle = round(side / 2);
  const [worst] = confusionsOf(part);
  const right = cells.filter(({ i, j }) => i === j).reduce((sum, { value }) => sum + value, 0);
  const all = supports.reduce((sum, value) => sum + value, 0);
  const worstText = worst
    ? `; most often ${worst.actual} is taken for ${worst.predicted}, ${numberText(worst.count)} times`
    : '';
  const description = `Confusion matrix of ${count} classes: ${numberText(right)} of ${numberText(all)} examples are right${worstText}`;
  return picture(
    left + side + Math.max(lean, 12),
    top + side + 12,
    description,
    html`<text class="name" x="${round(left + middle)}" y="16" text-anchor="middle">predicted</text>`,
    html`<text class="name" x="14" y="${round(top + middle)}" text-anchor="middle" transform="rotate(-90 14 ${round(top + middle)})">true class</text>`,
    html`<g transform="translate(${round(left)} ${round(top)})" font-size="${font}"><rect class="empty" width="${round(side)}" height="${round(side)}"/>${drawn}${isNamed ? [rowNames, columnNames] : null}</g>`,
  );
}

interface Cell {
  readonly i: number;
  readonly j: number;
  readonly value: number;
  readonly share: number;
}

const levelOf = ({ share }: Cell): number => Math.max(1, Math.ceil(share * LEVELS));
const kindOf = ({ i, j }: Cell): string => (i === j ? 'right' : 'wrong');

function countedCell(one: Cell, size: number, names: readonly string[]): Markup {
  const { i, j, value, share } = one;
  const told = `${names[i]}, predicted as ${names[j]}: ${numberText(value)} (${percentText(share)})`;
  const text = String(value);
  const font = Math.min(FONT, (size - 4) / (0.6 * text.length));
  return html`<g><title>${told}</title><rect class="${kindOf(one)} l${levelOf(one)}" x="${j * size + 0.5}" y="${i * size + 0.5}" width="${size - 1}" height="${size - 1}"/><text class="count t${levelOf(one)}" font-size="${round(font)}" x="${(j + 0.5) * size}" y="${round((i + 0.5) * size + font * 0.35)}" text-anchor="middle">${text}</text></g>`;
}

/** One path for all cells of a colour: there may be a million. */
function plainCells(cells: readonly Cell[], size: number): Markup[] {
  const looks = new Map<string, string[]>();
  const side = round(size);
  for (const one of cells) {
    const look = `${kindOf(one)} l${levelOf(one)}`;
    const path = looks.get(look) ?? [];
    looks.set(look, path);
    path.push(`M${round(one.j * size)} ${round(one.i * size)}h${side}v${side}h-${side}z`);
  }
  return [...looks].sort().map(([look, path]) => html`<path class="${look}" d="${path.join('')}"/>`);
}
