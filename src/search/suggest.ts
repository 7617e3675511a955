import { InputError } from '../errors.ts';
import { Random } from '../random/index.ts';
import type { Point, SearchSpace } from './distribution.ts';
import { uniformPoint } from './parzen.ts';
import { gridOf } from './space.ts';
import type { StoredTrial } from './study.ts';
import type { Suggest } from './study-file.ts';
import { suggestByTpe } from './tpe.ts';
import type { Direction } from './trial.ts';

/** Ways to choose the next point: the tree-structured Parzen estimator, evenly at random, or all of them in order. */
export const searchMethods = ['tpe', 'random', 'grid'] as const;
export type SearchMethod = (typeof searchMethods)[number];

/**
 * Returns what chooses points. The point of a trial depends on the seed, its number and the trials that have ended before it.
 *
 * @throws InputError for a grid over a range without steps
 */
export function suggestBy(method: SearchMethod, space: SearchSpace, direction: Direction, seed: number): Suggest {
  const grid = method === 'grid' ? gridOf(space) : null;
  if (method === 'grid' && !grid) {
    throw new InputError('A grid needs values, or ranges with a step; --method (method) tpe takes all ranges.');
  }
  return ({ trials }, number, queued) => {
    const random = new Random(seed).fork(`trial ${number}`);
    const usable = trials.filter((trial) => isSame(trial, space));
    let point: Point | null;
    if (grid) point = grid.find((candidate) => !usable.some((trial) => isAt(trial, candidate))) ?? null;
    else if (method === 'random') point = uniformPoint(space, random);
    else point = suggestByTpe(space, usable, direction, random);
    return point && queued ? new Map([...point, ...fixedIn(queued, space)]) : point;
  };
}

const isAt = ({ point }: StoredTrial, other: Point): boolean => [...other].every(([name, x]) => point.get(name) === x);

/** Whether the parameters of a trial mean what they do in this space: categories are known by their index. */
const isSame = ({ distributions }: StoredTrial, space: SearchSpace): boolean =>
  [...space].every(([name, own]) => {
    const other = distributions.get(name);
    if (other?.kind !== 'categorical' || own.kind !== 'categorical') return other?.kind === own.kind;
    return JSON.stringify(other.choices) === JSON.stringify(own.choices);
  });

/** What Optuna's `enqueue_trial` has fixed of a queued trial, in internal form. */
function fixedIn({ systemAttributes }: StoredTrial, space: SearchSpace): [string, number][] {
  const fixed = systemAttributes.get('fixed_params');
  if (typeof fixed !== 'object' || fixed === null) return [];
  return Object.entries(fixed).flatMap(([name, value]): [string, number][] => {
    const distribution = space.get(name);
    if (!distribution) return [];
    if (distribution.kind !== 'categorical') return typeof value === 'number' ? [[name, value]] : [];
    const index = distribution.choices.indexOf(value);
    return index === -1 ? [] : [[name, index]];
  });
}
