import type { Random } from '../random/index.ts';
import type { StratifiedSplit, StratifyOptions } from './stratified.ts';

/**
 * Draws about ceil(fraction · n) of n examples of any number of labels each as a test part, of each label about its share: iterative
 * stratification (Sechidis, Tsoumakas and Vlahavas, "On the stratification of multi-label data", 2011), then examples change sides until
 * the size fits, those that move the shares least. No label is left without an example to train on. With groups, of which the largest are
 * dealt first, the size may be off by the size of the smallest, and the test part may be empty.
 *
 * @param sets the labels of each example; none may be in one twice
 * @param fraction of the examples, between 0 and 1
 * @throws RangeError for another fraction, and where none would be left to train on
 */
export function stratifiedSetSplit(
  sets: readonly (readonly number[])[],
  fraction: number,
  random: Random,
  options: StratifyOptions = {},
): StratifiedSplit {
  if (!(fraction > 0 && fraction < 1)) {
    throw new RangeError(`stratifiedSetSplit: fraction must lie between 0 and 1, not be ${String(fraction)}.`);
  }
  const size = Math.ceil(fraction * sets.length);
  if (size >= sets.length) {
    throw new RangeError(`stratifiedSetSplit: ${sets.length} examples cannot be split by ${fraction}.`);
  }
  const parts = [sets.length - size, size].map((share, i) => newPart(share / sets.length, i === 1));
  deal(unitsOf(sets, options), parts, random);
  const [train, test] = parts.map(placesIn);
  return { train, test };
}

/**
 * Deals the examples of any number of labels each to folds, so that each is in exactly one, of each label a fold has about its share, and
 * the sizes of folds differ by one at most, with groups by the size of the largest; see {@link stratifiedSetSplit}. A label of several
 * groups is in two folds at least wherever each example has fewer labels than there are folds.
 *
 * @param sets the labels of each example; none may be in one twice
 * @returns of each fold the places of its examples, in rising order
 * @throws RangeError unless `folds` is a whole number from 2 and there are as many groups at least
 */
export function stratifiedSetFolds(
  sets: readonly (readonly number[])[],
  folds: number,
  random: Random,
  options: StratifyOptions = {},
): number[][] {
  const units = unitsOf(sets, options);
  if (!Number.isSafeInteger(folds) || folds < 2 || folds > units.length) {
    const range = `a whole number from 2 to the number of ${options.groups ? 'different ' : ''}examples, ${units.length}`;
    throw new RangeError(`stratifiedSetFolds: folds must be ${range}, not ${String(folds)}.`);
  }
  const parts = Array.from({ length: folds }, () => newPart(1 / folds, true));
  deal(units, random.shuffle(parts), random);
  return parts.map(placesIn);
}

/** Examples that stay together, and how many of them have each label. */
interface Unit {
  readonly places: number[];
  readonly counts: Map<number, number>;
}

interface Part {
  readonly share: number;
  /** Whether a label that is nowhere else is missing when the others are trained on. */
  readonly isHeld: boolean;
  readonly units: Set<Unit>;
  size: number;
  /** How many examples of a label it has. */
  readonly counts: Map<number, number>;
  /** How many units with a label it has. */
  readonly owners: Map<number, number>;
}

const newPart = (share: number, isHeld: boolean): Part => ({
  share,
  isHeld,
  units: new Set(),
  size: 0,
  counts: new Map(),
  owners: new Map(),
});

const placesIn = ({ units }: Part): number[] => [...units].flatMap(({ places }) => places).sort((a, b) => a - b);

const add = (counts: Map<number, number>, label: number, count: number): void => {
  counts.set(label, (counts.get(label) ?? 0) + count);
};

function unitsOf(sets: readonly (readonly number[])[], { groups }: StratifyOptions): Unit[] {
  const units = new Map<number, Unit>();
  for (const [place, labels] of sets.entries()) {
    const group = groups ? groups[place] : place;
    const unit = units.get(group) ?? { places: [], counts: new Map<number, number>() };
    units.set(group, unit);
    unit.places.push(place);
    for (const label of labels) add(unit.counts, label, 1);
  }
  return [...units.values()];
}

/** The number of units with each label, and of examples. */
interface Totals {
  readonly owners: ReadonlyMap<number, number>;
  readonly counts: ReadonlyMap<number, number>;
  readonly size: number;
}

function put(unit: Unit, part: Part, sign: 1 | -1): void {
  if (sign > 0) part.units.add(unit);
  else part.units.delete(unit);
  part.size += sign * unit.places.length;
  for (const [label, count] of unit.counts) {
    add(part.counts, label, sign * count);
    add(part.owners, label, sign);
  }
}

