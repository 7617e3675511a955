import { Linear, type ParameterPath } from '../nn/index.ts';
import { add } from '../ops/arithmetic.ts';
import { gatherRows } from '../ops/gather.ts';
import { concat } from '../ops/layout.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** One forward pass over a packed batch, as attachment points see it. */
export interface Pass {
  /** [sequences + 1] the first row of each sequence, and the number of rows. */
  readonly offsets: Int32Array;
  /** Present while training: the source of dropout masks. */
  readonly random?: Random;
}

/** Changes a value on its way through the model, seeing what else there is at its site. */
export type Transform<Value, Site> = (value: Value, site: Site) => Value;

/** The rows of some sequences of a batch, in the order in which the sequences are given. */
function rowsOf({ offsets }: Pass, sequences: readonly number[]): Int32Array {
  return Int32Array.from(
    sequences.flatMap((s) => Array.from({ length: offsets[s + 1] - offsets[s] }, (_, i) => offsets[s] + i)),
  );
}

/** The same pass over some of its sequences. */
function partOf(pass: Pass, sequences: readonly number[]): Pass {
  const offsets = new Int32Array(sequences.length + 1);
  sequences.forEach((s, i) => {
    offsets[i + 1] = offsets[i] + pass.offsets[s + 1] - pass.offsets[s];
  });
  return { ...pass, offsets };
}

/**
 * A place in the model where adapters attach. The model hands over a value and takes back what comes of it; it knows nothing of
 * what is attached. With nothing attached the value passes as it is.
 */
export abstract class AttachmentPoint<Value, Site extends { readonly pass: Pass }> {
  /** The path of the module it belongs to, as in the checkpoint. */
  readonly name: string;
  attached: Transform<Value, Site> | null = null;

  constructor(name: string) {
    this.name = name;
  }

  /** Value and site of some sequences of the batch alone. */
  abstract select(value: Value, site: Site, sequences: readonly number[]): readonly [Value, Site];

  /** The values of disjoint groups of sequences, which together are all, in the order of the batch. */
  abstract merge(values: readonly Value[], site: Site, groups: readonly (readonly number[])[]): Value;

  protected transformed(value: Value, site: Site): Value {
    return this.attached ? this.attached(value, site) : value;
  }
}

/** [rows, ...] of groups of sequences, back in the order of the batch. */
function mergeRows(values: readonly Tensor[], pass: Pass, groups: readonly (readonly number[])[]): Tensor {
  const order = rowsOf(pass, groups.flat());
  const inverse = new Int32Array(order.length);
  order.forEach((row, i) => {
    inverse[row] = i;
  });
  return gatherRows(concat(values), inverse);
}

/** The end of a sublayer. */
export interface Sublayer {
  /** The input of the sublayer [rows, hidden], which the residual connection adds. */
  readonly x: Tensor;
  /** The pretrained layer normalisation that ends the sublayer. */
  readonly norm: (t: Tensor) => Tensor;
  readonly pass: Pass;
}

/**
 * The end of a sublayer, which results in norm(h + x). Its value is h [rows, hidden], the output of the sublayer's last dense
 * layer, after dropout.
 */
export class ResidualPoint extends AttachmentPoint<Tensor, Sublayer> {
  readonly sublayer: 'attention' | 'feedForward';
  readonly hiddenSize: number;

  constructor(name: string, sublayer: 'attention' | 'feedForward', hiddenSize: number) {
    super(name);
    this.sublayer = sublayer;
    this.hiddenSize = hiddenSize;
  }

  /** norm(h' + x) with what is attached making h' of h. */
  forward(h: Tensor, site: Sublayer): Tensor {
    return site.norm(add(this.transformed(h, site), site.x));
  }

  override select(h: Tensor, { x, norm, pass }: Sublayer, sequences: readonly number[]): [Tensor, Sublayer] {
    const rows = rowsOf(pass, sequences);
    return [gatherRows(h, rows), { x: gatherRows(x, rows), norm, pass: partOf(pass, sequences) }];
  }

  override merge(values: readonly Tensor[], { pass }: Sublayer, groups: readonly (readonly number[])[]): Tensor {
    return mergeRows(values, pass, groups);
  }
}

/** A linear layer seen from its output. */
export interface Projection {
  /** What the layer reads [rows, in]. */
  readonly x: Tensor;
  readonly pass: Pass;
}

/** A linear layer of the model. Its value is y = x Wᵀ + b [rows, out]. */
export class ProjectionPoint extends AttachmentPoint<Tensor, Projection> {
  readonly linear: Linear;

  constructor(path: ParameterPath, inFeatures: number, outFeatures: number) {
    super(path.prefix);
    this.linear = new Linear(path, inFeatures, outFeatures);
  }

  /** [rows, in] -> [rows, out] */
  forward(x: Tensor, pass: Pass): Tensor {
    return this.transformed(this.linear.forward(x), { x, pass });
  }

  override select(y: Tensor, { x, pass }: Projection, sequences: readonly number[]): [Tensor, Projection] {
    const rows = rowsOf(pass, sequences);
    return [gatherRows(y, rows), { x: gatherRows(x, rows), pass: partOf(pass, sequences) }];
  }

  override merge(values: readonly Tensor[], { pass }: Projection, groups: readonly (readonly number[])[]): Tensor {
    return mergeRows(values, pass, groups);
  }
}

/** The attachment points of a model, in the order of its layers. */
export interface AttachmentPoints {
  readonly residual: readonly ResidualPoint[];
  readonly projection: readonly ProjectionPoint[];
}
