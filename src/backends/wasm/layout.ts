import type { Walk } from '../walk.ts';

/** The words of a layout for up to three operands, as the kernels read it (kernels/wasm/assembly/layout.ts). */
export function layoutWords({ shape, strides }: Walk): number[] {
  // Rows are walked by steps of 0 or 1; where an operand has larger ones, every number is a row of its own.
  const last = shape.length - 1;
  let inRows = true;
  for (const own of strides) if (own[last] > 1) inRows = false;
  const outer = inRows ? last : shape.length;
  const words = inRows ? [outer, shape[last]] : [outer, 1, 1, 1, 1];
  if (inRows) pushStrides(words, strides, last);
  for (let axis = 0; axis < outer; axis++) {
    words.push(shape[axis]);
    pushStrides(words, strides, axis);
  }
  return words;
}

/** Adds the strides of three operands; a missing one stays where it is. */
function pushStrides(words: number[], strides: Walk['strides'], axis: number): void {
  for (let operand = 0; operand < 3; operand++) words.push(operand < strides.length ? strides[operand][axis] : 0);
}
