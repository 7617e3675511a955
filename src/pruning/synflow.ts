import { grad } from '../autograd/grad.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { add } from '../ops/arithmetic.ts';
import { matmul } from '../ops/matmul.ts';
import { sum } from '../ops/reduce.ts';
import { abs } from '../ops/unary.ts';
import { ones } from '../tensor/create.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Score, ScoreContext } from './method.ts';
import { leaves, withWeights } from './scores.ts';

/**
 * R = 1ᵀ |W_n| ... |W_1| 1: what comes out of a chain of linear layers for an input of ones.
 *
 * @param matrices each [out, in]; the first may be a table whose rows the next one reads, which is a layer [out, in] transposed
 */
function flow([first, ...rest]: readonly Parameter[], base: ScoreContext['base']): Tensor {
  const under = base?.get(first)?.tensor();
  if (rest.length === 0) return sum(abs(under ? add(first.tensor(), under.detach()) : first.tensor()));
  const isTable = rest[0].shape[1] !== first.shape[0];
  const start = matmul(abs(first.tensor()), ones([first.shape[isTable ? 0 : 1], 1]), { transposeA: isTable });
  return sum(rest.reduce((x, matrix) => matmul(abs(matrix.tensor()), x), start)); // x: [out, 1]
}

/**
 * |w| · ∂R/∂|w| with R the sum of the flows through all chains: the part of the flow that passes through w (SynFlow, Tanaka et al.,
 * 2020). As the SparseAdapter authors do, each module of an adapter is a separate network; activations and biases are left out.
 *
 * @throws InputError if a parameter is in none of the chains
 */
export const synflow: Score = async (context) => {
  const { parameters, chains = [], base } = context;
  const members = new Set(chains.flat());
  const stray = parameters.find((parameter) => !members.has(parameter));
  if (stray) {
    throw new InputError(`synflow: ${stray.name} is in no chain of matrices; give the 'chains' of its adapter.`);
  }
  // w · ∂R/∂w is |w| · ∂R/∂|w|, as both factors change their sign with w.
  const gradients = tidy(() =>
    grad(
      chains.map((chain) => flow(chain, base)).reduce((a, b) => add(a, b)),
      leaves(parameters),
    ),
  );
  return withWeights(context, gradients, (w, r) => w * r);
};
