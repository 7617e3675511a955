/**
 * The weight of each class that occurs, examples / (classes that occur · examples of the class): `compute_class_weight('balanced')` of
 * scikit-learn. The weights of all examples sum to their number. A class that does not occur has none.
 *
 * @param labels the class of each example
 */
export function balancedClassWeights(labels: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < labels.length; i++) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  const inOrder = [...counts].sort(([a], [b]) => a - b);
  return new Map(inOrder.map(([label, count]) => [label, labels.length / (counts.size * count)]));
}
