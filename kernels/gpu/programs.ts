import type { ArgumentType } from '../../src/backends/gpu/programs.ts';
import { attentionColumns, attentionRows, attentionScores } from './attention.ts';
import { binary, binaryWalk, dropout, select, unary } from './elementwise.ts';
import { concatRows, fill, padRows, upload, walk } from './layout.ts';
import {
  layerNorm,
  layerNormBackward,
  logSoftmax,
  logSoftmaxBackward,
  rowDeviation,
  rowDot,
  rowExpSum,
  rowMean,
  rowMeanGradient,
  rowMeanProduct,
  softmax,
  softmaxBackward,
  timesNormal,
} from './normalization.ts';
import { adamMean, adamSquare, adamWeight, squares } from './optimizer.ts';
import { blockProduct, linear, matmul, pack, unpack, unpackLinear } from './products.ts';
import { maxRows, sumRows } from './reduce.ts';
import { gather, scatterAdd } from './rows.ts';

const many =
  <Type extends ArgumentType>(type: Type) =>
  (count: number): Type[] =>
    new Array<Type>(count).fill(type);
const [textures, ints, floats] = [many('texture'), many('int'), many('float')];

interface KernelFunction {
  /** A function of whatever arguments; it is never called. */
  readonly main: (this: never, ...values: never[]) => number | number[];
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
  pack: { main: pack, types: ['texture', ...ints(4)] },
  blockProduct: { main: blockProduct, types: ['blocks', 'blocks', ...ints(3)] },
  unpack: { main: unpack, types: ['blocks', ...ints(2)] },
  unpackLinear: { main: unpackLinear, types: ['blocks', 'texture', 'int'] },
  gather: { main: gather, types: ['texture', 'array', 'int'] },
  scatterAdd: { main: scatterAdd, types: ['texture', 'array', 'array', 'int'] },
  rowExpSum: { main: rowExpSum, types: [...textures(2), 'int'] },
  softmax: { main: softmax, types: [...textures(3), 'int'] },
  logSoftmax: { main: logSoftmax, types: [...textures(3), 'int'] },
  rowDot: { main: rowDot, types: [...textures(2), 'int'] },
  softmaxBackward: { main: softmaxBackward, types: [...textures(3), 'int'] },
  logSoftmaxBackward: { main: logSoftmaxBackward, types: [...textures(3), 'int'] },
  rowMean: { main: rowMean, types: ['texture', 'int'] },
  rowDeviation: { main: rowDeviation, types: [...textures(2), 'int', 'float'] },
  layerNorm: { main: layerNorm, types: [...textures(5), 'int'] },
  rowMeanGradient: { main: rowMeanGradient, types: [...textures(2), 'int'] },
  rowMeanProduct: { main: rowMeanProduct, types: [...textures(5), 'int'] },
  layerNormBackward: { main: layerNormBackward, types: [...textures(7), 'int'] },
  timesNormal: { main: timesNormal, types: [...textures(4), 'int'] },
  attentionScores: { main: attentionScores, types: [...textures(2), 'array', 'array', ...ints(3), 'float'] },
  attentionRows: { main: attentionRows, types: [...textures(2), 'array', 'array', ...ints(3), 'float'] },
  attentionColumns: { main: attentionColumns, types: [...textures(2), 'array', 'array', 'array', ...ints(3), 'float'] },
  adamMean: { main: adamMean, types: [...textures(4), ...floats(2)] },
  adamSquare: { main: adamSquare, types: [...textures(4), ...floats(2)] },
  adamWeight: { main: adamWeight, types: [...textures(3), ...floats(4)] },
  squares: { main: squares, types: ['texture', 'int'] },
} as const satisfies Record<string, KernelFunction>;
