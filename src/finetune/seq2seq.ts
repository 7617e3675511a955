import { type GenerationSettings, generationFrom } from '../models/index.ts';
import { generationSettings, loadParts, targetLengthOf, textGeneration, writeTexts } from '../training/index.ts';
import { type Inputs, inputsOf } from './inputs.ts';
import { type FromPretrainedOptions, settingsFor } from './options.ts';
import { PretrainedModel } from './pretrained.ts';
import type { TypesOf } from './types.ts';

/** A text that a model has written. */
export interface GeneratedText {
  readonly generatedText: string;
  /** The mean log-probability of its tokens, by the length penalty's measure; null without beams. */
  readonly score: number | null;
}

/** Options of generation; what is left out is as the checkpoint says. */
export interface GenerateOptions extends Partial<Omit<GenerationSettings, 'numReturnSequences'>> {
  /** Inputs that are computed together. Default 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** A sequence-to-sequence model: generates text for each input, such as its summary. */
export class Seq2Seq extends PretrainedModel<TypesOf<typeof textGeneration>> {
  /**
   * Loads an encoder-decoder such as BART.
   *
   * @param nameOrPath a model folder, the name of an installed package, or `org/name` of the Hugging Face hub
   * @throws InputError if there is no such model
   */
  static async fromPretrained(nameOrPath: string, options: FromPretrainedOptions = {}): Promise<Seq2Seq> {
    const settings = await settingsFor(textGeneration, nameOrPath, options);
    return new Seq2Seq(loadParts(textGeneration, settings, null));
  }

  override get task(): 'text2text-generation' {
    return 'text2text-generation';
  }

  /** Generates text for an input, or for each of a list. @throws InputError for what is no text, and settings that do not fit */
  predict(input: string, options?: GenerateOptions): Promise<GeneratedText>;
  predict(inputs: readonly string[], options?: GenerateOptions): Promise<GeneratedText[]>;
  async predict(
    given: Inputs<string>,
    { batchSize, signal, ...asked }: GenerateOptions = {},
  ): Promise<GeneratedText | GeneratedText[]> {
    const { tokenizer, random } = this;
    const network = this.hold();
    const { maxLength } = this.settings;
    const ids = inputsOf(given).map((text) => tokenizer.encode(text, null, { maxLength }).ids);
    const own = { ...generationFrom(this.settings), ...asked };
    const settings = generationSettings(network, targetLengthOf(this.settings), own, tokenizer);
    const options = { batchSize, signal, random: random.fork('generation') };
    const written = await writeTexts(network, tokenizer, ids, settings, options);
    const best = written.map(([{ text: generatedText, score }]) => ({ generatedText, score }));
    return Array.isArray(given) ? best : best[0];
  }
}
