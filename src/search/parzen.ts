import type { Random } from '../random/index.ts';
import { type Distribution, type NumberRange, type Point, type SearchSpace, stepped } from './distribution.ts';
import { logDensity, logMassBetween, truncatedQuantile } from './normal.ts';

/** Observations that weigh the same; older ones weigh less. */
const RECENT = 25;
/** No kernel is narrower than the range over this, or over the observations and two. */
const NARROWEST = 100;

/** A kernel of a parameter: a normal density cut to the range, or the probabilities of categories. */
export type Kernel = { readonly mu: number; readonly sigma: number } | { readonly probabilities: readonly number[] };

/** The weights of m observations, from the oldest to the newest: the newest 25 have 1, older ones less, down to 1/m. */
export function observationWeights(m: number): number[] {
  const old = Math.max(0, m - RECENT);
  return Array.from({ length: m }, (_, i) =>
    i >= old ? 1 : old === 1 ? 1 / m : 1 / m + (i / (old - 1)) * (1 - 1 / m),
  );
}

/** The range in which kernels lie: of ln x with `log`, and half a step wider on both sides where there are steps. */
export function kernelRange({ low, high, log, step }: NumberRange): [low: number, high: number] {
  const half = (step ?? 0) / 2;
  const ends = [low - half, high + half] as const;
  return log ? [Math.log(ends[0]), Math.log(ends[1])] : [ends[0], ends[1]];
}

const scaled = ({ log }: NumberRange, x: number): number => (log ? Math.log(x) : x);

/** Kernels of the observations and of the prior, which comes last. */
function kernelsOf(distribution: Distribution, observations: readonly number[]): Kernel[] {
  const m = observations.length;
  if (distribution.kind === 'categorical') {
    const c = distribution.choices.length;
    const prior = 1 / (m + 1);
    const kernels = observations.map((k) => {
      const numbers = distribution.choices.map((_, i) => prior + (i === k ? 1 : 0));
      return { probabilities: numbers.map((p) => p / (c * prior + 1)) };
    });
    return [...kernels, { probabilities: distribution.choices.map(() => 1 / c) }];
  }
  const [low, high] = kernelRange(distribution);
  const [widest, narrowest] = [high - low, (high - low) / Math.min(NARROWEST, m + 2)];
  const mus = observations.map((x) => scaled(distribution, x));
  const order = mus.map((_, i) => i).sort((a, b) => mus[a] - mus[b] || a - b);
  const sigmas = new Array<number>(m);
  order.forEach((i, place) => {
    // The outermost look inwards only, unless there is but one.
    const before = place > 0 ? mus[i] - mus[order[place - 1]] : m > 1 ? 0 : mus[i] - low;
    const after = place < m - 1 ? mus[order[place + 1]] - mus[i] : m > 1 ? 0 : high - mus[i];
    sigmas[i] = Math.min(widest, Math.max(narrowest, before, after));
  });
  return [...mus.map((mu, i) => ({ mu, sigma: sigmas[i] })), { mu: (low + high) / 2, sigma: widest }];
}

/** ln of the sum of exponentials. */
function logSumExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most === Number.NEGATIVE_INFINITY
    ? most
    : most + Math.log(values.reduce((sum, x) => sum + Math.exp(x - most), 0));
}

/**
 * A Parzen estimator: the mixture of a kernel for each observation and of a prior over the whole space. All parameters are one
 * mixture, so that it knows which values go together. The definition is that of Optuna 5 (Bergstra et al., 2011; Falkner et al.,
 * 2018; Watanabe, 2023).
 */
export class ParzenEstimator {
  readonly #space: SearchSpace;
  /** Of the mixture, which add up to 1. */
  readonly weights: readonly number[];
  /** By parameter, in the order of the weights. */
  readonly kernels: ReadonlyMap<string, readonly Kernel[]>;

  /** @param observations points with all parameters of the space, the oldest first */
  constructor(space: SearchSpace, observations: readonly Point[]) {
    this.#space = space;
    const weights = [...observationWeights(observations.length), 1];
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    this.weights = weights.map((weight) => weight / total);
    this.kernels = new Map(
      [...space].map(([name, distribution]) => [
        name,
        kernelsOf(
          distribution,
          observations.map((point) => point.get(name) as number),
        ),
      ]),
    );
  }

  /** ln of the density at a point: of ln x for what is logarithmic, the mass of a step where there are steps. */
  logDensity(point: Point): number {
    return logSumExp(
      this.weights.map((weight, i) =>
        [...this.#space].reduce((sum, [name, distribution]) => {
          const kernel = (this.kernels.get(name) as readonly Kernel[])[i];
          return sum + logKernel(distribution, kernel, point.get(name) as number);
        }, Math.log(weight)),
      ),
    );
  }

  /** Draws a point from one kernel of the mixture. */
  sample(random: Random): Point {
    const i = drawn(this.weights, random);
    return new Map(
      [...this.#space].map(([name, distribution]) => {
        const kernel = (this.kernels.get(name) as readonly Kernel[])[i];
        if ('probabilities' in kernel) return [name, drawn(kernel.probabilities, random)];
        const { mu, sigma } = kernel;
        const range = distribution as NumberRange;
        const [low, high] = kernelRange(range);
        const x = mu + sigma * truncatedQuantile(random.uniform(), (low - mu) / sigma, (high - mu) / sigma);
        return [name, stepped(range, range.log ? Math.exp(x) : x)];
      }),
    );
  }
}

function logKernel(distribution: Distribution, kernel: Kernel, x: number): number {
  if ('probabilities' in kernel) return Math.log(kernel.probabilities[x]);
  const { mu, sigma } = kernel;
  const range = distribution as NumberRange;
  const at = (value: number) => (value - mu) / sigma;
  const [low, high] = kernelRange(range);
  const mass = logMassBetween(at(low), at(high));
  if (range.step === null) return logDensity(at(scaled(range, x))) - Math.log(sigma) - mass;
  const half = range.step / 2;
  return logMassBetween(at(scaled(range, x - half)), at(scaled(range, x + half))) - mass;
}

/** Draws an index with these probabilities. */
function drawn(probabilities: readonly number[], random: Random): number {
  let left = random.uniform();
  for (const [i, p] of probabilities.entries()) {
    left -= p;
    if (left < 0) return i;
  }
  return probabilities.length - 1;
}

/** Draws a point evenly: of a logarithmic range each factor is as likely as any other. */
export const uniformPoint = (space: SearchSpace, random: Random): Point =>
  new Map(
    [...space].map(([name, distribution]) => {
      if (distribution.kind === 'categorical') return [name, random.integer(distribution.choices.length)];
      const [low, high] = kernelRange(distribution);
      const x = low + random.uniform() * (high - low);
      return [name, stepped(distribution, distribution.log ? Math.exp(x) : x)];
    }),
  );
