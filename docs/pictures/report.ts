/**
 * Draws `report.svg` of the chapter on reports: a confusion matrix and a reliability diagram, as the page of a run has them.
 *
 *     node docs/pictures/report.ts > docs/pictures/report.svg
 */
import { calibrationPlot } from '../../src/report/calibration-plot.ts';
import { classParts } from '../../src/report/class-parts.ts';
import { confusionPlot } from '../../src/report/confusion-plot.ts';
import { plotStyle } from '../../src/report/page-style.ts';
import type { ReportPart } from '../../src/report/schema.ts';

const names = ['billing', 'delivery', 'password', 'refund'];
/** How often each true class is taken for each, as of a model that never gives the rarest one. */
const counts: readonly (readonly number[])[] = [
  [41, 3, 2, 0],
  [4, 33, 1, 0],
  [1, 0, 22, 0],
  [8, 1, 0, 0],
];

/** Sure answers are right more often, and not as often as they are sure. */
const confidence = (isRight: boolean, n: number): number =>
  isRight ? 0.995 - 0.5 * ((n % 24) / 24) ** 2 : 0.53 + 0.44 * (((n * 5) % 8) / 8);

const answers = counts.flatMap((row, label) =>
  row.flatMap((count, predicted) => Array.from({ length: count }, (_, n) => ({ label, predicted, n }))),
);
const { parts } = classParts({
  names,
  labels: answers.map(({ label }) => label),
  predictions: answers.map(({ predicted }) => predicted),
  probabilities: answers.map(({ label, predicted, n }) => {
    const sure = confidence(label === predicted, n);
    return names.map((_, c) => (c === predicted ? sure : (1 - sure) / (names.length - 1)));
  }),
  textsOf: () => [],
});

const drawn = parts.flatMap((part: ReportPart) => {
  if (part.kind === 'confusion') return [{ source: confusionPlot(part).source, y: 40 }];
  return part.kind === 'calibration' ? [{ source: calibrationPlot(part).source, y: 0 }] : [];
});
const [WIDTH, HEIGHT, SECOND] = [800, 340, 330];
const placed = drawn.map(({ source, y }, i) => source.replace('<svg ', `<svg x="${i * SECOND + 4}" y="${y}" `));

console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="Arial, sans-serif" font-size="12">
<title>A confusion matrix of four classes, the last of which is never predicted, beside a reliability diagram</title>
<style>${plotStyle}
.paper { fill: var(--paper); }</style>
<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>
${placed.join('\n')}
</svg>`);
