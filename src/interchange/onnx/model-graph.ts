import { InputError } from '../../errors.ts';
import type { ActivationName } from '../../ops/activations.ts';
import { type Initializer, OnnxGraph } from './graph.ts';
import type { OnnxDType } from './names.ts';
import {
  type DenseWeight,
  fitsFloat16,
  lazyFloats,
  quantizedColumns,
  quantizedTable,
  rowScales,
  transposedFloats,
} from './numbers.ts';

/** The weights of a model by name. */
export type ModelWeights = ReadonlyMap<string, DenseWeight>;

/** The inputs of integer products that a row of a graph has. */
interface QuantizedInput {
  readonly whole: string;
  readonly scale: string;
  readonly zero: string;
}

/** A graph in the words of a transformer: layers by the names of their weights, in a way to hold these. */
export class ModelGraph extends OnnxGraph {
  readonly #weights: ModelWeights;
  readonly #dtype: OnnxDType;
  readonly #used = new Set<string>();
  #quantized = new Map<string, QuantizedInput>();

  constructor(weights: ModelWeights, dtype: OnnxDType) {
    super();
    this.#weights = weights;
    this.#dtype = dtype;
  }

  /** Weights that are in the graph. */
  get used(): ReadonlySet<string> {
    return this.#used;
  }

  /** Returns whether there is a weight of this name. */
  has(name: string): boolean {
    return this.#weights.has(name);
  }

  /** @throws Error if there is none of this name */
  weight(name: string): DenseWeight {
    const weight = this.#weights.get(name);
    if (!weight) throw new Error(`There is no weight ${name} to export.`);
    this.#used.add(name);
    return weight;
  }

  /** A weight of any shape as float32. @returns its name */
  exact(name: string): string {
    const { shape, values } = this.weight(name);
    return this.floats(name, values, shape);
  }

  /** x Wᵀ + b with `<name>.weight` [out, in] and, if there is one, `<name>.bias`; [..., in] -> [..., out] */
  linear(x: string, name: string): string {
    const weight = `${name}.weight`;
    const product = this.#dtype === 'q8' ? this.#wholeProduct(x, weight) : this.#floatProduct(x, weight);
    return this.#shifted(product, name);
  }

  /** As {@link linear}, in float32 whatever the rest is held as: for adapters and heads, which are small. */
  exactLinear(x: string, name: string): string {
    const weight = `${name}.weight`;
    return this.#shifted(this.node('MatMul', [x, this.#transposed(weight, 'float32')]), name);
  }

