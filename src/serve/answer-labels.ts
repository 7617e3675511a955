import { InputError } from '../errors.ts';
import { textsOf } from '../training/index.ts';
import type { TaskAnswers } from './task-answers.ts';
import type { TextOrPair } from './task-inputs.ts';

/** The likeliest labels of texts; all numbers of a model of numbers. */
export const labelAnswers: TaskAnswers<'text-classification'> = {
  key: () => '',

  async answer(model, asked, signal) {
    const texts = textsOf(model.settings);
    for (const { input } of asked) checkTexts(input, texts);
    const inputs = asked.map(({ input }) =>
      typeof input === 'string' ? input : { text: input.text, textPair: input.text_pair },
    );
    const all = await model.predictScores(inputs, { batchSize: asked.length, signal });
    const isOfClasses = model.network.labels !== null;
    return all.map((scores, i) => {
      const { top_k = 1 } = asked[i].options;
      const named = scores.map(({ label, score }) => ({ label: label ?? 'LABEL_0', score }));
      return isOfClasses ? named.sort((a, b) => b.score - a.score).slice(0, top_k ?? named.length) : named;
    });
  },
};

/** @param texts how many each example had that the model was trained on; null where that is not known */
function checkTexts(input: TextOrPair, texts: 1 | 2 | null): void {
  const isPair = typeof input !== 'string' && input.text_pair !== undefined;
  if (texts === null || isPair === (texts === 2)) return;
  const learnt = texts === 1 ? 'single texts' : 'pairs { text, text_pair }';
  throw new InputError(`The input is ${isPair ? 'a pair' : 'one text'}; the model was trained on ${learnt}.`);
}
