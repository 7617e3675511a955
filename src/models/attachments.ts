import { Embedding, type Initializer, Linear, type ParameterPath, UnbiasedLinear } from '../nn/index.ts';
import { add } from '../ops/arithmetic.ts';
import { indexSelect } from '../ops/gather.ts';
import { concat } from '../ops/layout.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { offsetsOf, type Pass, rowsOf } from './pass.ts';

/** Changes a value on its way through the model, seeing what else there is at its site. */
export type Transform<Value, Site> = (value: Value, site: Site) => Value;

/**
 * A place in the model where adapters attach. The model passes a value and gets a new one; it does not depend on
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

/** Returns the place of each sequence of the batch among groups of sequences that lie one after the other. */
function places(groups: readonly (readonly number[])[]): number[] {
  const order = groups.flat();
  const inverse = new Array<number>(order.length);
  order.forEach((s, place) => {
    inverse[s] = place;
  });
  return inverse;
}

/** [rows, ...] of groups of sequences, back in the order of the batch. */
function mergeRows(values: readonly Tensor[], pass: Pass, groups: readonly (readonly number[])[]): Tensor {
  return indexSelect(concat(values), rowsOf(offsetsOf(pass.offsets, groups.flat()), places(groups)));
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

  /** Whether what is attached makes the result of the sublayer, and not h. */
  isEnded = false;

  /** norm(h' + x) with what is attached making h' of h, or what is attached makes instead. */
  forward(h: Tensor, site: Sublayer): Tensor {
    const changed = this.transformed(h, site);
    return this.isEnded ? changed : this.result(changed, site);
  }

  /** norm(h + x) */
  result(h: Tensor, { x, norm }: Sublayer): Tensor {
    return norm(add(h, x));
  }

  override select(h: Tensor, { x, norm, pass }: Sublayer, sequences: readonly number[]): [Tensor, Sublayer] {
    const rows = rowsOf(pass.offsets, sequences);
    return [indexSelect(h, rows), { x: indexSelect(x, rows), norm, pass: pass.part(sequences) }];
  }

  override merge(values: readonly Tensor[], { pass }: Sublayer, groups: readonly (readonly number[])[]): Tensor {
    return mergeRows(values, pass, groups);
  }
}

/** A linear layer seen from its output. */
export interface Projection {
  /** The input of the layer [rows, in]. */
  readonly x: Tensor;
  readonly pass: Pass;
}

/** A linear layer of the model. Its value is y = x Wᵀ + b [rows, out], or x Wᵀ. */
export class ProjectionPoint extends AttachmentPoint<Tensor, Projection> {
  readonly linear: Linear | UnbiasedLinear;

  /** @param options.bias whether it has one, default true; `first` draws the matrix */
  constructor(
    path: ParameterPath,
    inFeatures: number,
    outFeatures: number,
    { bias = true, first }: { readonly bias?: boolean; readonly first?: Initializer } = {},
  ) {
    super(path.prefix);
    this.linear = bias
      ? new Linear(path, inFeatures, outFeatures, { weight: first })
      : new UnbiasedLinear(path, inFeatures, outFeatures, first);
    path.hold(this.linear.weight);
  }

  /** [rows, in] -> [rows, out] */
  forward(x: Tensor, pass: Pass): Tensor {
    return this.transformed(this.linear.forward(x), { x, pass });
  }

  override select(y: Tensor, { x, pass }: Projection, sequences: readonly number[]): [Tensor, Projection] {
    const rows = rowsOf(pass.offsets, sequences);
    return [indexSelect(y, rows), { x: indexSelect(x, rows), pass: pass.part(sequences) }];
  }

  override merge(values: readonly Tensor[], { pass }: Projection, groups: readonly (readonly number[])[]): Tensor {
    return mergeRows(values, pass, groups);
  }
}

