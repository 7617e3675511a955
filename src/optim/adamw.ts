import type { AdamStep } from '../backends/backend.ts';
import { Parameter } from '../nn/index.ts';
import { add, div, mul, sub } from '../ops/arithmetic.ts';
import { commonBackend } from '../ops/operation.ts';
import { keptValues, toDense } from '../ops/sparse.ts';
import { sqrt } from '../ops/unary.ts';
import { tensor, zeros } from '../tensor/create.ts';
import { noGrad } from '../tensor/graph.ts';
import { problemOf, show, tensors } from '../tensor/kinds.ts';
import { keep, tidy } from '../tensor/scope.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { SparsePattern } from '../tensor/sparse.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * The way in which weight decay λ enters, with m̂ = m/(1 - β₁ᵗ), v̂ = v/(1 - β₂ᵗ):
 * - `torch-adamw`: w ← (1 - ηλ) w, then w ← w - η m̂ / (√v̂ + ε) (Loshchilov and Hutter, 2019, as PyTorch writes it)
 * - `hf-adamw`: w ← w - η √(1 - β₂ᵗ)/(1 - β₁ᵗ) · m / (√v + ε), then w ← (1 - ηλ) w (Hugging Face transformers 4)
 * - `adam-l2`: the gradient is g + λ w, no separate decay (Kingma and Ba, 2015)
 */
export type AdamWVariant = 'torch-adamw' | 'hf-adamw' | 'adam-l2';

export interface AdamWOptions {
  /** Default `torch-adamw`. */
  readonly variant?: AdamWVariant;
  /** η of the first step; default 1e-3. A schedule sets {@link AdamW.learningRate}. */
  readonly learningRate?: number;
  /** β₁ and β₂; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** ε; default 1e-8. */
  readonly eps?: number;
  /** λ; default 0.01. */
  readonly weightDecay?: number;
  /** Tells which parameters decay; default all. See {@link exceptBiasesAndNorms}. */
  readonly decays?: (parameter: Parameter) => boolean;
}

const optionNames: { readonly [Name in keyof Required<AdamWOptions>]: true } = {
  variant: true,
  learningRate: true,
  betas: true,
  eps: true,
  weightDecay: true,
  decays: true,
};

/** Tells biases and layer norms, which are usually not pulled towards 0, from the other parameters: `decays` of a usual run. */
export const exceptBiasesAndNorms = ({ name }: Parameter): boolean =>
  !/(^|\.)bias$/.test(name) && !/norm[^.]*\.weight$/i.test(name);

/** The coefficients of a step by variant, from η, λ, 1 - β₁ᵗ and 1 - β₂ᵗ; {@link composition} has the formula. */
const coefficients: {
  [Variant in AdamWVariant]: (
    learningRate: number,
    weightDecay: number,
    c1: number,
    c2: number,
  ) => Pick<AdamStep, 'l2' | 'decay' | 'stepSize' | 'rootScale'>;
} = {
  'torch-adamw': (learningRate, weightDecay, c1, c2) => ({
    l2: 0,
    decay: 1 - learningRate * weightDecay,
    stepSize: learningRate / c1,
    rootScale: 1 / Math.sqrt(c2),
  }),
  'hf-adamw': (learningRate, weightDecay, c1, c2) => {
    const decay = 1 - learningRate * weightDecay;
    return { l2: 0, decay, stepSize: (decay * learningRate * Math.sqrt(c2)) / c1, rootScale: 1 };
  },
  'adam-l2': (learningRate, weightDecay, c1, c2) => ({
    ...coefficients['torch-adamw'](learningRate, 0, c1, c2),
    l2: weightDecay,
  }),
};

/**
 * One step for one parameter, the definition of the kernel that a backend may have: with s the scale of the gradients and λ, d, r
 * and q the step's `l2`, `decay`, `stepSize` and `rootScale`,
 *
 *     g ← s g + λ w
 *     m ← β₁ m + (1 - β₁) g
 *     v ← β₂ v + (1 - β₂) g²
 *     w ← d w - r m / (q √v + ε)
 */
function composition(
  before: Readonly<Record<'w' | 'g' | 'm' | 'v', Tensor>>,
  { l2, beta1, beta2, decay, stepSize, rootScale, eps }: AdamStep,
  gradientScale: Tensor | null,
): Record<'w' | 'm' | 'v', Tensor> {
  const g = add(gradientScale ? mul(before.g, gradientScale) : before.g, mul(before.w, l2));
  const m = add(mul(before.m, beta1), mul(g, 1 - beta1));
  const v = add(mul(before.v, beta2), mul(mul(g, g), 1 - beta2));
  const direction = div(m, add(mul(sqrt(v), rootScale), eps));
  return { w: sub(mul(before.w, decay), mul(direction, stepSize)), m, v };
}