/** Gives each unit to a part. */
function deal(given: readonly Unit[], parts: readonly Part[], random: Random): void {
  const units = random.shuffle(given).sort((a, b) => b.places.length - a.places.length);
  const withLabel = new Map<number, Unit[]>();
  const counts = new Map<number, number>();
  for (const unit of units) {
    for (const [label, count] of unit.counts) {
      const known = withLabel.get(label);
      if (known) known.push(unit);
      else withLabel.set(label, [unit]);
      add(counts, label, count);
    }
  }
  const owners = new Map([...withLabel].map(([label, list]) => [label, list.length]));
  const totals = { owners, counts, size: units.reduce((sum, { places }) => sum + places.length, 0) };
  const left = new Set(units);
  const remaining = new Map(counts);
  const give = (unit: Unit, label: number | null) => {
    put(unit, bestPart(unit, label, parts, totals), 1);
    left.delete(unit);
    for (const [other, count] of unit.counts) add(remaining, other, -count);
  };
  for (let label = rarest(remaining); label !== null; label = rarest(remaining)) {
    for (const unit of withLabel.get(label) ?? []) if (left.has(unit)) give(unit, label);
  }
  for (const unit of left) give(unit, null);
  while (moved(parts, totals));
}

/** The label of the fewest examples that are left; of several the lowest. */
function rarest(remaining: ReadonlyMap<number, number>): number | null {
  let best: number | null = null;
  let fewest = Number.POSITIVE_INFINITY;
  for (const [label, count] of remaining) {
    if (count > 0 && (count < fewest || (count === fewest && best !== null && label < best))) {
      best = label;
      fewest = count;
    }
  }
  return best;
}

/** The examples a part has beyond its share of those with a label, or of all. */
const surplus = (part: Part, label: number | null, totals: Totals): number =>
  label === null
    ? part.size - part.share * totals.size
    : (part.counts.get(label) ?? 0) - part.share * (totals.counts.get(label) ?? 0);

/** How many labels of a unit would be in a part alone, with so many units besides those it has. */
function alone(unit: Unit, part: Part, more: 0 | 1, { owners }: Totals): number {
  if (!part.isHeld) return 0;
  let count = 0;
  for (const label of unit.counts.keys()) if ((part.owners.get(label) ?? 0) + more === owners.get(label)) count++;
  return count;
}

/** Where the fewest labels would be alone, then what lacks most of the label, then what lacks most. */
function bestPart(unit: Unit, label: number | null, parts: readonly Part[], totals: Totals): Part {
  const order = (part: Part) => [
    alone(unit, part, 1, totals),
    surplus(part, label, totals),
    surplus(part, null, totals),
  ];
  const ranked = parts.map((part) => ({ part, keys: order(part) }));
  // Shares are fractions: what differs by rounding alone is equal.
  const compare = (a: readonly number[], b: readonly number[]) =>
    a.map((key, i) => key - b[i]).find((difference) => Math.abs(difference) > 1e-9) ?? 0;
  return ranked.reduce((best, other) => (compare(other.keys, best.keys) < 0 ? other : best)).part;
}

/** Moves one unit from the part with the most beyond its share to that with the least, if sizes are nearer to shares then. */
function moved(parts: readonly Part[], totals: Totals): boolean {
  const sizes = parts.map((part) => surplus(part, null, totals));
  const [most, least] = [sizes.indexOf(Math.max(...sizes)), sizes.indexOf(Math.min(...sizes))];
  const [from, to] = [parts[most], parts[least]];
  let best: Unit | null = null;
  let lowest = Number.POSITIVE_INFINITY;
  for (const unit of from.units) {
    if (unit.places.length > sizes[most] - sizes[least] - 1e-6) continue;
    if (alone(unit, to, 1, totals) > alone(unit, from, 0, totals)) continue;
    const cost = costOf(unit, from, to, totals);
    if (cost < lowest - 1e-9) [best, lowest] = [unit, cost];
  }
  if (!best) return false;
  put(best, from, -1);
  put(best, to, 1);
  return true;
}

/** What a move adds to the sum of the squares of what parts have beyond their shares of labels, per example that is moved. */
function costOf(unit: Unit, from: Part, to: Part, totals: Totals): number {
  let cost = 0;
  for (const [label, count] of unit.counts) {
    cost += 2 * count * (count + surplus(to, label, totals) - surplus(from, label, totals));
  }
  return cost / unit.places.length;
}
