/** @throws RangeError if predictions and labels cannot be paired, and if there are none */
export function assertPairs(predictions: ArrayLike<number>, labels: ArrayLike<number>): void {
  if (predictions.length !== labels.length) {
    throw new RangeError(`${predictions.length} predictions cannot be compared with ${labels.length} labels`);
  }
  if (labels.length === 0) throw new RangeError('there are no predictions to compare with labels');
}
