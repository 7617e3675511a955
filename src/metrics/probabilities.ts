/** Numbers of all classes, [examples][classes]. */
export type ClassValues = readonly ArrayLike<number>[];

/** log softmax of one row: x - max - log Σ e^(x - max). */
export function logSoftmaxRow(logits: ArrayLike<number>): Float64Array {
  const row = Float64Array.from(logits);
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
  return row.map((x) => x - largest - logSum);
}

/** @throws RangeError unless each row has one number for each of as many classes, and each label is one of the classes */
export function assertClassValues(rows: ClassValues, labels: ArrayLike<number>): void {
  if (rows.length !== labels.length) {
    throw new RangeError(`${rows.length} predictions cannot be compared with ${labels.length} labels`);
  }
  if (rows.length === 0) throw new RangeError('there are no predictions to compare with labels');
  const classes = rows[0].length;
  for (const [i, row] of rows.entries()) {
    if (row.length !== classes)
      throw new RangeError(`prediction ${i} has ${row.length} classes, the first one ${classes}`);
    const strange = Array.from(row).findIndex(Number.isNaN);
    if (strange >= 0) throw new RangeError(`prediction ${i} is not a number for class ${strange}`);
    if (!(Number.isInteger(labels[i]) && labels[i] >= 0 && labels[i] < classes)) {
      throw new RangeError(`labels[${i}] is ${String(labels[i])}, which is not one of the ${classes} classes`);
    }
  }
}
