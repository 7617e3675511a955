import { type Distribution, type Point, type SearchSpace, valuesOf } from './distribution.ts';
import { kernelRange, ParzenEstimator } from './parzen.ts';
import { compareScores, type Direction, type Trial } from './trial.ts';

/** Complete trials below which nothing is said. */
const FEWEST = 4;
/** The fraction of trials that count as good ones. */
const GOOD = 0.25;
/** Places at which a range is looked at. */
const PLACES = 50;

/** Internal values spread evenly over a distribution, in ln x where it is logarithmic. */
function placesOf(distribution: Distribution): number[] {
  const values = valuesOf(distribution);
  if (values && values.length <= PLACES) return values;
  if (distribution.kind === 'categorical') return [];
  const [low, high] = kernelRange({ ...distribution, step: null });
  return Array.from({ length: PLACES }, (_, i) => {
    const x = low + ((i + 0.5) / PLACES) * (high - low);
    return distribution.log ? Math.exp(x) : x;
  });
}

/** The divergence Σ q (p/q - 1)² of the good trials' density p of one parameter from that of all trials, q. */
function divergence(name: string, distribution: Distribution, good: readonly Point[], all: readonly Point[]): number {
  // Steps are passed over, so that many narrow ones are as one range.
  const own = distribution.kind === 'categorical' ? distribution : { ...distribution, step: null };
  const space = new Map([[name, own]]);
  const [p, q] = [good, all].map((points) => {
    const estimator = new ParzenEstimator(space, points);
    const masses = placesOf(distribution).map((x) => Math.exp(estimator.logDensity(new Map([[name, x]]))));
    const total = masses.reduce((sum, mass) => sum + mass, 0);
    return masses.map((mass) => mass / total);
  });
  return q.reduce((sum, mass, i) => sum + mass * (p[i] / mass - 1) ** 2, 0);
}

/**
 * Returns how much each parameter decides whether a trial is among the best quarter, as fractions of 1: how far the values of good
 * trials differ from those of all (PED-ANOVA, Watanabe et al., 2023). Null with fewer than four complete trials.
 */
export function importances(
  space: SearchSpace,
  trials: readonly Trial[],
  direction: Direction,
): ReadonlyMap<string, number> | null {
  const complete = trials
    .filter(({ state, point }) => state === 'complete' && [...space.keys()].every((name) => point.has(name)))
    .sort((a, b) => compareScores(direction, a.value ?? Number.NaN, b.value ?? Number.NaN));
  if (complete.length < FEWEST) return null;
  const all = complete.map(({ point }) => point);
  const good = all.slice(0, Math.ceil(GOOD * all.length));
  const found = [...space].map(([name, distribution]) => [name, divergence(name, distribution, good, all)] as const);
  const total = found.reduce((sum, [, x]) => sum + x, 0);
  return new Map(found.map(([name, x]) => [name, total > 0 ? x / total : 1 / found.length]));
}
