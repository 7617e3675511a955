import fc from 'fast-check';
import { suite } from 'uvu';
import { grad, noGrad, type Tensor, tensor } from '../../src/index.ts';
import { mul } from '../../src/ops/arithmetic.ts';
import type { RowRange } from '../../src/ops/attention.ts';
import { sliceRows } from '../../src/ops/layout.ts';
import { sum } from '../../src/ops/reduce.ts';
import { rowBlocks } from '../../src/ops/row-blocks.ts';
import { assertNear } from '../support/near.ts';
import { useBackend } from '../support/on-backend.ts';
import { forAll } from '../support/property.ts';

const test = suite('ops: blocks of rows');
useBackend(test, 'reference', { dtype: 'float64' });

const ROWS = 7;
const row = fc.integer({ min: 0, max: ROWS });
const range = fc.tuple(row, row).map(([a, b]): RowRange => [Math.min(a, b), Math.max(a, b)]);
const numbers = Array.from({ length: 2 * ROWS }, (_, i) => Math.sin(i + 1));

/** The blocks, the gradient of the sum of their cubes by order, and the gradient of the sum of that one's squares. */
function derivatives(blocksOf: (x: Tensor) => readonly Tensor[]) {
  const x = tensor(numbers, [ROWS, 2], { requiresGrad: true });
  const blocks = blocksOf(x);
  const loss = blocks
    .map((block, i) => mul(sum(mul(block, mul(block, block))), i + 1))
    .reduce((total, part) => total.add(part));
  const first = grad(loss, x, { createGraph: true });
  const second = grad(sum(mul(first, first)), x);
  return [...blocks, first, second].map((t) => ({ shape: t.shape, values: [...t.dataSync()] }));
}

test('their numbers and derivatives are those of slices', () => {
  forAll(fc.array(range, { minLength: 1, maxLength: 5 }), (ranges) => {
    const slices = (x: Tensor) => ranges.map(([start, end]) => sliceRows(x, start, end));
    assertNear(
      derivatives((x) => rowBlocks(x, ranges)),
      derivatives(slices),
    );
    const constant = tensor(numbers, [ROWS, 2]);
    const values = (blocks: readonly Tensor[]) => blocks.map((block) => [...block.dataSync()]);
    assertNear(values(noGrad(() => rowBlocks(constant, ranges))), values(slices(constant)));
  });
});

test.run();
