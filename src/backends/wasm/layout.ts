import type { Walk } from '../walk.ts';

/** The words of a layout for up to three operands, as the kernels read it (kernels/wasm/assembly/layout.ts). */
export function layoutWords({ shape, strides }: Walk): number[] {
  // Rows are walked by steps of 0 or 1; where an operand has larger ones, every number is a row of its own.
  const inRows = strides.every((own) => own[shape.length - 1] <= 1);
  const outer = shape.length - (inRows ? 1 : 0);
  const of = (axis: number) => [0, 1, 2].map((operand) => strides[operand]?.[axis] ?? 0);
  const words = inRows ? [outer, shape[outer], ...of(outer)] : [outer, 1, 1, 1, 1];
  for (let axis = 0; axis < outer; axis++) words.push(shape[axis], ...of(axis));
  return words;
}
