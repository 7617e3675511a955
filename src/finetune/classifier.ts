import { encodeExamples } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { checkOptions } from '../settings/index.ts';
import { classification, loadParts, predict, textsOf } from '../training/index.ts';
import { checkFields, checkLabels, type Inputs, inputsOf } from './inputs.ts';
import { type FromPretrainedOptions, settingsFor } from './options.ts';
import { PretrainedModel } from './pretrained.ts';
import type { TypesOf } from './types.ts';

const MULTI_LABEL = 'multi_label_classification';

/** A text, or a pair of texts. */
export type ClassifierInput = string | { readonly text: string; readonly textPair?: string };

/** The prediction for a text. */
export interface Classification {
  /** The name of the class; of a model of several numbers the name of one of them, of a model of one number null. */
  readonly label: string | null;
  /** The probability of the class, or the number that a model of numbers gives. */
  readonly score: number;
}

export interface ClassifyOptions {
  /** Texts that are computed together. Default 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

export interface PredictLabelsOptions extends ClassifyOptions {
  /** The probability from which on a label is predicted. Default: that of the run, 0.5 unless it says otherwise. */
  readonly threshold?: number;
}

export interface ClassifierOptions extends FromPretrainedOptions {
  /** The classes; null for numbers. Left out: the checkpoint must have a head of its own, which is used. */
  readonly labels?: readonly string[] | null;
}

/** A model of classes, or of numbers, for texts and pairs of texts. */
export class Classifier extends PretrainedModel<TypesOf<typeof classification>> {
  /**
   * Loads a classifier: an encoder with the head of its checkpoint where that has one for these labels, else with a new one.
   *
   * @param nameOrPath a model folder, the name of an installed package, or `org/name` of the Hugging Face hub
   * @throws InputError if there is no such model, or it has no head and no labels are given
   */
  static async fromPretrained(nameOrPath: string, options: ClassifierOptions = {}): Promise<Classifier> {
    const { labels, ...others } = options;
    checkLabels(labels);
    const settings = await settingsFor(classification, nameOrPath, others);
    const parts = loadParts(classification, settings, labels);
    const { problem } = parts.loaded.model;
    if (labels !== undefined || problem !== MULTI_LABEL) return new Classifier(parts);
    return new Classifier({ ...parts, settings: { ...settings, problemType: problem } });
  }

  override get task(): 'text-classification' {
    return 'text-classification';
  }

  /**
   * Classifies a text, or each of a list of texts. Where several labels can hold at once this is the likeliest;
   * {@link predictLabels} gives those that hold, {@link predictScores} all.
   *
   * @throws InputError for what is no text, for a pair where a run has learnt from a column of single texts or the other way round, and if the model gives several
   *   numbers
   */
  predict(input: ClassifierInput, options?: ClassifyOptions): Promise<Classification>;
  predict(inputs: readonly ClassifierInput[], options?: ClassifyOptions): Promise<Classification[]>;
  async predict(
    given: Inputs<ClassifierInput>,
    options: ClassifyOptions = {},
  ): Promise<Classification | Classification[]> {
    const { labels, outputs } = this.network;
    if (!labels && outputs.length > 1) {
      throw new InputError(
        `This model gives ${outputs.length} numbers for a text (${outputs.join(', ')}); use predictScores.`,
      );
    }
    const inputs = inputsOf(given);
    const all = await this.predictScores(inputs, options);
    const best = all.map((scores) => scores.reduce((a, b) => (b.score > a.score ? b : a)));
    return Array.isArray(given) ? best : best[0];
  }

  /**
   * Gives the labels of each text of a list with their probabilities, the likeliest first, where several can hold at once; none may.
   *
   * @throws InputError as {@link predict}, and for a model that gives one answer
   */
  async predictLabels(
    inputs: readonly ClassifierInput[],
    { threshold = this.settings.threshold ?? 0.5, ...options }: PredictLabelsOptions = {},
  ): Promise<Classification[][]> {
    if (this.network.problem !== MULTI_LABEL) {
      throw new InputError(`This model is for ${this.network.problem}, so a text has one answer; use predict.`);
    }
    const all = await this.predictScores(inputs, options);
    return all.map((scores) => scores.filter(({ score }) => score >= threshold).sort((a, b) => b.score - a.score));
  }

  /** Gives the scores of all classes of each text, in the order of the labels, or all numbers. */
  async predictScores(inputs: readonly ClassifierInput[], options: ClassifyOptions = {}): Promise<Classification[][]> {
    checkOptions('predict', options, { batchSize: true, signal: true });
    if (!Array.isArray(inputs)) throw new InputError('predictScores takes a list of texts.');
    const { tokenizer, settings } = this;
    const network = this.hold();
    for (const input of inputs) checkFields(input, ['text', 'textPair']);
    const examples = inputs.map((input) => (typeof input === 'string' ? { text: input } : input));
    checkTexts(examples, textsOf(settings));
    const items = encodeExamples(examples, tokenizer, settings.maxLength);
    const predictions = await predict(network, items, options);
    const names = network.labels ?? (network.outputs.length > 1 ? network.outputs : []);
    return predictions.map(({ logits, probabilities }) =>
      (probabilities ?? logits).map((score, i) => ({ label: names[i] ?? null, score })),
    );
  }
}

/** @param texts how many an example has that the model was trained on; null where that is not known */
function checkTexts(examples: readonly { readonly textPair?: string }[], texts: 1 | 2 | null): void {
  if (texts === null) return;
  const other = examples.findIndex((example) => (example?.textPair === undefined ? 1 : 2) !== texts);
  if (other === -1) return;
  const learnt = texts === 1 ? 'single texts' : 'pairs { text, textPair }';
  throw new InputError(
    `inputs[${other}] is ${texts === 1 ? 'a pair' : 'one text'}; the model was trained on ${learnt}.`,
  );
}
