/** @throws RangeError if predictions and labels cannot be paired. */
export function assertSameLength(predictions: ArrayLike<number>, labels: ArrayLike<number>): void {
  if (predictions.length !== labels.length) {
    throw new RangeError(`${predictions.length} predictions cannot be compared with ${labels.length} labels`);
  }
}
