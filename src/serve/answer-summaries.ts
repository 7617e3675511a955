import { parseGenerationSettings } from '../models/generation/settings.ts';
import { generationFrom } from '../models/index.ts';
import { generationSettings, targetLengthOf, writeTexts } from '../training/index.ts';
import type { TaskAnswers } from './task-answers.ts';

/** Numbers keys that are like no other. */
let draws = 0;

/** Summaries of texts. */
export const summaryAnswers: TaskAnswers<'summarization'> = {
  // Draws follow the number of a text in its batch: each draws alone, so that it does not matter what else is asked.
  key: (options) => JSON.stringify([Object.entries(options).sort(), options.do_sample ? draws++ : null]),

  async answer(model, asked, signal) {
    const { tokenizer, settings, random } = model;
    const network = model.hold();
    const ids = asked.map(({ input }) => tokenizer.encode(input, null, { maxLength: settings.maxLength }).ids);
    const chosen = generationSettings(network, targetLengthOf(settings), {
      ...generationFrom(settings),
      ...parseGenerationSettings({ ...asked[0].options }, 'summarization'),
    });
    const options = { batchSize: ids.length, signal, random: random.fork('generation') };
    const written = await writeTexts(network, tokenizer, ids, chosen, options);
    return written.map((texts) => texts.map(({ text }) => ({ summary_text: text })));
  },
};