  #shifted(product: string, name: string): string {
    const bias = `${name}.bias`;
    return this.has(bias) ? this.node('Add', [product, this.exact(bias)]) : product;
  }

  #floatProduct(x: string, weight: string): string {
    return this.node('MatMul', [x, this.#transposed(weight, this.#dtype === 'fp16' ? 'float16' : 'float32')]);
  }

  #transposed(name: string, type: 'float32' | 'float16'): string {
    const weight = this.weight(name);
    const [out, inner] = weight.shape;
    return this.#held(name, type, () => ({ shape: [inner, out], data: transposedFloats(weight, type) }));
  }

  /** A constant, with a node after it that makes float32 of float16. */
  #held(name: string, type: 'float32' | 'float16', make: () => Pick<Initializer, 'shape' | 'data'>): string {
    if (type === 'float32') return this.constant(name, () => ({ type, ...make() }));
    if (!fitsFloat16(this.weight(name).values)) {
      throw new InputError(
        `${name} has numbers that float16 cannot hold; write the other forms alone, fp32 and q8, with --dtype (dtype).`,
      );
    }
    return this.node('Cast', [this.constant(name, () => ({ type, ...make() }))], { to: { type: 'float32' } });
  }

  /** x W of whole numbers: those of x are found when it is known, for all of its rows together. */
  #wholeProduct(x: string, name: string): string {
    const weight = this.weight(name);
    const [out, inner] = weight.shape;
    const scales = rowScales(weight);
    const data = quantizedColumns(weight, scales);
    const matrix = this.constant(`${name}_quantized`, () => ({ type: 'int8', shape: [inner, out], data }));
    const { whole, scale, zero } = this.#quantizedInput(x);
    const sum = this.node('Cast', [this.node('MatMulInteger', [whole, matrix, zero])], { to: { type: 'float32' } });
    return this.node('Mul', [sum, this.node('Mul', [scale, this.floats(`${name}_scale`, scales, [out])])]);
  }

  #quantizedInput(x: string): QuantizedInput {
    const known = this.#quantized.get(x);
    if (known) return known;
    const [whole, scale, zero] = this.nodes('DynamicQuantizeLinear', [x], 3);
    const made = { whole, scale, zero };
    this.#quantized.set(x, made);
    return made;
  }

  override choice(condition: string, then: () => string, otherwise: () => string): string {
    const outer = this.#quantized;
    // What one branch makes is not there in the other, and not after them.
    const alone = (build: () => string) => () => {
      this.#quantized = new Map(outer);
      return build();
    };
    try {
      return super.choice(condition, alone(then), alone(otherwise));
    } finally {
      this.#quantized = outer;
    }
  }

  /** A whole weight as it is, such as a table [rows, features]. */
  table(name: string): string {
    const weight = this.weight(name);
    const { shape, values } = weight;
    const floats = (type: 'float32' | 'float16') =>
      this.#held(name, type, () => ({ shape, data: lazyFloats(() => values, values.length, type) }));
    return floats(this.#dtype === 'fp16' ? 'float16' : 'float32');
  }

  /** The rows of a table: [...] whole numbers -> [..., features] */
  embedding(ids: string, name: string): string {
    if (this.#dtype !== 'q8') return this.node('Gather', [this.table(name), ids]);
    return this.#dequantized(name, (table) => this.node('Gather', [table, ids]));
  }

  /** The rows of a table from one place to another, each one whole number [1]. */
  rows(name: string, start: string, end: string): string {
    const cut = (table: string) => this.node('Slice', [table, start, end, this.integers([0])]);
    return this.#dtype === 'q8' ? this.#dequantized(name, cut) : cut(this.table(name));
  }

  #dequantized(name: string, choose: (table: string) => string): string {
    const weight = this.weight(name);
    const { scale, zero, data } = quantizedTable(weight);
    const table = this.constant(`${name}_quantized`, () => ({ type: 'uint8', shape: weight.shape, data }));
    const at = this.constant(`${name}_zero`, () => ({ type: 'uint8', shape: [], data: Uint8Array.of(zero) }));
    return this.node('DequantizeLinear', [choose(table), this.floats(`${name}_scale`, Float32Array.of(scale), []), at]);
  }

  /** Layer normalisation over the last axis, with a bias if there is one. */
  layerNorm(x: string, name: string, eps: number): string {
    const numbers = ['weight', 'bias'].map((part) => `${name}.${part}`).filter((own) => this.has(own));
    const exact = numbers.map((own) => this.exact(own));
    return this.node('LayerNormalization', [x, ...exact], { axis: -1, epsilon: { float: eps } });
  }

  /** Scales x by `<name>.weight` over the root of the mean square of its last axis. */
  rmsNorm(x: string, name: string, eps: number): string {
    const mean = this.node('ReduceMean', [this.node('Mul', [x, x]), this.integers([-1])], { keepdims: 1 });
    const root = this.node('Sqrt', [this.node('Add', [mean, this.float(eps)])]);
    return this.node('Mul', [this.node('Div', [x, root]), this.exact(`${name}.weight`)]);
  }

  add(a: string, b: string): string {
    return this.node('Add', [a, b]);
  }

  /** Parts of one width of the last axis. */
  split(x: string, count: number): string[] {
    return this.nodes('Split', [x], count, { axis: -1, num_outputs: count });
  }

  /** Applies an activation by its name in configurations. */
  activation(name: ActivationName, x: string): string {
    switch (name) {
      case 'gelu':
        return this.node('Gelu', [x]);
      case 'gelu_fast':
      case 'gelu_new':
      case 'gelu_pytorch_tanh':
        return this.node('Gelu', [x], { approximate: 'tanh' });
      case 'relu':
        return this.node('Relu', [x]);
      case 'silu':
      case 'swish':
        return this.node('Mul', [x, this.node('Sigmoid', [x])]);
      case 'tanh':
        return this.node('Tanh', [x]);
    }
  }
}