/** The state from which a run continues exactly: the step count and, by parameter name, both moments. */
export interface AdamWState {
  readonly step: number;
  readonly moments: ReadonlyMap<string, { readonly m: ArrayLike<number>; readonly v: ArrayLike<number> }>;
}

function checkParameters(parameters: readonly Parameter[]): void {
  if (!Array.isArray(parameters)) {
    throw new TypeError(`AdamW: parameters must be an array of parameters, not ${show(parameters)}.`);
  }
  parameters.forEach((parameter, i) => {
    if (!(parameter instanceof Parameter)) {
      throw new TypeError(`AdamW: parameters[${i}] must be a parameter, not ${show(parameter)}.`);
    }
    if (parameters.indexOf(parameter) !== i) {
      throw new RangeError(`AdamW: parameters[${i}], ${parameter.name}, is there twice.`);
    }
  });
}

/** The moments of a parameter's gradients, of the shape of its value. */
interface Moments {
  /** Mean of the gradients. */
  readonly m: Tensor;
  /** Mean of their squares. */
  readonly v: Tensor;
  /** The places that they are of, if these are final. */
  readonly pattern: SparsePattern | null;
}

/** A parameter and its moments; null are zeros, which cost nothing before the first step. */
interface Slot {
  readonly parameter: Parameter;
  readonly weightDecay: number;
  moments: Moments | null;
}

/**
 * Adam with decoupled weight decay and bias correction; the defaults are those of `torch.optim.AdamW`. Gradients and moments have the
 * shape of a parameter's `value`: a pruned weight is not among them once its mask is final, and has gradient and value 0 before.
 */
export class AdamW {
  readonly parameters: readonly Parameter[];
  /** η of the next step. */
  learningRate: number;
  readonly #variant: AdamWVariant;
  readonly #betas: readonly [number, number];
  readonly #eps: number;
  /** One for each parameter, in their order. */
  readonly #slots: readonly Slot[];
  #step = 0;

  /** @throws TypeError for what is no parameter, and an unknown option @throws RangeError for one that is out of range */
  constructor(parameters: readonly Parameter[], options: AdamWOptions = {}) {
    const { learningRate = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0.01, decays = () => true } = options;
    const { variant = 'torch-adamw' } = options;
    checkParameters(parameters);
    const other = Object.keys(options).find((name) => !(name in optionNames));
    if (other !== undefined) {
      throw new TypeError(`AdamW: unknown option "${other}"; there are: ${Object.keys(optionNames).join(', ')}.`);
    }
    if (!Object.hasOwn(coefficients, variant)) {
      throw new RangeError(`AdamW: variant must be one of ${Object.keys(coefficients).join(', ')}, not ${variant}.`);
    }
    assertFromZero({ learningRate, eps, weightDecay });
    if (betas.some((beta) => !(beta >= 0 && beta < 1))) {
      throw new RangeError(`AdamW: betas must be two numbers in [0, 1), not ${betas.join(' and ')}.`);
    }
    this.parameters = parameters;
    this.learningRate = learningRate;
    this.#variant = variant;
    this.#betas = betas;
    this.#eps = eps;
    this.#slots = parameters.map((parameter) => ({
      parameter,
      weightDecay: decays(parameter) ? weightDecay : 0,
      moments: null,
    }));
  }

  /** Frees the moments; no step can be taken any more. */
  dispose(): void {
    for (const { moments } of this.#slots) free(moments);
  }

  /**
   * Updates all parameters, with {@link learningRate}. Nothing is read back.
   *
   * @param gradients one for each parameter, of the shape of its value
   * @param options.gradientScale one number that multiplies all gradients, such as their `clipCoefficient`
   * @throws Error if the gradients do not fit the parameters; nothing is changed then
   */
  step(gradients: readonly Tensor[], { gradientScale = null }: { readonly gradientScale?: Tensor | null } = {}): void {
    if (!tensors.is(gradients)) throw new TypeError(`AdamW.step: ${problemOf(tensors, 'gradients', gradients)}.`);
    this.#assertFit(gradients);
    if (gradientScale && gradientScale.size !== 1) {
      throw new RangeError(`AdamW.step: gradientScale must be one number, not ${formatShape(gradientScale.shape)}.`);
    }
    this.#step++;
    const [beta1, beta2] = this.#betas;
    const [c1, c2] = this.#betas.map((beta) => 1 - beta ** this.#step);
    const updates = this.#slots.map((slot, i) => ({ slot, gradient: gradients[i] }));
    for (const weightDecay of new Set(this.#slots.map((slot) => slot.weightDecay))) {
      const own = coefficients[this.#variant](this.learningRate, weightDecay, c1, c2);
      update(
        updates.filter(({ slot }) => slot.weightDecay === weightDecay),
        { beta1, beta2, eps: this.#eps, ...own },
        gradientScale,
      );
    }
  }

  #assertFit(gradients: readonly Tensor[]): void {
    if (gradients.length !== this.#slots.length) {
      throw new Error(`AdamW.step: ${gradients.length} gradients for ${this.#slots.length} parameters.`);
    }
    this.#slots.forEach(({ parameter: { name, value }, moments }, i) => {
      commonBackend([...(moments ? [moments.m] : []), value, gradients[i]]);
      if (sameShape(gradients[i].shape, value.shape)) return;
      throw new Error(
        `${name}: a gradient ${formatShape(gradients[i].shape)} for the weight ${formatShape(value.shape)}.`,
      );
    });
  }

  /** Returns a copy of the state. */
  async state(): Promise<AdamWState> {
    const all = new Map<string, { m: ArrayLike<number>; v: ArrayLike<number> }>();
    for (const slot of this.#slots) {
      const moments = slot.moments && momentsOf(slot);
      const none = () => new Float32Array(slot.parameter.value.size);
      all.set(slot.parameter.name, { m: (await moments?.m.data()) ?? none(), v: (await moments?.v.data()) ?? none() });
    }
    return { step: this.#step, moments: all };
  }

  /** Continues from a state. @throws Error if it lacks the moments of a parameter or has too few; nothing is changed then */
  restore({ step, moments }: AdamWState): void {
    const all = this.parameters.map(({ name, value: { size } }) => {
      const { m, v } = moments.get(name) ?? { m: [], v: [] };
      if (m.length !== size || v.length !== size) {
        throw new Error(`The optimiser state has no ${size} moments of ${name}.`);
      }
      return { m, v };
    });
    this.#step = step;
    this.#slots.forEach((slot, i) => {
      const { shape } = slot.parameter.value;
      setMoments(slot, tensor(all[i].m, shape), tensor(all[i].v, shape));
    });
  }
}

