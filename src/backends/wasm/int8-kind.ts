import { fusesMultiplyAdd, kernelModule } from './module.ts';

/** Instructions of 8-bit products, in the order in which the kernels count them. No result depends on them. */
export const int8Kinds = ['pairs', 'fours', 'widened'] as const;
export type Int8Kind = (typeof int8Kinds)[number];

/** The kinds that the kernels of this engine have: two of them need relaxed SIMD. */
export function int8KindsHere(): readonly Int8Kind[] {
  kernelModule();
  return fusesMultiplyAdd() ? int8Kinds : ['widened'];
}
