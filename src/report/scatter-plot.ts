import { linearScale, round } from './axes.ts';
import { axes, type Frame, picture } from './frame.ts';
import { html, type Markup } from './markup.ts';
import { edgeText, numberText } from './number-text.ts';
import type { PartOf } from './schema.ts';

const frame: Frame = { width: 460, height: 446, left: 70, right: 446, top: 14, bottom: 400 };

/** Predicted against true numbers, with the line on which they are equal; none where no axis can hold them. */
export function scatterPlot({ points, total }: PartOf<'scatter'>): Markup | null {
  const values = points.flatMap(({ actual, predicted }) => [actual, predicted]);
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const margin = 0.04 * (high - low || Math.abs(high) || 1);
  const [from, to] = [low - margin, high + margin];
  if (!Number.isFinite(to - from) || !(to > from)) return null;
  const x = linearScale(from, to, [frame.left, frame.right]);
  const y = linearScale(from, to, [frame.bottom, frame.top]);
  const dots = points.map(
    ({ actual, predicted }) =>
      html`<circle class="dot" cx="${round(x.at(actual))}" cy="${round(y.at(predicted))}" r="3"/>`,
  );
  const some = points.length < total ? `${numberText(points.length)} of ${numberText(total)}` : numberText(total);
  return picture(
    frame.width,
    frame.height,
    `Predicted against true numbers of ${some} examples, from ${edgeText(low)} to ${edgeText(high)}`,
    axes(frame, { x, y, xTitle: 'truth', yTitle: 'prediction' }),
    html`<line class="ideal" x1="${x.at(from)}" y1="${y.at(from)}" x2="${x.at(to)}" y2="${y.at(to)}"/>`,
    dots,
  );
}
