import * as v from 'valibot';
import { chunks } from '../../data/batches.ts';
import { checkList, checkText } from '../../data/encode.ts';
import type { Dataset } from '../../data/examples.ts';
import { type ChoiceExample, readChoices } from '../../data/read-choices.ts';
import { InputError } from '../../errors.ts';
import { accuracy } from '../../metrics/classification.ts';
import { checkSequence } from '../../models/batch.ts';
import { packSequences, type TokenSequence } from '../../models/browser.ts';
import { MultipleChoiceModel, multipleChoiceRecipe } from '../../models/multiple-choice.ts';
import type { Random } from '../../random/index.ts';
import { examplesPart, type JudgedExample } from '../../report/examples-part.ts';
import { checkInstance, checkOptions, listOf, nonEmptyText, option, shown } from '../../settings/index.ts';
import { tidyInside } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Tokenizer } from '../../text/index.ts';
import { type LossOptions, type PredictOptions, scaleLogits, type Task } from '../task.ts';
import { textLength } from '../text-length.ts';
import { yieldToEvents } from '../yield.ts';

const COLUMNS = 'a column with lists, or two columns or more with commas between them';
const choiceColumns = v.pipe(
  v.union([v.pipe(listOf(nonEmptyText), v.minLength(1, COLUMNS)), nonEmptyText], COLUMNS),
  v.transform((names) => (typeof names === 'string' ? [names] : names)),
);

/** Settings of models that choose among answers. */
export const multipleChoiceSettings = {
  choices: option(choiceColumns, {
    description: 'column with the list of choices, or the columns with one each',
    placeholder: '<columns>',
    defaultText: 'choices, else ending0, ending1, ...',
    for: { task: ['multiple-choice'], known: ['own'] },
  }),
};

/** One of several choices that goes with a text. */
export const multipleChoice: Task<{
  model: MultipleChoiceModel;
  dataset: Dataset<ChoiceExample, 'accuracy'>;
  item: EncodedChoices;
}> = {
  name: 'multiple-choice',
  maxLength: 512,

  async read(source, split, columns) {
    const rows = source.open(split);
    return rows && readChoices(rows, columns);
  },

  choosesAmongOwn: true,
  lengths: ({ text, choices }, tokenizer, { maxLength }) =>
    choices.map((choice) => textLength(tokenizer, text, choice, maxLength)),

  recipe: ({ layeredHead }, _labels, { head, pooler }) => multipleChoiceRecipe(head, pooler, layeredHead),
  encode: ({ examples }, tokenizer, { maxLength }) => encodeChoices(examples, tokenizer, maxLength),
  tokenCount: ({ sequences }) => sequences.reduce((sum, { ids }) => sum + ids.length, 0),
  loss: choiceLoss,

  evaluation({ examples }, tokenizer, { maxLength }) {
    const items = encodeChoices(examples, tokenizer, maxLength);
    const targets = items.map(targetOf);
    return {
      size: items.length,
      async judge(model, options) {
        const predictions = await predictChoices(model, items, options);
        const values = predictions.map(({ value }) => value);
        const errors = predictions.flatMap(({ value, probabilities }, i): JudgedExample[] => {
          const { text, choices } = examples[i];
          if (value === targets[i]) return [];
          return [
            { texts: [text], expected: choices[targets[i]], predicted: choices[value], value: probabilities[value] },
          ];
        });
        const part = examplesPart('Most confident errors', errors, { measure: 'probability' });
        return { scores: { accuracy: accuracy(values, targets) }, parts: errors.length > 0 ? [part] : [] };
      },
    };
  },
};

/** The choices of an example as token ids: the text with each of them, in their order. */
export interface EncodedChoices {
  readonly sequences: readonly TokenSequence[];
  /** The number of the right one. */
  readonly label?: number;
}