/** The keys and values that the queries of an attention see. */
export interface KeysAndValues {
  /** [key rows, hidden] */
  readonly key: Tensor;
  /** [key rows, hidden] */
  readonly value: Tensor;
  /** [sequences + 1] the first key row of each sequence, and the number of key rows. */
  readonly offsets: Int32Array;
  /** [sequences] the number of key rows of a sequence that are seen, from its first. */
  readonly counts: Int32Array;
}

/** The site of an attention. */
export interface AttentionSite {
  readonly pass: Pass;
}

/** The keys and values of an attention, between their projections and the scores. */
export class AttentionPoint extends AttachmentPoint<KeysAndValues, AttentionSite> {
  /**
   * To which of the model's stacks of attentions it belongs: an encoder alone has one, `self`. What adapters have once for a
   * stack they have for its attentions in the order of layers.
   */
  readonly stack: string;
  readonly hiddenSize: number;

  constructor(name: string, stack: string, hiddenSize: number) {
    super(name);
    this.stack = stack;
    this.hiddenSize = hiddenSize;
  }

  forward(seen: KeysAndValues, pass: Pass): KeysAndValues {
    return this.transformed(seen, { pass });
  }

  override select(
    { key, value, offsets, counts }: KeysAndValues,
    { pass }: AttentionSite,
    sequences: readonly number[],
  ): [KeysAndValues, AttentionSite] {
    const rows = rowsOf(offsets, sequences);
    const seen = {
      key: indexSelect(key, rows),
      value: indexSelect(value, rows),
      offsets: offsetsOf(offsets, sequences),
      counts: Int32Array.from(sequences, (s) => counts[s]),
    };
    return [seen, { pass: pass.part(sequences) }];
  }

  /** A sequence may have got other numbers of keys in each group. */
  override merge(
    values: readonly KeysAndValues[],
    _site: AttentionSite,
    groups: readonly (readonly number[])[],
  ): KeysAndValues {
    const together = concatenated(values);
    const order = places(groups);
    const rows = rowsOf(together.offsets, order);
    return {
      key: indexSelect(together.key, rows),
      value: indexSelect(together.value, rows),
      offsets: offsetsOf(together.offsets, order),
      counts: Int32Array.from(order, (place) => together.counts[place]),
    };
  }
}

/** The sequences of all parts, one part after the other. */
function concatenated(parts: readonly KeysAndValues[]): KeysAndValues {
  const offsets = [0];
  for (const part of parts) {
    const start = offsets[offsets.length - 1];
    for (const end of part.offsets.subarray(1)) offsets.push(start + end);
  }
  return {
    key: concat(parts.map(({ key }) => key)),
    value: concat(parts.map(({ value }) => value)),
    offsets: Int32Array.from(offsets),
    counts: Int32Array.from(parts.flatMap(({ counts }) => [...counts])),
  };
}

/** The positions of tokens before their embeddings are looked up. Its value has one for each row of the batch. */
export class PositionPoint extends AttachmentPoint<Int32Array, AttentionSite> {
  /** The stack of attentions between these tokens. */
  readonly stack: string;

  constructor(name: string, stack: string) {
    super(name);
    this.stack = stack;
  }

  forward(ids: Int32Array, pass: Pass): Int32Array {
    return this.transformed(ids, { pass });
  }

  override select(ids: Int32Array, { pass }: AttentionSite, sequences: readonly number[]): [Int32Array, AttentionSite] {
    return [rowsOf(pass.offsets, sequences).map((row) => ids[row]), { pass: pass.part(sequences) }];
  }

  override merge(
    values: readonly Int32Array[],
    { pass }: AttentionSite,
    groups: readonly (readonly number[])[],
  ): Int32Array {
    const together = values.flatMap((ids) => [...ids]);
    return rowsOf(offsetsOf(pass.offsets, groups.flat()), places(groups)).map((row) => together[row]);
  }
}

