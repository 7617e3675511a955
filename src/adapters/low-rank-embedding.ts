import type { EmbeddingPoint, LookUp } from '../models/index.ts';
import { normalInit, type Parameter, type ParameterPath, zerosInit } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { indexSelect } from '../ops/gather.ts';
import { transpose } from '../ops/layout.ts';
import { linear } from '../ops/linear.ts';
import { matmul } from '../ops/matmul.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { EmbeddingModule } from './family.ts';
import { inFloats, type LowRankConfig } from './low-rank.ts';

/** Starting values of A and B: of `lora` those of PEFT, where A is 0, as a row of A is read alone. */
const inits = {
  lora: { a: zerosInit, b: normalInit(1) },
  bert: { a: normalInit(0.02), b: normalInit(0.02) },
} as const;

/** A change of low rank of one table of embeddings: row i becomes W_i + s · B A e_i, A [rank, rows], B [features, rank]. */
export class LowRankEmbedding implements EmbeddingModule {
  readonly a: Parameter;
  readonly b: Parameter;
  readonly #table: EmbeddingPoint['table'];
  readonly #scale: number;

  /** @param path the table in the tree of parameter names; they become PEFT's, `lora_embedding_A.<adapter>` */
  constructor(
    path: ParameterPath,
    { table }: EmbeddingPoint,
    adapter: string,
    { rank, init, scale }: Pick<LowRankConfig, 'rank' | 'init' | 'scale'>,
  ) {
    const [rows, features] = table.weight.shape;
    this.a = path.at('lora_embedding_A').parameter(adapter, [rank, rows], inits[init].a);
    this.b = path.at('lora_embedding_B').parameter(adapter, [features, rank], inits[init].b);
    this.#table = table;
    this.#scale = scale;
  }

  /** All that it trains. */
  get parameters(): Parameter[] {
    return [this.a, this.b];
  }

  forward(y: Tensor, { ids }: LookUp): Tensor {
    const inner = indexSelect(transpose(this.a.tensor()), ids, { paddingIdx: this.#table.paddingIdx }); // [rows, rank]
    return add(y, mul(linear(inner, this.b.matrix()), this.#scale));
  }

  /** The table that does the same. */
  merged(): [Parameter, Tensor][] {
    const { weight } = this.#table;
    const change = transpose(matmul(this.b.tensor(), this.a.tensor())); // [rows, features]
    return [[weight, add(inFloats(weight.tensor()), mul(change, this.#scale))]];
  }
}