/**
 * Turns examples into token ids.
 *
 * @param maxLength the largest number of ids of a text with one choice, special tokens included
 * @throws InputError naming the example: a text or a choice that is no string, fewer choices than two, a label that is none of them
 */
export function encodeChoices(
  examples: readonly ChoiceExample[],
  tokenizer: Tokenizer,
  maxLength: number,
): EncodedChoices[] {
  checkList('examples', examples);
  return examples.map((example: Partial<ChoiceExample> | null, i) => {
    const { text, choices, label } = example ?? {};
    checkText(`examples[${i}].text`, text);
    checkList(`examples[${i}].choices`, choices);
    if (choices.length < 2)
      throw new InputError(`examples[${i}] has ${choices.length} choices; it must have two or more.`);
    if (label !== undefined && !(Number.isInteger(label) && label >= 0 && label < choices.length)) {
      throw new InputError(
        `examples[${i}].label is ${shown(label)}; it must be the number of a choice, from 0 to ${choices.length - 1}.`,
      );
    }
    const sequences = choices.map((choice, c) => {
      checkText(`examples[${i}].choices[${c}]`, choice);
      const { ids, typeIds } = tokenizer.encode(text, choice, { maxLength });
      return { ids, typeIds };
    });
    return { sequences, label };
  });
}

/** @throws InputError if the right choice is not known */
function targetOf({ label }: EncodedChoices, i: number): number {
  if (label === undefined) throw new InputError(`example ${i} has no label, which training and evaluation need.`);
  return label;
}

/** The mean loss of a batch; with `random`, dropout is on. */
export function choiceLoss(
  model: MultipleChoiceModel,
  batch: readonly EncodedChoices[],
  random?: Random,
  { temperature = 1 }: LossOptions = {},
): Tensor {
  const targets = batch.map(targetOf);
  const packed = packChoices(model, batch);
  const counts = batch.map(({ sequences }) => sequences.length);
  return tidyInside(() => model.loss(scaleLogits(model.forward(packed, random), temperature), counts, targets));
}

const packChoices = ({ encoder }: MultipleChoiceModel, batch: readonly EncodedChoices[]) =>
  packSequences(
    batch.flatMap(({ sequences }) => sequences),
    encoder.positionIds,
  );

/** The prediction for one example. */
export interface ChoicePrediction {
  /** The number of the choice with the largest logit, the first of equal ones. */
  readonly value: number;
  /** One for each choice. */
  readonly logits: readonly number[];
  /** softmax(logits) */
  readonly probabilities: readonly number[];
}

/**
 * Predictions in the order of the examples.
 *
 * @throws InputError naming an example that does not fit the model, and if the model's output is not finite
 */
export async function predictChoices(
  model: MultipleChoiceModel,
  items: readonly EncodedChoices[],
  options: PredictOptions = {},
): Promise<ChoicePrediction[]> {
  checkInstance('predictChoices', 'model', model, MultipleChoiceModel);
  checkOptions('predictChoices', options);
  const { batchSize = 32, onBatch, signal } = options;
  for (const [i, { sequences }] of items.entries()) {
    for (const sequence of sequences) checkSequence(`items[${i}]`, sequence, model.config.vocab_size);
  }
  const predictions: ChoicePrediction[] = [];
  for (const batch of chunks(items, batchSize)) {
    await yieldToEvents();
    signal?.throwIfAborted();
    const values = Array.from(await model.read(batch.flatMap(({ sequences }) => sequences)));
    let first = 0;
    for (const { sequences } of batch) {
      predictions.push(predictionOf(values.slice(first, first + sequences.length)));
      first += sequences.length;
    }
    onBatch?.(predictions.length);
  }
  return predictions;
}

function predictionOf(logits: readonly number[]): ChoicePrediction {
  const largest = Math.max(...logits);
  const weights = logits.map((logit) => Math.exp(logit - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { value: logits.indexOf(largest), logits, probabilities: weights.map((weight) => weight / total) };
}
