/** Up to so many numbers, lists of JavaScript are made faster than typed arrays; longer ones would take twice the memory. */
const SHORT = 512;

/** Whole numbers, as many as there may be. */
export type Column = Int32Array | number[];

/** Returns a column to be filled from its start on. */
export const columnOf = (length: number): Column =>
  length <= SHORT ? new Array<number>(length) : new Int32Array(length);

/** Returns a longer column with the first numbers of another. */
export function lengthened(column: Column, length: number): Column {
  const longer = columnOf(length);
  for (let i = 0; i < column.length; i++) longer[i] = column[i];
  return longer;
}

const decoder = new TextDecoder('utf-16le', { ignoreBOM: true });
/** Room for a short text, which takes longer to make than to use; null while somebody has it. */
let spare: Uint16Array | null = null;

/** Returns room for the code units of a text. */
export function roomForUnits(length: number): Uint16Array {
  const room = length <= SHORT ? spare : null;
  if (room === null) return new Uint16Array(Math.max(length, SHORT));
  spare = null;
  return room;
}

/** Returns the text of the first code units in a room, which must not be used any more. */
export function textOfUnits(room: Uint16Array, length: number): string {
  if (room.length === SHORT) spare = room;
  return decoder.decode(room.subarray(0, length));
}
