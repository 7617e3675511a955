/// <reference lib="esnext.disposable" preserve="true" />
import * as v from 'valibot';
import { encodeExamples } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { fetchModel } from '../io/index.ts';
import {
  type BertModel,
  type EncoderConfig,
  embed,
  loadEncoder,
  longestSequence,
  type Pooling,
} from '../models/index.ts';
import { type HeldDType, heldDTypes, type Parameter } from '../nn/index.ts';
import { Random } from '../random/index.ts';
import { checkOptions, oneOf, openFields, parseWith, positiveInteger } from '../settings/index.ts';
import type { Tokenizer } from '../text/index.ts';
import { backboneWarnings, checkBackbone, classification, tokenizerOf } from '../training/index.ts';
import { checkName, type Inputs, inputsOf } from './inputs.ts';

export interface EmbedderOptions {
  /** Tokens per text, special tokens included. Default 512, or less if the model has fewer positions. */
  readonly maxLength?: number;
  /** The mean of the tokens, or the first one. Default `mean`. */
  readonly pooling?: Pooling;
  /** How frozen matrices of linear layers are held; `int8` is faster and smaller. Default `float32`. */
  readonly backboneDtype?: HeldDType;
}

const embedderFields = openFields({
  maxLength: v.optional(positiveInteger),
  pooling: v.optional(oneOf(['cls', 'mean'])),
  backboneDtype: v.optional(oneOf(heldDTypes), 'float32'),
});

export interface EmbedOptions {
  /** Divide each vector by its length. Default false. */
  readonly normalize?: boolean;
}

/** A model that turns texts into vectors. It has no loss yet, so it cannot be trained. */
export class Embedder {
  readonly task = 'feature-extraction';
  readonly network: BertModel;
  readonly tokenizer: Tokenizer;
  readonly config: EncoderConfig;
  /** Assumptions that were made, one line each. */
  readonly warnings: readonly string[];
  readonly #parameters: readonly Parameter[];
  readonly #maxLength: number;
  readonly #pooling: Pooling;

  private constructor(loaded: ReturnType<typeof loadEncoder>, maxLength: number, pooling: Pooling, dtype: HeldDType) {
    const warnings = [...loaded.warnings, ...backboneWarnings(dtype)];
    this.network = loaded.model;
    this.config = loaded.config;
    this.tokenizer = tokenizerOf(loaded, (warning) => warnings.push(warning));
    this.warnings = warnings;
    this.#parameters = loaded.parameters;
    this.#maxLength = maxLength;
    this.#pooling = pooling;
  }

  /**
   * Loads an encoder without a head.
   *
   * @param nameOrPath a model folder, the name of an installed package, or `org/name` of the Hugging Face hub
   * @throws InputError if there is no such model, or it has fewer positions than `maxLength`
   */
  static async fromPretrained(nameOrPath: string, options: EmbedderOptions = {}): Promise<Embedder> {
    checkName(nameOrPath);
    checkOptions('fromPretrained', options, { maxLength: true, pooling: true, backboneDtype: true });
    const { maxLength, pooling = 'mean', backboneDtype } = parseWith(embedderFields, options, 'fromPretrained');
    checkBackbone(backboneDtype);
    const loaded = loadEncoder(await fetchModel(nameOrPath), new Random(0), { backboneDtype });
    const longest = longestSequence(loaded.config);
    if (maxLength !== undefined && maxLength > longest) {
      throw new InputError(`max length ${maxLength} exceeds the ${longest} positions of ${nameOrPath}; lower it.`);
    }
    return new Embedder(loaded, maxLength ?? Math.min(classification.maxLength, longest), pooling, backboneDtype);
  }

  /** Returns the vector of a text, or of each of a list. @throws InputError for what is no text */
  embed(text: string, options?: EmbedOptions): Promise<number[]>;
  embed(texts: readonly string[], options?: EmbedOptions): Promise<number[][]>;
  async embed(given: Inputs<string>, options: EmbedOptions = {}): Promise<number[] | number[][]> {
    checkOptions('embed', options, { normalize: true });
    const { normalize = false } = options;
    const examples = inputsOf(given).map((text) => ({ text }));
    const items = encodeExamples(examples, this.tokenizer, this.#maxLength);
    const vectors = await embed(this.network, items, { pooling: this.#pooling, normalize });
    return Array.isArray(given) ? vectors : vectors[0];
  }

  /** Frees the memory of all parameters; the model cannot be used any more. */
  dispose(): void {
    for (const parameter of this.#parameters) parameter.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
