import { attentions } from './cases/attention.ts';
import type { Operations } from './cases/case.ts';
import { elementwise } from './cases/elementwise.ts';
import { layout } from './cases/layout.ts';
import { losses } from './cases/losses.ts';
import { normalizations } from './cases/normalizations.ts';
import { products } from './cases/products.ts';
import { reductions } from './cases/reductions.ts';
import { rows } from './cases/rows.ts';
import { sparse } from './cases/sparse.ts';
import { onGpu } from './gpu.ts';

/** How to try every operation that there is: the one table that the properties in test/ops and test/autograd go through. */
export const operations: Operations = {
  ...elementwise,
  ...reductions,
  ...layout,
  ...rows,
  ...products,
  ...normalizations,
  ...attentions,
  ...losses,
  // The card has none.
  ...(onGpu ? {} : sparse),
};
