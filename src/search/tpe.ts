import type { Random } from '../random/index.ts';
import type { Point, SearchSpace } from './distribution.ts';
import { ParzenEstimator, uniformPoint } from './parzen.ts';
import { compareScores, type Direction, lastReport, type Trial } from './trial.ts';

/** Trials that are drawn evenly before there is anything to learn from. */
export const STARTUP_TRIALS = 10;
/** Points of which the most promising one is taken. */
const CANDIDATES = 24;
/** Most trials that count as good ones. */
const MOST_GOOD = 25;

/** Of n finished trials so many are the good ones: a tenth, at most 25. */
export const goodCount = (n: number): number => Math.min(Math.ceil(n / 10), MOST_GOOD);

const isFinished = ({ state }: Trial): boolean => state === 'complete' || state === 'pruned';

/** The finished trials, the best one first: complete ones by score, then pruned ones, those that came further first. */
function ranked(trials: readonly Trial[], direction: Direction): Trial[] {
  const complete = trials.filter(({ state }) => state === 'complete');
  const pruned = trials.filter(({ state }) => state === 'pruned');
  complete.sort((a, b) => compareScores(direction, a.value ?? Number.NaN, b.value ?? Number.NaN));
  pruned.sort((a, b) => {
    const [first, second] = [a, b].map(
      (trial) => lastReport(trial) ?? ([Number.NEGATIVE_INFINITY, Number.NaN] as const),
    );
    return second[0] - first[0] || compareScores(direction, first[1], second[1]);
  });
  return [...complete, ...pruned];
}

/**
 * Splits trials into `count` good ones and the rest, each in the order of their numbers. Trials that run are among the rest: what is
 * being tried is not worth a second try. Failed ones are left out.
 */
export function splitTrials(
  trials: readonly Trial[],
  direction: Direction,
  count: number,
): { readonly good: Trial[]; readonly rest: Trial[] } {
  const order = ranked(trials, direction);
  const running = trials.filter(({ state }) => state === 'running');
  const byNumber = (some: Trial[]) => some.sort((a, b) => a.number - b.number);
  return { good: byNumber(order.slice(0, count)), rest: byNumber([...order.slice(count), ...running]) };
}

/**
 * Chooses the next point by the tree-structured Parzen estimator (Bergstra et al., 2011) as Optuna 5 does by default: with l the density
 * of good trials and g that of the rest, of 24 points drawn from l the one with the highest l/g. The first 10 are drawn evenly.
 */
export function suggestByTpe(
  space: SearchSpace,
  trials: readonly Trial[],
  direction: Direction,
  random: Random,
): Point {
  const usable = trials.filter(({ point }) => [...space.keys()].every((name) => point.has(name)));
  const finished = usable.filter(isFinished).length;
  if (finished < STARTUP_TRIALS) return uniformPoint(space, random);
  const { good, rest } = splitTrials(usable, direction, goodCount(finished));
  const [l, g] = [good, rest].map(
    (some) =>
      new ParzenEstimator(
        space,
        some.map(({ point }) => point),
      ),
  );
  const candidates = Array.from({ length: CANDIDATES }, () => l.sample(random));
  return bestCandidate(candidates, l, g);
}

/** The first point with the highest ln l - ln g. */
export function bestCandidate(candidates: readonly Point[], l: ParzenEstimator, g: ParzenEstimator): Point {
  const gains = candidates.map((point) => l.logDensity(point) - g.logDensity(point));
  return candidates[gains.indexOf(Math.max(...gains))];
}
