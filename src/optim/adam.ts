import type { AdamStep } from '../backends/backend.ts';
import type { Parameter } from '../nn/index.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { commonBackend } from '../ops/operation.ts';
import { sqrt } from '../ops/unary.ts';
import { tensor, zeros } from '../tensor/create.ts';
import { noGrad } from '../tensor/graph.ts';
import { keep, tidy } from '../tensor/scope.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * How weight decay λ enters, with m̂ = m/(1 - β₁ᵗ), v̂ = v/(1 - β₂ᵗ):
 * - `torch-adamw`: w ← (1 - ηλ) w, then w ← w - η m̂ / (√v̂ + ε) (Loshchilov and Hutter, 2019, as PyTorch writes it)
 * - `hf-adamw`: w ← w - η √(1 - β₂ᵗ)/(1 - β₁ᵗ) · m / (√v + ε), then w ← (1 - ηλ) w (Hugging Face transformers 4)
 * - `adam-l2`: the gradient is g + λ w, no separate decay (Kingma and Ba, 2015)
 */
export type AdamVariant = 'torch-adamw' | 'hf-adamw' | 'adam-l2';

export interface AdamOptions {
  readonly variant?: AdamVariant;
  /** Default (0.9, 0.98), as in SparseAdapter. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly eps?: number;
  /** Default 0.1, as in SparseAdapter. */
  readonly weightDecay?: number;
  /** Which parameters decay. Default: all but biases and layer norms. */
  readonly decays?: (parameter: Parameter) => boolean;
}

/** Biases and layer norms are not pulled towards 0. */
export const decaysByDefault = ({ name }: Parameter): boolean =>
  !/(^|\.)bias$/.test(name) && !/norm[^.]*\.weight$/i.test(name);

/** What the variants are made of, from η, λ, 1 - β₁ᵗ and 1 - β₂ᵗ; {@link composition} has the formula. */
const coefficients: {
  [Variant in AdamVariant]: (
    learningRate: number,
    decay: number,
    c1: number,
    c2: number,
  ) => Pick<AdamStep, 'l2' | 'keep' | 'rate' | 'root'>;
} = {
  'torch-adamw': (learningRate, decay, c1, c2) => ({
    l2: 0,
    keep: 1 - learningRate * decay,
    rate: learningRate / c1,
    root: 1 / Math.sqrt(c2),
  }),
  'hf-adamw': (learningRate, decay, c1, c2) => {
    const kept = 1 - learningRate * decay;
    return { l2: 0, keep: kept, rate: (kept * learningRate * Math.sqrt(c2)) / c1, root: 1 };
  },
  'adam-l2': (learningRate, decay, c1, c2) => ({
    ...coefficients['torch-adamw'](learningRate, 0, c1, c2),
    l2: decay,
  }),
};

/**
 * One step for one parameter, the definition of the kernel that a backend may have: with s, λ, k, r and q the step's
 * `gradientScale`, `l2`, `keep`, `rate` and `root`,
 *
 *     g ← s g + λ w
 *     m ← β₁ m + (1 - β₁) g
 *     v ← β₂ v + (1 - β₂) g²
 *     w ← k w - r m / (q √v + ε)
 */
function composition(
  before: Readonly<Record<'w' | 'g' | 'm' | 'v', Tensor>>,
  { gradientScale, l2, beta1, beta2, keep, rate, root, eps }: AdamStep,
): Record<'w' | 'm' | 'v', Tensor> {
  const g = add(mul(before.g, gradientScale), mul(before.w, l2));
  const m = add(mul(before.m, beta1), mul(g, 1 - beta1));
  const v = add(mul(before.v, beta2), mul(mul(g, g), 1 - beta2));
  const direction = div(m, add(mul(sqrt(v), root), eps));
  return { w: sub(mul(before.w, keep), mul(direction, rate)), m, v };
}

/** What a run needs to continue exactly: the step count and, by parameter name, both moments. */
export interface AdamState {
  readonly step: number;
  readonly moments: ReadonlyMap<string, { readonly m: ArrayLike<number>; readonly v: ArrayLike<number> }>;
}

/** A parameter and what is remembered of its gradients. */
interface Slot {
  readonly parameter: Parameter;
  readonly decay: number;
  /** Mean of the gradients. */
  m: Tensor;
  /** Mean of their squares. */
  v: Tensor;
}

/**
 * Adam with decoupled weight decay and bias correction. A pruned weight has gradient 0 and value 0, so its moments and its
 * value stay exactly 0.
 */
export class Adam {
  readonly parameters: readonly Parameter[];
  readonly #variant: AdamVariant;
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  /** One for each parameter, in their order. */
  readonly #slots: readonly Slot[];
  #step = 0;

