import { grad } from '../autograd/grad.ts';
import { hvp } from '../autograd/hvp.ts';
import type { FloatArray } from '../backends/backend.ts';
import type { Parameter } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Score, ScoreContext } from './method.ts';

export const leaves = (parameters: readonly Parameter[]): Tensor[] => parameters.map((parameter) => parameter.value);

const free = (tensors: readonly Tensor[]): void => {
  for (const tensor of tensors) tensor.dispose();
};

/** A pass of a score over all batches: its number, and how many there are. */
interface Round {
  readonly index: number;
  readonly count: number;
}

const onlyRound: Round = { index: 0, count: 1 };

/** Σ_b f(loss_b), tensor by tensor; one batch and one sum are in memory at a time. */
async function sumOverBatches(
  { losses, onBatch }: ScoreContext,
  { index, count }: Round,
  f: (loss: ScoreContext['losses'][number]) => Tensor[],
): Promise<Tensor[]> {
  let sums: Tensor[] = [];
  try {
    for (const [batch, loss] of losses.entries()) {
      const next = tidy(() => {
        // A scope of its own: a backward pass frees what is inside as it goes.
        const part = f((temperature) => tidy(() => loss(temperature)));
        return batch === 0 ? part : noGrad(() => sums.map((sum, i) => add(sum, part[i])));
      });
      free(sums);
      sums = next;
      await onBatch?.(index * losses.length + batch + 1, count * losses.length);
    }
    return sums;
  } catch (error) {
    free(sums);
    throw error;
  }
}

/** g = Σ_b ∂L_b/∂w. */
function gradients(context: ScoreContext, round: Round = onlyRound, temperature?: number): Promise<Tensor[]> {
  return sumOverBatches(context, round, (loss) => grad(loss(temperature), leaves(context.parameters)));
}

/** The weights that are scored. */
async function scoredWeights({ base }: ScoreContext, parameter: Parameter): Promise<FloatArray> {
  const weights = await parameter.data();
  const under = await base?.get(parameter)?.data();
  return under ? weights.map((w, i) => w + under[i]) : weights;
}

/** combine(w, v) for each weight w and its entry v of the tensor of its parameter's value, which is freed. */
export async function withWeights(
  context: ScoreContext,
  tensors: readonly Tensor[],
  combine: (w: number, v: number) => number,
): Promise<FloatArray[]> {
  return Promise.all(
    context.parameters.map(async (parameter, i) => {
      const [weights, values] = [await scoredWeights(context, parameter), parameter.spread(await tensors[i].data())];
      tensors[i].dispose();
      return Float64Array.from(weights).map((w, j) => combine(w, values[j]));
    }),
  );
}

/** U(0, 1). */
export const randomScore: Score = async ({ parameters, random: generator }) =>
  parameters.map(({ size }) => Float64Array.from({ length: size }, () => generator.uniform()));

/** |w|. */
export const magnitude: Score = async (context) =>
  Promise.all(context.parameters.map(async (parameter) => (await scoredWeights(context, parameter)).map(Math.abs)));

/** |w · g|: the first-order effect on the loss of removing w, of either sign (SNIP, Lee et al., 2018). */
export const snip: Score = async (context) => withWeights(context, await gradients(context), (w, g) => Math.abs(w * g));

/** w · g, the negative of -w · g whose highest the SparseAdapter paper's text removes. For study: it keeps what hurts. */
export const snipPaperLiteral: Score = async (context) =>
  withWeights(context, await gradients(context), (w, g) => w * g);

/**
 * w² · Σ_b g_b²: half of it is the second-order effect on the loss of removing w, when the diagonal of the Hessian is taken to be
 * that of the empirical Fisher information, the sum of the squared gradients of the losses of single examples (Theis et al.,
 * 2018). So each loss should be that of one example: of a larger batch it is the squared mean gradient.
 */
export const fisher: Score = async (context) => {
  const squares = await sumOverBatches(context, onlyRound, (loss) => {
    const g = grad(loss(), leaves(context.parameters));
    return noGrad(() => g.map((x) => mul(x, x)));
  });
  return withWeights(context, squares, (w, f) => w * w * f);
};

/**
 * w · (H g): removing w changes the squared gradient norm by -2 w (H g) to first order, so the weights with the highest
 * -w · (H g), whose removal raises the gradient flow most, go first (GraSP, Wang et al., 2020). H and g are summed over the
 * batches and taken over the scored parameters alone.
 *
 * @param options.temperature what logits are divided by before the loss; Wang et al. take 200
 */
export async function grasp(
  context: ScoreContext,
  { temperature = 1 }: { readonly temperature?: number } = {},
): Promise<FloatArray[]> {
  const g = await gradients(context, { index: 0, count: 2 }, temperature);
  try {
    const hg = await sumOverBatches(context, { index: 1, count: 2 }, (loss) =>
      hvp(() => loss(temperature), leaves(context.parameters), g),
    );
    return await withWeights(context, hg, (w, h) => w * h);
  } finally {
    free(g);
  }
}
