import type { Random } from '../random/index.ts';

/** Places of examples in the list of labels, in rising order. */
export interface StratifiedSplit {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

/**
 * Draws ceil(fraction · n) of n examples as a test part, of each class its share rounded down or up: those with the largest remainders
 * give one more, among equal ones by chance (`StratifiedShuffleSplit` of scikit-learn).
 *
 * @param labels the class of each example
 * @param fraction of the examples, between 0 and 1
 * @throws RangeError for another fraction, and where one of the parts would be empty
 */
export function stratifiedSplit(labels: ArrayLike<number>, fraction: number, random: Random): StratifiedSplit {
  const n = labels.length;
  if (!(fraction > 0 && fraction < 1)) {
    throw new RangeError(`stratifiedSplit: fraction must lie between 0 and 1, not be ${String(fraction)}.`);
  }
  const size = Math.ceil(fraction * n);
  if (size === 0 || size >= n) {
    throw new RangeError(
      `stratifiedSplit: ${n} examples cannot be split into two parts of which one has ${fraction} of them.`,
    );
  }
  const classes = placesByClass(labels);
  const shares = classes.map((places) => ({
    places,
    whole: Math.floor((places.length * size) / n),
    remainder: (places.length * size) % n,
  }));
  const left = shares.reduce((sum, { whole }) => sum - whole, size);
  const onceMore = new Set(
    random
      .shuffle(shares)
      .sort((a, b) => b.remainder - a.remainder)
      .slice(0, left),
  );
  const test = shares.flatMap((share) => random.sample(share.places, share.whole + (onceMore.has(share) ? 1 : 0)));
  const isTest = new Set(test);
  const train = Array.from({ length: n }, (_, i) => i).filter((i) => !isTest.has(i));
  return { train, test: inOrder(test) };
}

/**
 * Deals the examples to folds, so that each is in exactly one. Of each class a fold has its share rounded down or up, and the sizes of folds
 * differ by one at most.
 *
 * @param labels the class of each example
 * @returns of each fold the places of its examples, in rising order
 * @throws RangeError unless `folds` is a whole number from 2 and there are as many examples at least
 */
export function stratifiedFolds(labels: ArrayLike<number>, folds: number, random: Random): number[][] {
  if (!Number.isSafeInteger(folds) || folds < 2 || folds > labels.length) {
    const range = `a whole number from 2 to the number of examples, ${labels.length}`;
    throw new RangeError(`stratifiedFolds: folds must be ${range}, not ${String(folds)}.`);
  }
  const dealt: number[][] = Array.from({ length: folds }, () => []);
  const places = placesByClass(labels).flatMap((ofClass) => random.shuffle(ofClass));
  // Each class goes on where the one before has stopped, so the first folds are no larger than others.
  for (const [i, place] of places.entries()) dealt[i % folds].push(place);
  return random.shuffle(dealt).map(inOrder);
}

const inOrder = (places: readonly number[]): number[] => [...places].sort((a, b) => a - b);

function placesByClass(labels: ArrayLike<number>): number[][] {
  const places = new Map<number, number[]>();
  for (let i = 0; i < labels.length; i++) {
    const known = places.get(labels[i]);
    if (known) known.push(i);
    else places.set(labels[i], [i]);
  }
  return [...places].sort(([a], [b]) => a - b).map(([, list]) => list);
}
