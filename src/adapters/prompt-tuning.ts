import { InputError } from '../errors.ts';
import type { Prompt } from '../models/index.ts';
import { normalInit, type Parameter } from '../nn/index.ts';
import { option, positiveInteger } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { defineFamily, type PromptModule } from './family.ts';

/** Trained rows [length, hidden] before the tokens of every sequence. */
export class TrainedPrompt implements Prompt, PromptModule {
  readonly rows: Parameter;

  constructor(rows: Parameter) {
    this.rows = rows;
  }

  get length(): number {
    return this.rows.shape[0];
  }

  tensor(): Tensor {
    return this.rows.tensor();
  }

  /** What comes later stands behind what is there. */
  forward(prompts: readonly (readonly Prompt[])[]): Prompt[][] {
    return prompts.map((own) => [...own, this]);
  }
}

/**
 * Prompt tuning (Lester et al., 2021): trained embeddings of virtual tokens before those of every text, which take its first positions; of an
 * encoder-decoder before those of the text that the encoder reads. What reads the first token, as BERT's pooler, reads the first of them. Starting values are N(0, 1), as in PEFT.
 */
export const promptTuning = defineFamily({
  kind: 'prompt-tuning',
  summary: 'trained embeddings before those of the text',
  options: {
    promptLength: option(positiveInteger, {
      description: 'virtual tokens before those of a text',
      placeholder: '<count>',
      default: 20,
    }),
  },
  title: ({ promptLength }) => `prompt-tuning ${promptLength}`,
  build: ({ name, points, at }, { promptLength }) => {
    const [point] = points.prompts ?? [];
    if (!point) throw new InputError('prompt-tuning: this model has no place for rows before the tokens of a text.');
    if (promptLength >= point.capacity) {
      throw new InputError(
        `prompt-tuning: promptLength ${promptLength} leaves no place for a text; the model has ${point.capacity}.`,
      );
    }
    const path = at(points.path).at('prompt_embeddings');
    const prompt = new TrainedPrompt(path.parameter(name, [promptLength, point.hiddenSize], normalInit(1)));
    return {
      prompts: new Map([[point, prompt]]),
      chains: { prompt: [[prompt.rows]] },
      held: ({ sequences }) => sequences * promptLength * point.hiddenSize,
    };
  },
});
