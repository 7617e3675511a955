import type { ChoiceExample } from '../data/read-choices.ts';
import { checkOptions } from '../settings/index.ts';
import { encodeChoices, loadParts, multipleChoice, predictChoices } from '../training/index.ts';
import { checkFields, type Inputs, inputsOf } from './inputs.ts';
import { type FromPretrainedOptions, settingsFor } from './options.ts';
import { PretrainedModel } from './pretrained.ts';
import type { TypesOf } from './types.ts';

/** A text and the choices that may go with it. */
export type ChoiceInput = Pick<ChoiceExample, 'text' | 'choices'>;

/** The choice that a model makes. */
export interface Chosen {
  /** Its number among the choices, from 0. */
  readonly choice: number;
  readonly answer: string;
  /** Its probability among them. */
  readonly score: number;
}

export interface ChoosingOptions {
  /** Examples that are computed together. Default 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** A model that chooses among answers. */
export class MultipleChoice extends PretrainedModel<TypesOf<typeof multipleChoice>> {
  /**
   * Loads an encoder with a head that scores choices, that of its checkpoint or a new one.
   *
   * @param nameOrPath a model folder, the name of an installed package, or `org/name` of the Hugging Face hub
   * @throws InputError if there is no such model
   */
  static async fromPretrained(nameOrPath: string, options: FromPretrainedOptions = {}): Promise<MultipleChoice> {
    const settings = await settingsFor(multipleChoice, nameOrPath, options);
    return new MultipleChoice(loadParts(multipleChoice, settings, null));
  }

  override get task(): 'multiple-choice' {
    return 'multiple-choice';
  }

  /** Chooses for a text, or for each of a list. {@link predictScores} gives the scores of all choices. @throws InputError for what has no choices */
  predict(input: ChoiceInput, options?: ChoosingOptions): Promise<Chosen>;
  predict(inputs: readonly ChoiceInput[], options?: ChoosingOptions): Promise<Chosen[]>;
  async predict(given: Inputs<ChoiceInput>, options: ChoosingOptions = {}): Promise<Chosen | Chosen[]> {
    const all = await this.predictScores(inputsOf(given), options);
    const best = all.map((scores) => scores.reduce((a, b) => (b.score > a.score ? b : a)));
    return Array.isArray(given) ? best : best[0];
  }

  /** Gives the scores of all choices of each input, in their order. */
  async predictScores(inputs: readonly ChoiceInput[], options: ChoosingOptions = {}): Promise<Chosen[][]> {
    checkOptions('predict', options, { batchSize: true, signal: true });
    for (const input of inputs) checkFields(input, ['text', 'choices']);
    const items = encodeChoices(inputs, this.tokenizer, this.settings.maxLength);
    const predictions = await predictChoices(this.hold(), items, options);
    return predictions.map(({ probabilities }, i) =>
      probabilities.map((score, choice) => ({ choice, answer: inputs[i].choices[choice], score })),
    );
  }
}
