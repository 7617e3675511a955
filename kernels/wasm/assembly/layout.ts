// How a strided array is walked: the host writes the layout, several threads may read it.
//
// Int32 words: [outer axes, inner length, inner step of operand 0, 1, 2], then for each outer axis
// [length, stride of operand 0, 1, 2]. Steps and strides are in floats; a step is 0 (repeated) or 1.

const HEADER = 5;
const AXIS = 4;

@inline
export function innerLength(layout: usize): i32 {
  return load<i32>(layout, 4);
}

@inline
export function step(layout: usize, operand: i32): i32 {
  return load<i32>(layout + (<usize>operand << 2), 8);
}

/** Where outer position `row` begins in an operand, in floats. */
export function offsetOf(layout: usize, operand: i32, row: i32): i32 {
  let offset = 0;
  for (let axis = load<i32>(layout) - 1; axis >= 0; axis--) {
    const entry = layout + (<usize>(HEADER + axis * AXIS) << 2);
    const length = load<i32>(entry);
    const above = axis == 0 ? 0 : row / length;
    offset += (row - above * length) * load<i32>(entry + (<usize>operand << 2), 4);
    row = above;
  }
  return offset;
}
