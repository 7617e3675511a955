import type { ArgumentType } from '../../src/backends/gpu/programs.ts';
import { binary, binaryWalk, dropout, select, unary } from './elementwise.ts';
import { concatRows, fill, padRows, upload, walk } from './layout.ts';
import { linear, matmul } from './products.ts';
import { maxRows, sumRows } from './reduce.ts';
import { gather, scatterAdd } from './rows.ts';

const ints = (count: number): 'int'[] => new Array<'int'>(count).fill('int');

interface KernelFunction {
  // biome-ignore lint/suspicious/noExplicitAny: functions of any arguments; they are never called.
  readonly main: (this: any, ...values: any[]) => number;
  readonly types: readonly ArgumentType[];
}

/** The kernel functions with the types of their arguments. */
export const programs = {
  upload: { main: upload, types: ['array'] },
  fill: { main: fill, types: ['float'] },
  walk: { main: walk, types: ['texture', ...ints(1 + 11)] },
  padRows: { main: padRows, types: ['texture', ...ints(4)] },
  concatRows: { main: concatRows, types: ['texture', 'texture', ...ints(3)] },
  unary: { main: unary, types: ['texture'] },
  binary: { main: binary, types: ['texture', 'texture'] },
  binaryWalk: { main: binaryWalk, types: ['texture', 'texture', ...ints(5 + 12)] },
  select: { main: select, types: ['texture', 'texture', 'texture', ...ints(5 + 18)] },
  dropout: { main: dropout, types: ['texture', 'texture', 'float', 'float'] },
  sumRows: { main: sumRows, types: ['texture', ...ints(3)] },
  maxRows: { main: maxRows, types: ['texture', ...ints(3)] },
  matmul: { main: matmul, types: ['texture', 'texture', ...ints(7)] },
  linear: { main: linear, types: ['texture', 'texture', 'texture', ...ints(2)] },
  gather: { main: gather, types: ['texture', 'array', 'int'] },
  scatterAdd: { main: scatterAdd, types: ['texture', 'array', 'array', 'int'] },
} as const satisfies Record<string, KernelFunction>;
