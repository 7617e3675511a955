import { round, type Scale, ticksOf } from './axes.ts';
import { type Content, html, type Markup } from './markup.ts';

/** Where a plot draws, in pixels of its picture. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A picture in a page, with what it shows in words for those who do not see it. */
export const picture = (width: number, height: number, description: string, ...contents: Content[]): Markup =>
  html`<svg viewBox="0 0 ${round(width)} ${round(height)}" width="${round(width)}" height="${round(height)}" role="img" aria-label="${description}">${contents}</svg>`;

const TICKS = 5;

export interface Axes {
  readonly x: Scale;
  readonly y: Scale;
  readonly xTitle: string;
  readonly yTitle: string;
}

/** Both axes with their grid, ticks and titles. */
export function axes({ left, right, top, bottom }: Frame, { x, y, xTitle, yTitle }: Axes): Markup {
  const across = ticksOf(y, TICKS).map(
    ({ value, label }) =>
      html`<line class="grid" x1="${left}" x2="${right}" y1="${y.at(value)}" y2="${y.at(value)}"/><text class="tick" x="${left - 7}" y="${y.at(value) + 4}" text-anchor="end">${label}</text>`,
  );
  const down = ticksOf(x, TICKS).map(
    ({ value, label }) =>
      html`<line class="grid" x1="${x.at(value)}" x2="${x.at(value)}" y1="${top}" y2="${bottom}"/><text class="tick" x="${x.at(value)}" y="${bottom + 17}" text-anchor="middle">${label}</text>`,
  );
  const middle = round((top + bottom) / 2);
  return html`${across}${down}<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/><text class="name" x="${round((left + right) / 2)}" y="${bottom + 36}" text-anchor="middle">${xTitle}</text><text class="name" x="14" y="${middle}" text-anchor="middle" transform="rotate(-90 14 ${middle})">${yTitle}</text>`;
}
