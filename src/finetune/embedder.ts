import { chunks } from '../data/batches.ts';
import { encodeExamples } from '../data/index.ts';
import { embed } from '../models/index.ts';
import { checkOptions } from '../settings/index.ts';
import { featureExtraction, loadParts } from '../training/index.ts';
import { type Inputs, inputsOf } from './inputs.ts';
import { type FromPretrainedOptions, settingsFor } from './options.ts';
import { PretrainedModel } from './pretrained.ts';
import type { TypesOf } from './types.ts';

export interface EmbedTextsOptions {
  /** Divide each vector by its length. Default false. */
  readonly normalize?: boolean;
  /** Texts that are computed together. Default 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** A model that turns texts into vectors. It learns from pairs of texts that belong together, or from scores of pairs. */
export class Embedder extends PretrainedModel<TypesOf<typeof featureExtraction>> {
  /**
   * Loads an encoder without a head.
   *
   * @param nameOrPath a model folder, the name of an installed package, or `org/name` of the Hugging Face hub
   * @param options `pooling` is `mean` by default
   * @throws InputError if there is no such model, or it has fewer positions than `maxLength`
   */
  static async fromPretrained(nameOrPath: string, options: FromPretrainedOptions = {}): Promise<Embedder> {
    const settings = await settingsFor(featureExtraction, nameOrPath, options);
    return new Embedder(loadParts(featureExtraction, settings, null));
  }

  override get task(): 'feature-extraction' {
    return 'feature-extraction';
  }

  /** Returns the vector of a text, or of each of a list. @throws InputError for what is no text */
  embed(text: string, options?: EmbedTextsOptions): Promise<number[]>;
  embed(texts: readonly string[], options?: EmbedTextsOptions): Promise<number[][]>;
  async embed(given: Inputs<string>, options: EmbedTextsOptions = {}): Promise<number[] | number[][]> {
    checkOptions('embed', options, { normalize: true, batchSize: true, signal: true });
    const { normalize = false, batchSize = 32, signal } = options;
    const { encoder, pooling } = this.hold();
    const examples = inputsOf(given).map((text) => ({ text }));
    const items = encodeExamples(examples, this.tokenizer, this.settings.maxLength);
    const vectors: number[][] = [];
    for (const batch of chunks(items, batchSize)) {
      signal?.throwIfAborted();
      vectors.push(...(await embed(encoder, batch, { pooling, normalize })));
    }
    return Array.isArray(given) ? vectors : vectors[0];
  }
}