/** Rows that an adapter has before the tokens of a sequence, in the place of the embeddings of tokens. */
export interface Prompt {
  /** The number of rows. */
  readonly length: number;
  /** [length, hidden] */
  tensor(): Tensor;
}

/** What stands before the tokens of each sequence, where positions begin. Its value has a list for each sequence of the batch. */
export class PromptPoint extends AttachmentPoint<readonly (readonly Prompt[])[], AttentionSite> {
  readonly hiddenSize: number;
  /** How many tokens a sequence can have, with the rows before them. */
  readonly capacity: number;

  constructor(name: string, hiddenSize: number, capacity: number) {
    super(name);
    this.hiddenSize = hiddenSize;
    this.capacity = capacity;
  }

  /** The prompts of each sequence, none where nothing is attached. */
  forward(pass: Pass): readonly (readonly Prompt[])[] {
    return this.transformed(
      Array.from({ length: pass.offsets.length - 1 }, () => []),
      { pass },
    );
  }

  override select(
    prompts: readonly (readonly Prompt[])[],
    { pass }: AttentionSite,
    sequences: readonly number[],
  ): [readonly (readonly Prompt[])[], AttentionSite] {
    return [sequences.map((s) => prompts[s]), { pass: pass.part(sequences) }];
  }

  override merge(
    values: readonly (readonly (readonly Prompt[])[])[],
    _site: AttentionSite,
    groups: readonly (readonly number[])[],
  ): readonly (readonly Prompt[])[] {
    const together = values.flat();
    return places(groups).map((place) => together[place]);
  }
}

/** A table of embeddings seen from its output. */
export interface LookUp {
  /** [rows] the rows of the table. */
  readonly ids: Int32Array;
  readonly pass: Pass;
}

/** A table of embeddings of the model. Its value is [rows, features], for each row of the batch the row of the table. */
export class EmbeddingPoint extends AttachmentPoint<Tensor, LookUp> {
  readonly table: Embedding;

  /** @param paddingIdx see `Embedding` */
  constructor(path: ParameterPath, rows: number, features: number, paddingIdx?: number) {
    super(path.prefix);
    this.table = new Embedding(path, rows, features, paddingIdx);
  }

  /** ids [rows] -> [rows, features] */
  forward(ids: Int32Array, pass: Pass): Tensor {
    return this.transformed(this.table.forward(ids), { ids, pass });
  }

  override select(y: Tensor, { ids, pass }: LookUp, sequences: readonly number[]): [Tensor, LookUp] {
    const rows = rowsOf(pass.offsets, sequences);
    return [indexSelect(y, rows), { ids: rows.map((row) => ids[row]), pass: pass.part(sequences) }];
  }

  override merge(values: readonly Tensor[], { pass }: LookUp, groups: readonly (readonly number[])[]): Tensor {
    return mergeRows(values, pass, groups);
  }
}

/** The paths of a model's layers, in their order: `bert.encoder.layer.0`. */
export function layersOf({ residual, projection, attention }: AttachmentPoints): string[] {
  const layers = [...residual, ...projection, ...attention].flatMap(({ name }) => layerOf(name) ?? []);
  return [...new Set(layers)];
}

const layerOf = (name: string): string | undefined =>
  /^(?:.*?\.)?(?:layers?|block|albert_layers)\.\d+(?=\.)/.exec(name)?.[0];

/** The attachment points of a model, in the order of its layers. */
export interface AttachmentPoints {
  /** The path of the model, where adapters put what belongs to no point: `bert`. */
  readonly path: string;
  readonly residual: readonly ResidualPoint[];
  readonly projection: readonly ProjectionPoint[];
  readonly attention: readonly AttentionPoint[];
  /** None where positions are not looked up, or cannot be changed. */
  readonly positions?: readonly PositionPoint[];
  /** None where nothing can stand before the tokens. */
  readonly prompts?: readonly PromptPoint[];
  /** None where tables of embeddings are as they are. */
  readonly embedding?: readonly EmbeddingPoint[];
}
