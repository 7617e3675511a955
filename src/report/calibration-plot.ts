import { linearScale, round } from './axes.ts';
import { axes, type Frame, picture } from './frame.ts';
import { html, type Markup } from './markup.ts';
import { numberText, percentText, scoreText } from './number-text.ts';
import type { PartOf } from './schema.ts';

const frame: Frame = { width: 460, height: 330, left: 58, right: 446, top: 14, bottom: 284 };

/** The accuracy of each bin of confidence as a bar, and where it would be if confidence were right. */
export function calibrationPlot({ ece, bins }: PartOf<'calibration'>): Markup {
  const x = linearScale(0, 1, [frame.left, frame.right]);
  const y = linearScale(0, 1, [frame.bottom, frame.top]);
  const all = bins.reduce((sum, { count }) => sum + count, 0);
  const filled = bins.filter(({ count }) => count > 0);
  const bars = filled.map((bin) => {
    const [from, to] = [x.at(bin.from) + 1, x.at(bin.to) - 1];
    const told = `confidence ${bin.from.toFixed(3)} to ${bin.to.toFixed(3)}: accuracy ${scoreText(bin.accuracy)}, mean confidence ${scoreText(bin.confidence)}, ${numberText(bin.count)} examples`;
    // The more examples a bin has, the stronger its colour.
    const opacity = round(10 * (0.25 + 0.75 * Math.sqrt(bin.count / all))) / 10;
    const top = y.at(bin.accuracy);
    return html`<g><title>${told}</title><rect class="bar" fill-opacity="${opacity}" x="${round(from)}" y="${top}" width="${round(to - from)}" height="${round(frame.bottom - top)}"/><line class="mean" x1="${round(from)}" x2="${round(to)}" y1="${y.at(bin.confidence)}" y2="${y.at(bin.confidence)}"/></g>`;
  });
  const gaps = filled.map(({ accuracy, confidence }) => accuracy - confidence);
  const [low, high] = [gaps.filter((gap) => gap < 0).length, gaps.filter((gap) => gap > 0).length];
  const description = `Accuracy by confidence: expected calibration error ${percentText(ece)}; in ${low} of ${filled.length} bins accuracy is below confidence, in ${high} above`;
  return picture(
    frame.width,
    frame.height,
    description,
    axes(frame, { x, y, xTitle: 'confidence: the probability of the predicted class', yTitle: 'accuracy' }),
    bars,
    html`<line class="ideal" x1="${x.at(0)}" y1="${y.at(0)}" x2="${x.at(1)}" y2="${y.at(1)}"/>`,
  );
}