function assertFromZero(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= 0)) throw new RangeError(`AdamW: ${name} must be a number from 0, not ${value}.`);
  }
}

interface Update {
  readonly slot: Slot;
  readonly gradient: Tensor;
}

/** Takes the same step for several parameters: in place and in one pass where the backend has a kernel. */
function update(updates: readonly Update[], step: AdamStep, gradientScale: Tensor | null): void {
  const kernels = updates[0].gradient.backend.optimizer;
  if (kernels) {
    const arrays = updates.map(({ slot, gradient }) => {
      const { m, v } = momentsOf(slot);
      return {
        w: slot.parameter.overwrite(),
        g: gradient.operand.buffer,
        m: m.operand.buffer,
        v: v.operand.buffer,
        mask: slot.parameter.mask?.operand.buffer ?? null,
      };
    });
    kernels.adam(arrays, step, gradientScale?.operand.buffer ?? null);
    return;
  }
  for (const { slot, gradient } of updates) {
    tidy(() =>
      noGrad(() => {
        const w = slot.parameter.value.detach();
        const after = composition({ w, g: gradient, ...momentsOf(slot) }, step, gradientScale);
        slot.parameter.assign(after.w);
        setMoments(slot, after.m, after.v);
      }),
    );
  }
}

/** The moments of a parameter: zeros at first, and at the places of its weights now, as a mask may become final between two steps. */
function momentsOf(slot: Slot): Moments {
  const { moments } = slot;
  const { value, pattern } = slot.parameter;
  if (!moments) return setMoments(slot, zeros(value.shape), zeros(value.shape));
  if (pattern && moments.pattern ? pattern.isSame(moments.pattern) : pattern === moments.pattern) return moments;
  const moved = (values: Tensor): Tensor => {
    const whole = moments.pattern ? toDense({ pattern: moments.pattern, values }) : values;
    return pattern ? keptValues(whole, pattern) : whole;
  };
  return tidy(() => noGrad(() => setMoments(slot, moved(moments.m), moved(moments.v))));
}

function setMoments(slot: Slot, m: Tensor, v: Tensor): Moments {
  free(slot.moments);
  slot.moments = { m: keep(m), v: keep(v), pattern: slot.parameter.pattern?.share() ?? null };
  return slot.moments;
}

function free(moments: Moments | null): void {
  moments?.m.dispose();
  moments?.v.dispose();
  moments?.pattern?.dispose();
}
