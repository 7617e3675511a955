import { linearScale, round } from './axes.ts';
import { axes, type Frame, picture } from './frame.ts';
import { html, type Markup } from './markup.ts';
import { edgeText, numberText } from './number-text.ts';
import type { PartOf } from './schema.ts';

const frame: Frame = { width: 460, height: 300, left: 62, right: 446, top: 14, bottom: 254 };

/** A bar for each interval; none where there is no bar. */
export function histogramPlot({ title, axis, bins }: PartOf<'histogram'>): Markup | null {
  if (bins.length === 0) return null;
  const most = bins.reduce((largest, { count }) => Math.max(largest, count), 0);
  const [from, to] = [bins[0].from, bins[bins.length - 1].to];
  if (most === 0 || !Number.isFinite(to - from)) return null;
  const x = linearScale(from, to, [frame.left, frame.right]);
  const y = linearScale(0, most * 1.05, [frame.bottom, frame.top]);
  const bars = bins.flatMap((bin) => {
    if (bin.count === 0) return [];
    const [left, right, top] = [x.at(bin.from) + 0.5, x.at(bin.to) - 0.5, y.at(bin.count)];
    const told = `${edgeText(bin.from)} to ${edgeText(bin.to)}: ${numberText(bin.count)} examples`;
    return [
      html`<g><title>${told}</title><rect class="bar" x="${round(left)}" y="${top}" width="${round(Math.max(0.5, right - left))}" height="${round(frame.bottom - top)}"/></g>`,
    ];
  });
  const zero =
    from < 0 && to > 0
      ? html`<line class="ideal" x1="${x.at(0)}" x2="${x.at(0)}" y1="${frame.top}" y2="${frame.bottom}"/>`
      : null;
  const peak = bins.reduce((best, bin) => (bin.count > best.count ? bin : best));
  return picture(
    frame.width,
    frame.height,
    `${title}: ${axis} from ${edgeText(from)} to ${edgeText(to)}, most examples (${numberText(peak.count)}) from ${edgeText(peak.from)} to ${edgeText(peak.to)}`,
    axes(frame, { x, y, xTitle: axis, yTitle: 'examples' }),
    bars,
    zero,
  );
}