  constructor(parameters: readonly Parameter[], options: AdamOptions = {}) {
    const { weightDecay = 0.1, decays = decaysByDefault } = options;
    this.parameters = parameters;
    this.#variant = options.variant ?? 'torch-adamw';
    this.#betas = options.betas ?? [0.9, 0.98];
    this.#eps = options.eps ?? 1e-8;
    this.#slots = parameters.map((parameter) => ({
      parameter,
      decay: decays(parameter) ? weightDecay : 0,
      m: keep(zeros(parameter.shape)),
      v: keep(zeros(parameter.shape)),
    }));
  }

  /** Frees the moments; no step can be taken any more. */
  dispose(): void {
    for (const { m, v } of this.#slots) {
      m.dispose();
      v.dispose();
    }
  }

  /**
   * One update.
   *
   * @param gradients one for each parameter, of its shape
   * @param gradientScale multiplies all gradients, as clipping wants it (see `clipFactor`)
   * @throws Error if the gradients do not fit the parameters; nothing is changed then
   */
  step(gradients: readonly Tensor[], learningRate: number, gradientScale = 1): void {
    this.#assertFit(gradients);
    this.#step++;
    const [beta1, beta2] = this.#betas;
    const [c1, c2] = this.#betas.map((beta) => 1 - beta ** this.#step);
    const updates = this.#slots.map((slot, i) => ({ slot, gradient: gradients[i] }));
    for (const decay of new Set(this.#slots.map((slot) => slot.decay))) {
      const own = coefficients[this.#variant](learningRate, decay, c1, c2);
      update(
        updates.filter(({ slot }) => slot.decay === decay),
        { gradientScale, beta1, beta2, eps: this.#eps, ...own },
      );
    }
  }

  #assertFit(gradients: readonly Tensor[]): void {
    if (gradients.length !== this.#slots.length) {
      throw new Error(`Adam: ${gradients.length} gradients for ${this.#slots.length} parameters.`);
    }
    this.#slots.forEach(({ parameter, m }, i) => {
      gradients[i].assertAlive();
      commonBackend([m, parameter.value, gradients[i]]);
      if (sameShape(gradients[i].shape, parameter.shape)) return;
      const shapes = `${formatShape(gradients[i].shape)} for the weight ${formatShape(parameter.shape)}`;
      throw new Error(`${parameter.name}: a gradient ${shapes}.`);
    });
  }

  async state(): Promise<AdamState> {
    const moments = new Map<string, { m: ArrayLike<number>; v: ArrayLike<number> }>();
    for (const { parameter, m, v } of this.#slots)
      moments.set(parameter.name, { m: await m.data(), v: await v.data() });
    return { step: this.#step, moments };
  }

  /** Continues from a state. @throws Error if it lacks the moments of a parameter or has too few; nothing is changed then */
  restore({ step, moments }: AdamState): void {
    const all = this.parameters.map(({ name, size }) => {
      const { m, v } = moments.get(name) ?? { m: [], v: [] };
      if (m.length !== size || v.length !== size) {
        throw new Error(`The optimiser state has no ${size} moments of ${name}.`);
      }
      return { m, v };
    });
    this.#step = step;
    this.#slots.forEach((slot, i) => {
      const { shape } = slot.parameter;
      setMoments(slot, tensor(all[i].m, shape), tensor(all[i].v, shape));
    });
  }
}

interface Update {
  readonly slot: Slot;
  readonly gradient: Tensor;
}

/** The same step for several parameters: in place and in one pass where the backend has a kernel. */
function update(updates: readonly Update[], step: AdamStep): void {
  const kernels = updates[0].gradient.backend.optimizer;
  if (kernels) {
    const arrays = updates.map(({ slot: { parameter, m, v }, gradient }) => ({
      w: parameter.overwrite(),
      g: gradient.operand.buffer,
      m: m.operand.buffer,
      v: v.operand.buffer,
      mask: parameter.mask?.operand.buffer ?? null,
    }));
    kernels.adam(arrays, step);
    return;
  }
  for (const { slot, gradient } of updates) {
    tidy(() =>
      noGrad(() => {
        const w = slot.parameter.value.detach();
        const after = composition({ w, g: gradient, m: slot.m, v: slot.v }, step);
        slot.parameter.assign(after.w);
        setMoments(slot, after.m, after.v);
      }),
    );
  }
}

function setMoments(slot: Slot, m: Tensor, v: Tensor): void {
  slot.m.dispose();
  slot.v.dispose();
  slot.m = keep(m);
  slot.v = keep(v);
}
