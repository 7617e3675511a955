import type { Parameter } from '../nn/index.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { sqrt } from '../ops/unary.ts';
import { tensor, zeros } from '../tensor/create.ts';
import { noGrad } from '../tensor/graph.ts';
import { keep, tidy } from '../tensor/scope.ts';
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

interface Moments {
  /** Mean of the gradients. */
  m: Tensor;
  /** Mean of their squares. */
  v: Tensor;
}

interface Step {
  readonly learningRate: number;
  readonly decay: number;
  readonly eps: number;
  /** 1 - β₁ᵗ and 1 - β₂ᵗ. */
  readonly c1: number;
  readonly c2: number;
}

const updates: { [Variant in AdamVariant]: (w: Tensor, moments: Moments, step: Step) => Tensor } = {
  'torch-adamw': (w, { m, v }, { learningRate, decay, eps, c1, c2 }) => {
    const direction = div(m, add(sqrt(mul(v, 1 / c2)), eps));
    return sub(mul(w, 1 - learningRate * decay), mul(direction, learningRate / c1));
  },
  'hf-adamw': (w, { m, v }, { learningRate, decay, eps, c1, c2 }) => {
    const direction = div(m, add(sqrt(v), eps));
    return mul(sub(w, mul(direction, (learningRate * Math.sqrt(c2)) / c1)), 1 - learningRate * decay);
  },
  'adam-l2': (w, moments, step) => updates['torch-adamw'](w, moments, { ...step, decay: 0 }),
};

/** What a run needs to continue exactly: the step count and, by parameter name, both moments. */
export interface AdamState {
  readonly step: number;
  readonly moments: ReadonlyMap<string, { readonly m: ArrayLike<number>; readonly v: ArrayLike<number> }>;
}

/**
 * Adam with decoupled weight decay and bias correction. A pruned weight has gradient 0 and value 0, so its moments and its
 * value stay exactly 0.
 */
export class Adam {
  readonly parameters: readonly Parameter[];
  readonly #options: Required<AdamOptions>;
  readonly #moments = new Map<Parameter, Moments>();
  #step = 0;

  constructor(parameters: readonly Parameter[], options: AdamOptions = {}) {
    this.parameters = parameters;
    this.#options = {
      variant: options.variant ?? 'torch-adamw',
      betas: options.betas ?? [0.9, 0.98],
      eps: options.eps ?? 1e-8,
      weightDecay: options.weightDecay ?? 0.1,
      decays: options.decays ?? decaysByDefault,
    };
    for (const parameter of parameters) {
      this.#replace(parameter, { m: zeros(parameter.shape), v: zeros(parameter.shape) });
    }
  }

  /** One update. @param gradients one for each parameter, of its shape */
  step(gradients: readonly Tensor[], learningRate: number): void {
    const { variant, betas, eps, weightDecay, decays } = this.#options;
    this.#step++;
    const [c1, c2] = betas.map((beta) => 1 - beta ** this.#step);
    this.parameters.forEach((parameter, i) => {
      const decay = decays(parameter) ? weightDecay : 0;
      tidy(() =>
        noGrad(() => {
          const w = parameter.value.detach();
          const g = variant === 'adam-l2' && decay !== 0 ? add(gradients[i], mul(w, decay)) : gradients[i];
          const moments = this.#average(parameter, g, betas);
          parameter.assign(updates[variant](w, moments, { learningRate, decay, eps, c1, c2 }));
        }),
      );
    });
  }

  /** m ← β₁ m + (1 - β₁) g and v ← β₂ v + (1 - β₂) g². */
  #average(parameter: Parameter, g: Tensor, [beta1, beta2]: readonly [number, number]): Moments {
    const before = this.#moments.get(parameter) as Moments;
    const moments = {
      m: add(mul(before.m, beta1), mul(g, 1 - beta1)),
      v: add(mul(before.v, beta2), mul(mul(g, g), 1 - beta2)),
    };
    this.#replace(parameter, moments);
    return moments;
  }

  async state(): Promise<AdamState> {
    const moments = new Map<string, { m: ArrayLike<number>; v: ArrayLike<number> }>();
    for (const [parameter, { m, v }] of this.#moments)
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
    this.parameters.forEach((parameter, i) => {
      this.#replace(parameter, {
        m: tensor(all[i].m, parameter.shape),
        v: tensor(all[i].v, parameter.shape),
      });
    });
  }

  #replace(parameter: Parameter, moments: Moments): void {
    const before = this.#moments.get(parameter);
    before?.m.dispose();
    before?.v.dispose();
    this.#moments.set(parameter, { m: keep(moments.m), v: keep(moments.v) });
  }
}
