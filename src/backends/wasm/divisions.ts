import type { Kernels } from './kernels.ts';

/** How the range [start, end) of a kernel may be divided. */
export interface Division {
  /** Arguments behind the range: 1 for the address of scratch. */
  readonly behind: 0 | 1;
  /** Numbers of the range that stay together: whole cache lines, or the rows of a tile. */
  readonly unit: number;
  /** Work per number of the range, in elementwise operations, from the kernel's arguments. */
  readonly weight: (args: readonly number[]) => number;
  /** Whether small pieces would cost more than large ones. */
  readonly onlyEqualParts?: true;
  /** Whether a range must not be computed twice: the kernel adds to what is there, or its result may lie in place of an operand. */
  readonly once?: true;
}

const elementwise: Division = { behind: 0, unit: 1024, weight: () => 1 };
const rows = (width: number): Division => ({ behind: 0, unit: 1, weight: (args) => args[width] });
const columns = (height: number): Division => ({ behind: 0, unit: 16, weight: (args) => args[height] });

/** Blocks of 1024 numbers. */
const blocks: Division = { behind: 0, unit: 1, weight: () => 1024 };

/** The kernels worth dividing; the arguments counted here are those of {@link Kernels}. */
export const divisions: { readonly [Name in keyof Kernels]?: Division } = {
  ...Object.fromEntries(
    (
      [
        ...([
          'neg',
          'exp',
          'log',
          'tanh',
          'sigmoid',
          'relu',
          'sqrt',
          'rsqrt',
          'abs',
          'sign',
          'erf',
          'heaviside',
        ] as const),
        ...(['add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum', 'equal', 'less', 'select'] as const),
        ...(['gelu', 'geluTanh', 'silu'] as const),
        ...(['geluDoubleBackward', 'geluTanhDoubleBackward', 'siluDoubleBackward'] as const),
        ...(['fill', 'uniform', 'copy', 'widenF16', 'widenBf16', 'narrowF64'] as const),
      ] satisfies (keyof Kernels)[]
    ).map((name) => [name, elementwise]),
  ),
  // The adapters' kernels call these in place.
  ...Object.fromEntries(
    (['dropout', 'geluBackward', 'geluTanhBackward', 'siluBackward'] satisfies (keyof Kernels)[]).map((name) => [
      name,
      { ...elementwise, once: true },
    ]),
  ),
  transpose: { behind: 0, unit: 1, weight: (args) => 16 * args[4] },
  gather: rows(3),
  gatherF16: rows(3),
  scatterAdd: { ...columns(4), once: true },
  sumRows: rows(2),
  maxRows: rows(2),
  sumColumns: columns(2),
  maxColumns: columns(2),
  softmax: rows(2),
  logSoftmax: rows(2),
  softmaxBackward: rows(3),
  logSoftmaxBackward: rows(3),
  crossEntropy: rows(4),
  crossEntropyBackward: rows(5),
  crossEntropyDoubleBackward: rows(7),
  layerNorm: rows(6),
  layerNormBackward: rows(6),
  layerNormDoubleBackward: rows(8),
  layerNormBackwardParameters: columns(6),
  adam: { ...blocks, once: true },
  squares: blocks,
  // A multiplication and an addition take an eighth of what moving a number does.
  gemmColumns: { behind: 1, unit: 48, weight: (args) => (args[8] * args[10]) / 8 },
  // Each piece of rows packs all of b.
  gemmRows: { behind: 1, unit: 6, weight: (args) => (args[9] * args[10]) / 8, onlyEqualParts: true },
  gemmBatch: { behind: 1, unit: 1, weight: (args) => (args[5] * args[6] * args[7]) / 8 },
  gemmSkinny: { behind: 0, unit: 4, weight: (args) => (args[8] * args[9]) / 8 },
  gemmSkinnyF16: { behind: 1, unit: 4, weight: (args) => (args[8] * args[9]) / 8 },
  attention: { behind: 1, unit: 1, weight: (args) => args[6] * args[7] },
  attentionBackward: { behind: 1, unit: 1, weight: (args) => args[10] * args[11] },
  attentionDoubleBackward: { behind: 1, unit: 1, weight: (args) => args[13] * args[14] },
};

/** The order in which jobs count them. */
export const dividedKernels = Object.keys(divisions) as (keyof Kernels)[];
