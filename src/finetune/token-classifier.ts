import { checkOptions } from '../settings/index.ts';
import { findEntities, type LabelledSpan, loadParts, tokenClassification } from '../training/index.ts';
import { checkFields, checkLabels, type Inputs, inputsOf } from './inputs.ts';
import { type FromPretrainedOptions, settingsFor } from './options.ts';
import { PretrainedModel } from './pretrained.ts';
import type { TypesOf } from './types.ts';

/** A text, or the words of one. */
export type TokenClassifierInput = string | { readonly tokens: readonly string[] };

export interface TokenClassifyOptions {
  /** Texts that are computed together. Default 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

export interface TokenClassifierOptions extends FromPretrainedOptions {
  /** The tags. Left out: the checkpoint must have a head of its own, which is used. */
  readonly labels?: readonly string[];
}

/** A model that labels the words of texts and finds entities in them. */
export class TokenClassifier extends PretrainedModel<TypesOf<typeof tokenClassification>> {
  /**
   * Loads an encoder with a head for tags of words, that of its checkpoint where that has one for these tags, else a new one.
   *
   * @param nameOrPath a model folder, the name of an installed package, or `org/name` of the Hugging Face hub
   * @throws InputError if there is no such model, or it has no head and no labels are given
   */
  static async fromPretrained(nameOrPath: string, options: TokenClassifierOptions = {}): Promise<TokenClassifier> {
    const { labels, ...others } = options;
    checkLabels(labels);
    const settings = await settingsFor(tokenClassification, nameOrPath, others);
    return new TokenClassifier(loadParts(tokenClassification, settings, labels));
  }

  override get task(): 'token-classification' {
    return 'token-classification';
  }

  /**
   * Finds the entities in a text, or in each of a list of texts; where tags mark no entities, the tag of every word. Texts may be of any length.
   *
   * @returns places count UTF-16 code units of the text; in words that are given as `tokens`, with a space between each two
   * @throws InputError for what is neither a text nor a list of words
   */
  predict(input: TokenClassifierInput, options?: TokenClassifyOptions): Promise<LabelledSpan[]>;
  predict(inputs: readonly TokenClassifierInput[], options?: TokenClassifyOptions): Promise<LabelledSpan[][]>;
  async predict(
    given: Inputs<TokenClassifierInput>,
    options: TokenClassifyOptions = {},
  ): Promise<LabelledSpan[] | LabelledSpan[][]> {
    checkOptions('predict', options, { batchSize: true, signal: true });
    const { maxLength } = this.settings;
    const inputs = inputsOf(given).map((input) => {
      checkFields(input, ['tokens']);
      return typeof input === 'object' ? input?.tokens : input;
    });
    const found = await findEntities(this.hold(), this.tokenizer, inputs, { ...options, maxLength });
    return Array.isArray(given) ? found : found[0];
  }
}
