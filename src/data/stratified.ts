import type { Random } from '../random/index.ts';

/** Places of examples in the list of labels, in rising order. */
export interface StratifiedSplit {
  readonly train: readonly number[];
  readonly test: readonly number[];
}

export interface StratifyOptions {
  /** The group of each example: those of one group stay in one part. Left out: each example is a group of its own. */
  readonly groups?: ArrayLike<number>;
}

/**
 * Draws ceil(fraction · n) of n examples as a test part, of each class its share rounded down or up: those with the largest remainders
 * give one more, among equal ones by chance (`StratifiedShuffleSplit` of scikit-learn). With groups a class, to which a group belongs with
 * all its examples, gives as many of them in random order as fit into its share, so the test part may be smaller, down to empty.
 *
 * @param labels the class of each example; that of a group is the class of most of its examples
 * @param fraction of the examples, between 0 and 1
 * @throws RangeError for another fraction, and where one of the parts would be empty without groups
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  fraction: number,
  random: Random,
  { groups }: StratifyOptions = {},
): StratifiedSplit {
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
  const shares = unitsByClass(labels, groups).map((units) => {
    const count = sizeOf(units);
    return { units, whole: Math.floor((count * size) / n), remainder: (count * size) % n };
  });
  const left = shares.reduce((sum, { whole }) => sum - whole, size);
  const onceMore = new Set(
    random
      .shuffle(shares)
      .sort((a, b) => b.remainder - a.remainder)
      .slice(0, left),
  );
  const test = shares.flatMap((share) => drawn(share.units, share.whole + (onceMore.has(share) ? 1 : 0), random));
  const isTest = new Set(test);
  const train = Array.from({ length: n }, (_, i) => i).filter((i) => !isTest.has(i));
  return { train, test: inOrder(test) };
}

/**
 * Deals the examples to folds, so that each is in exactly one. Of each class a fold has its share rounded down or up, and the sizes of folds
 * differ by one at most. With groups, of which the largest are dealt first, both may be off by the size of the largest.
 *
 * @param labels the class of each example; that of a group is the class of most of its examples
 * @returns of each fold the places of its examples, in rising order
 * @throws RangeError unless `folds` is a whole number from 2 and there are as many groups at least
 */
export function stratifiedFolds(
  labels: ArrayLike<number>,
  folds: number,
  random: Random,
  { groups }: StratifyOptions = {},
): number[][] {
  const classes = unitsByClass(labels, groups);
  const units = classes.reduce((sum, { length }) => sum + length, 0);
  if (!Number.isSafeInteger(folds) || folds < 2 || folds > units) {
    const range = `a whole number from 2 to the number of ${groups ? 'different ' : ''}examples, ${units}`;
    throw new RangeError(`stratifiedFolds: folds must be ${range}, not ${String(folds)}.`);
  }
  const dealt = random.shuffle(Array.from({ length: folds }, (): number[] => []));
  for (const ofClass of classes) {
    const counts = new Map(dealt.map((fold) => [fold, 0]));
    const load = (fold: number[]) => counts.get(fold) ?? 0;
    for (const unit of random.shuffle(ofClass).sort((a, b) => b.length - a.length)) {
      // Of those with the fewest of the class the smallest, so the first folds are no larger than others.
      const fold = dealt.reduce((a, b) => ((load(b) - load(a) || b.length - a.length) < 0 ? b : a));
      fold.push(...unit);
      counts.set(fold, load(fold) + unit.length);
    }
  }
  return dealt.map(inOrder);
}

const inOrder = (places: readonly number[]): number[] => [...places].sort((a, b) => a - b);

/** Places that stay together. */
type Unit = readonly number[];

const sizeOf = (units: readonly Unit[]): number => units.reduce((sum, { length }) => sum + length, 0);

/** Places of as many units in random order as fit. */
function drawn(units: readonly Unit[], size: number, random: Random): number[] {
  const places: number[] = [];
  for (const unit of random.shuffle(units)) if (places.length + unit.length <= size) places.push(...unit);
  return places;
}

/** The units of each class, the classes in rising order. */
function unitsByClass(labels: ArrayLike<number>, groups: ArrayLike<number> | undefined): Unit[][] {
  const all = Array.from({ length: labels.length }, (_, i) => i);
  const units = groups ? listsBy(all, (place) => groups[place]) : all.map((place) => [place]);
  return listsBy(units, (unit) => classOf(unit, labels));
}

/** The class of most examples, of several the lowest. */
function classOf(unit: Unit, labels: ArrayLike<number>): number {
  if (unit.length === 1) return labels[unit[0]];
  const [first, ...others] = listsBy(unit, (place) => labels[place]);
  return labels[others.reduce((most, list) => (list.length > most.length ? list : most), first)[0]];
}

/** Items by a number that each has, in rising order of the numbers. */
function listsBy<Item>(items: readonly Item[], numberOf: (item: Item) => number): Item[][] {
  const lists = new Map<number, Item[]>();
  for (const item of items) {
    const number = numberOf(item);
    const known = lists.get(number);
    if (known) known.push(item);
    else lists.set(number, [item]);
  }
  return [...lists].sort(([a], [b]) => a - b).map(([, list]) => list);
}
