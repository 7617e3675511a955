import { dotProducts } from './dots.ts';
import { elementwise } from './elementwise.ts';
import { int8MicroKernels } from './int8-tile.ts';
import { reduce } from './reduce.ts';
import { sparseTiles } from './sparse-tile.ts';
import { microKernels } from './tile.ts';

/** The files of the assembly that are written at build time: kernels that differ from one another in a number or an instruction. */
export const generated: Readonly<Record<string, string>> = {
  'dots.ts': dotProducts,
  'elementwise.ts': elementwise,
  'int8-micro-kernels.ts': int8MicroKernels,
  'micro-kernels.ts': microKernels,
  'reduce.ts': reduce,
  'sparse-tiles.ts': sparseTiles,
};
