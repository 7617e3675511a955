import { type Initializer, normalInit, zerosInit } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { matmul } from '../ops/matmul.ts';
import { reshape } from '../ops/reduce.ts';
import { boolean, names, option, positiveInteger, positiveNumber, wholeNumber } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { changedWeights, type LayerTensors, type WeightChange } from './changed-weight.ts';
import { defineFamily } from './family.ts';
import { loraSizes, patterns } from './lora.ts';

/**
 * Two factors of a size: the given one and its complement if it divides the size, else those that are nearest to each other, of which
 * the first is the smaller and not above a given one.
 */
function factorsOf(size: number, given: number): readonly [number, number] {
  if (given > 0 && size % given === 0) return [given, size / given];
  const most = Math.min(Math.floor(Math.sqrt(size)), given > 0 ? given : size);
  const divisors = Array.from({ length: most }, (_, i) => most - i);
  const first = divisors.find((divisor) => size % divisor === 0) ?? 1;
  return [first, size / first];
}

/** The Kronecker product [l·k, m·n] of [l, m] and [k, n]. */
export function kron(first: Tensor, second: Tensor): Tensor {
  const [l, m] = first.shape;
  const [k, n] = second.shape;
  return reshape(mul(reshape(first, [l, 1, m, 1]), reshape(second, [1, k, 1, n])), [l * k, m * n]);
}

/** A factor as it is stored: whole, or as the product of two. */
function stored(name: string, [rows, columns]: readonly [number, number], rank: number | null, init: Initializer) {
  const tensors: WeightChange['tensors'] =
    rank === null
      ? { [name]: [[rows, columns], init] }
      : { [`${name}_a`]: [[rows, rank], init], [`${name}_b`]: [[rank, columns], normalInit(1)] };
  const of = (given: LayerTensors): Tensor =>
    rank === null ? given[name] : matmul(given[`${name}_a`], given[`${name}_b`]);
  return { tensors, of };
}

/** LoKr (Yeh et al., 2024): W + s W₁ ⊗ W₂ with s = alpha / rank, each factor whole or of low rank. The starting values are PEFT's. */
export const lokr = defineFamily({
  kind: 'lokr',
  summary: 'Kronecker products',
  options: {
    rank: option(positiveInteger, { description: 'rank of the factors of low rank', default: 8 }),
    alpha: option(positiveNumber, { description: 'numerator of the scale, alpha / rank', default: 8 }),
    ...patterns,
    decomposeBoth: option(boolean, { description: 'low rank for the first factor, too', default: false }),
    decomposeFactor: option(wholeNumber, {
      description: 'size of the first factor; 0: near the square root',
      default: 0,
    }),
    targetModules: option(names, {
      description: 'linear layers, by the end of their path',
      default: ['query', 'value'],
    }),
  },
  hasPrunable: false,
  isOnlyLoaded: true,
  title: ({ rank }) => `lokr ${rank}`,
  build: (context, config) =>
    changedWeights('lokr', context, config.targetModules, ({ name, out, inner }) => {
      const { rank, scale } = loraSizes(config, name);
      const [l, k] = factorsOf(out, config.decomposeFactor);
      const [m, n] = factorsOf(inner, config.decomposeFactor);
      const isLow = (rows: number, columns: number) => rank < Math.max(rows, columns) / 2;
      const w1 = stored('lokr_w1', [l, m], config.decomposeBoth && isLow(l, m) ? rank : null, zerosInit);
      const w2 = stored('lokr_w2', [k, n], isLow(k, n) ? rank : null, normalInit(1));
      return {
        tensors: { ...w1.tensors, ...w2.tensors },
        changed: (weight, tensors) => add(weight, mul(kron(w1.of(tensors), w2.of(tensors)), scale)),
      };
    }),
});
