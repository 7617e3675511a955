import { InputError } from '../errors.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { boolean, finiteNumber, listOf, names, option } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type AdapterModule, defineFamily, type ResidualModule } from './family.ts';

/** Changes a value by the modules that adapters have at a point; undefined for those that have none. */
type Join<Value, Site> = (modules: readonly (AdapterModule<Value, Site> | undefined)[]) => AdapterModule<Value, Site>;

/** Each changes the result of the one before. */
const inTurn = <Value, Site>(
  modules: readonly (AdapterModule<Value, Site> | undefined)[],
): AdapterModule<Value, Site> => ({
  forward: (value, site) => modules.reduce((result, module) => module?.forward(result, site) ?? result, value),
});

/** The sum of all results with factors; `rest` is that of the value itself. */
const inSum =
  <Site>(factors: readonly number[], rest: number): Join<Tensor, Site> =>
  (modules) => ({
    forward: (value, site) => {
      const parts = modules.map((module, i) => mul(module?.forward(value, site) ?? value, factors[i]));
      return (rest === 0 ? parts : [...parts, mul(value, rest)]).reduce((sum, part) => add(sum, part));
    },
  });

/** What several adapters have at points of one kind, joined at each. */
function joined<Point, Value, Site>(
  places: readonly (ReadonlyMap<Point, AdapterModule<Value, Site>> | undefined)[],
  join: Join<Value, Site>,
): Map<Point, AdapterModule<Value, Site>> {
  const points = new Set(places.flatMap((place) => [...(place?.keys() ?? [])]));
  return new Map(Array.from(points, (point) => [point, join(places.map((place) => place?.get(point)))]));
}

/** The same at the ends of sublayers: the last adapter there says whether its result is that of the sublayer. */
function joinedEnds<Point>(
  places: readonly (ReadonlyMap<Point, ResidualModule> | undefined)[],
  join: Parameters<typeof joined<Point, Tensor, Parameters<ResidualModule['forward']>[1]>>[1],
): Map<Point, ResidualModule> {
  return new Map(
    Array.from(joined(places, join), ([point, module]) => {
      const last = places.findLast((place) => place?.has(point))?.get(point);
      return [point, { ...module, endsSublayer: last?.endsSublayer }];
    }),
  );
}

/**
 * Several adapters of a model as one: each changes the result of the one before, as AdapterHub's `Stack`, or with `factors` their results
 * are added up, as its `Average`.
 */
export const composed = defineFamily({
  kind: 'composed',
  summary: 'several adapters one after the other, or the sum of their results',
  options: {
    adapters: option(names, { description: 'the adapters, by name', flag: null, default: [] }),
    factors: option(listOf(finiteNumber), {
      description: 'those of the results, which are then added up',
      flag: null,
      isOptional: true,
    }),
    keepsValue: option(boolean, {
      description: 'whether the value itself counts for what the factors lack to 1',
      flag: null,
      default: false,
    }),
  },
  hasPrunable: false,
  isOnlyLoaded: true,
  title: ({ adapters, factors }) => `${factors ? 'average' : 'stack'} of ${adapters.length}`,
  build: ({ partsOf }, { adapters, factors, keepsValue }) => {
    const parts = adapters.map(partsOf);
    if (factors && factors.length !== adapters.length) {
      throw new InputError(
        `composed: there are ${factors.length} factors for ${adapters.length} adapters; give one each.`,
      );
    }
    const rest = keepsValue ? 1 - (factors ?? [1]).reduce((sum, factor) => sum + factor, 0) : 0;
    const inPlace = adapters.find((_, i) => parts[i].weights);
    if (inPlace !== undefined)
      throw new InputError(`composed: '${inPlace}' replaces weights of the backbone; it can only act alone.`);
    const apart = adapters.find((_, i) => parts[i].attention || parts[i].positions || parts[i].prompts);
    if (factors && apart !== undefined)
      throw new InputError(`composed: '${apart}' has a prefix or a prompt, of which there is no sum; stack it.`);
    const join = <Site>(): Join<Tensor, Site> => (factors ? inSum(factors, rest) : inTurn);
    return {
      residual: joinedEnds(
        parts.map(({ residual }) => residual),
        join(),
      ),
      projection: joined(
        parts.map(({ projection }) => projection),
        join(),
      ),
      embedding: joined(
        parts.map(({ embedding }) => embedding),
        join(),
      ),
      attention: joined(
        parts.map(({ attention }) => attention),
        inTurn,
      ),
      positions: joined(
        parts.map(({ positions }) => positions),
        inTurn,
      ),
      prompts: joined(
        parts.map(({ prompts }) => prompts),
        inTurn,
      ),
      chains: {},
      parameters: [],
    };
  },
});
