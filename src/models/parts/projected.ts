import type { ParameterPath } from '../../nn/index.ts';
import type { Random } from '../../random/random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { ProjectionPoint, type Prompt } from '../attachments.ts';
import { type PackedBatch, withRowsBefore } from '../batch.ts';
import type { EncoderConfig } from '../config.ts';
import type { EncoderEmbeddings } from '../encoder.ts';
import { Pass } from '../pass.ts';
import { lengthsOf } from '../prompts.ts';

/** Embeddings that a linear layer makes as wide as the layers. */
class ProjectedEmbeddings implements EncoderEmbeddings {
  readonly #tables: EncoderEmbeddings;
  readonly #projection: ProjectionPoint;

  constructor(tables: EncoderEmbeddings, projection: ProjectionPoint) {
    this.#tables = tables;
    this.#projection = projection;
  }

  get points(): EncoderEmbeddings['points'] {
    return { ...this.#tables.points, projection: [this.#projection] };
  }

  prompts(batch: PackedBatch): readonly (readonly Prompt[])[] {
    return this.#tables.prompts(batch);
  }

  forward(batch: PackedBatch, random?: Random): Tensor {
    const x = this.#tables.forward(batch, random); // [rows, embedding]
    const { offsets } = withRowsBefore(batch, lengthsOf(this.prompts(batch)));
    return this.#projection.forward(x, new Pass(offsets, random));
  }
}

/** Embeddings and the linear layer [hidden, embedding] after them, where both sizes differ or a model always has it. */
export function projected(
  tables: EncoderEmbeddings,
  path: ParameterPath,
  { hidden_size, embedding_size }: EncoderConfig & { readonly embedding_size: number },
  when: 'needed' | 'always' = 'needed',
): EncoderEmbeddings {
  if (when === 'needed' && embedding_size === hidden_size) return tables;
  return new ProjectedEmbeddings(tables, new ProjectionPoint(path, embedding_size, hidden_size));
}
