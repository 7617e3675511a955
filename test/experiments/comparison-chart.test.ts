import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { comparisonChart, svgOf } from '../../src/experiments/index.ts';

const test = suite('experiments: runs side by side');

test('a chart has a bar and a number for each value of each run', async () => {
  const svg = await svgOf(
    comparisonChart(
      [
        { title: 'dense', weights: 595_200, bytes: 2_400_000, accuracy: 0.858 },
        { title: 'sparse', weights: 359_270, bytes: 1_540_000, accuracy: 0.852 },
      ],
      'two runs',
    ),
  );
  for (const text of ['two runs', 'dense', 'sparse', '595,200', '359,270', '2.40', '1.54', '0.858', '0.852']) {
    assert.ok(svg.includes(`>${text}<`), text);
  }
  const widths = [
    ...svg.matchAll(/aria-label="[^"]*" role="graphics-symbol" aria-roledescription="bar" d="M0,[\d.]+h([\d.]+)/g),
  ];
  assert.equal(widths.length, 6);
  const [dense, sparse] = widths.map(([, width]) => Number(width));
  assert.ok(Math.abs(sparse / dense - 359_270 / 595_200) < 0.01);
});

test.run();
