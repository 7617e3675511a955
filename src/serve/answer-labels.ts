import type { TaskAnswers } from './task-answers.ts';

/** The likeliest labels of texts; all numbers of a model of numbers. */
export const labelAnswers: TaskAnswers<'text-classification'> = {
  key: () => '',

  async answer(model, asked, signal) {
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
