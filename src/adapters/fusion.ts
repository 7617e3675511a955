import { InputError } from '../errors.ts';
import type { ResidualPoint, Sublayer } from '../models/index.ts';
import { Linear, type Parameter, type ParameterPath, trainingDropout } from '../nn/index.ts';
import { add, mul, sub } from '../ops/arithmetic.ts';
import { concat, slice } from '../ops/layout.ts';
import { linear } from '../ops/linear.ts';
import { matmul } from '../ops/matmul.ts';
import { softmax } from '../ops/normalization.ts';
import { reshape, sum } from '../ops/reduce.ts';
import { sparseMatmul } from '../ops/sparse.ts';
import { names, nonNegative, option, probability } from '../settings/index.ts';
import { tensor } from '../tensor/create.ts';
import { keep } from '../tensor/scope.ts';
import { isSparse } from '../tensor/sparse.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Bottleneck, type BottleneckInput, bottleneckInputs } from './bottleneck.ts';
import { type BuildContext, defineFamily, type ResidualModule } from './family.ts';

/** Returns a matrix [n, n] with ones on its diagonal and another number elsewhere. */
const diagonal = (n: number, elsewhere: number): Float32Array =>
  Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : elsewhere));

/** AdapterFusion at the end of one sublayer. */
export class Fusion implements ResidualModule {
  readonly query: Linear;
  readonly key: Linear;
  /** [hidden, hidden]; at first nearly the identity, which passes the mixture on as it is. */
  readonly value: Parameter;
  readonly mixed: readonly Bottleneck[];
  readonly #dropout: number;

  /** @param mixed what is fused there; the last one says what the query is made of, as in AdapterHub */
  constructor(path: ParameterPath, { hiddenSize }: ResidualPoint, mixed: readonly Bottleneck[], p: number) {
    this.query = new Linear(path.at('query'), hiddenSize, hiddenSize);
    this.key = new Linear(path.at('key'), hiddenSize, hiddenSize);
    this.value = path.at('value').parameter('weight', [hiddenSize, hiddenSize], ([n]) => diagonal(n, 1e-6));
    this.mixed = mixed;
    this.#dropout = p;
  }

  forward(h: Tensor, sublayer: Sublayer): Tensor {
    const { added, p } = this.weigh(h, sublayer);
    // Σ p_k W_v u_k is W_v Σ p_k u_k, one product for all adapters.
    const mixture = added
      .map((u, k) => mul(u, slice(p, [0, k], [p.shape[0], k + 1])))
      .reduce((total, part) => add(total, part)); // [rows, hidden]
    const { residual = bottleneckInputs.output } = this.#last.wiring;
    return add(residual(h, sublayer), linear(mixture, this.value.matrix()));
  }

  get endsSublayer(): boolean {
    return this.#last.endsSublayer;
  }

  /** As in AdapterHub it says what the sum is added to. */
  get #last(): Bottleneck {
    return this.mixed[this.mixed.length - 1];
  }

  /** Returns what each adapter would add, u_k [rows, hidden], and the weight of each in a row, p [rows, adapters]. */
  weigh(h: Tensor, sublayer: Sublayer): { readonly added: readonly Tensor[]; readonly p: Tensor } {
    const { random } = sublayer.pass;
    const inputs = new Map<BottleneckInput, Tensor>();
    let input = h;
    const added = this.mixed.map((adapter) => {
      const read = adapter.wiring.input;
      input = inputs.get(read) ?? read(h, sublayer);
      inputs.set(read, input);
      return adapter.contribution(input, random);
    });
    // q · (W_k u_k + b_k) = (q W_k) · u_k + q · b_k, so that there is one product for all adapters.
    const q = this.query.forward(input); // [rows, hidden]
    const key = this.key.weight.matrix();
    const projected = isSparse(key) ? sparseMatmul(q, key) : matmul(q, key); // [rows, hidden]
    const bias = linear(q, reshape(this.key.bias.tensor(), [1, -1])); // [rows, 1]
    const scores = added.map((u) => add(sum(mul(projected, u), { axis: 1, keepDims: true }), bias));
    return { added, p: softmax(trainingDropout(concat(scores, 1), this.#dropout, random)) };
  }
}

/** factor · Σ ‖W_v - I‖² over the modules: what training adds to the loss. */
function distanceFromIdentity(modules: readonly Fusion[], factor: number): () => Tensor {
  const [n] = modules[0].value.shape;
  const identity = keep(tensor(diagonal(n, 0), [n, n]));
  return () => {
    const squares = modules.map(({ value }) => {
      const difference = sub(value.tensor(), identity);
      return sum(mul(difference, difference));
    });
    return mul(
      squares.reduce((total, square) => add(total, square)),
      factor,
    );
  };
}

/** The bottlenecks of the adapters at each point where they have some. @throws InputError unless they are at the same places */
function bottlenecksOf(
  { points, partsOf }: BuildContext,
  adapters: readonly string[],
): Map<ResidualPoint, Bottleneck[]> {
  const all = adapters.map((name) => ({ name, residual: partsOf(name).residual }));
  const places = points.residual.filter((point) => all.some(({ residual }) => residual?.has(point)));
  const fail = (name: string, where: string) =>
    new InputError(
      `fusion: the adapter '${name}' has no bottleneck ${where}; fuse adapters of one kind: houlsby, pfeiffer or parallel.`,
    );
  if (places.length === 0) throw fail(all[0].name, 'anywhere');
  const bottleneckAt =
    (point: ResidualPoint) =>
    ({ name, residual }: (typeof all)[number]) => {
      const module = residual?.get(point);
      if (module instanceof Bottleneck) return module;
      throw fail(name, `at ${point.name}`);
    };
  return new Map(places.map((point) => [point, all.map(bottleneckAt(point))]));
}

/**
 * AdapterFusion (Pfeiffer et al., 2021), AdapterHub's dynamic form: several trained adapters, which stay as they are, and for
 * each row a mixture of what they add: norm(h + Σ p_k W_v u_k + x), u_k what adapter k adds to h. The weights p come from an
 * attention, p = softmax over k of (W_q z + b_q) · (W_k u_k + b_k), z what the adapters read; its scores are not scaled.
 */
export const fusion = defineFamily({
  kind: 'fusion',
  summary: 'a trained mixture of the adapters of finished runs',
  options: {
    adapters: option(names, { description: 'the adapters that are mixed, by name', flag: null, default: [] }),
    regularization: option(nonNegative, {
      description: 'factor of the distance between value matrices and the identity in the loss',
      default: 0.01,
    }),
    dropout: option(probability, {
      description: "dropout on the scores, before their softmax; AdapterHub takes the model's for attention",
      flag: 'adapter-dropout',
      default: 0.1,
    }),
  },
  title: ({ adapters }) => `fusion of ${adapters.length}`,
  build: (context, { adapters, regularization, dropout }) => {
    const { name, at } = context;
    const modules = new Map(
      Array.from(bottlenecksOf(context, adapters), ([point, mixed]) => {
        const path = at(point.name).at('adapter_fusion_layer').at(name);
        return [point, new Fusion(path, point, mixed, dropout)];
      }),
    );
    const all = [...modules.values()];
    return {
      residual: modules,
      // The three read the same rows side by side.
      chains: { fusion: all.flatMap(({ query, key, value }) => [[query.weight], [key.weight], [value]]) },
      regularizer: regularization > 0 ? distanceFromIdentity(all, regularization) : undefined,
    };
  },
});
