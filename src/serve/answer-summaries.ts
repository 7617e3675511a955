import { checkGenerationSettings, parseGenerationSettings, type SettingWords } from '../models/generation/settings.ts';
import { generationFrom } from '../models/index.ts';
import { generationSettings, targetLengthOf, writeTexts } from '../training/index.ts';
import type { TaskAnswers } from './task-answers.ts';
import type { SummaryOptions } from './task-inputs.ts';

/** Numbers keys that are like no other. */
let draws = 0;

/** Settings under the names of the caller's options, `max_length` for `maxLength`. The start token does not count as a new one. */
const wordsOf =
  (options: SummaryOptions): SettingWords =>
  (name, value) => {
    if (name === 'maxLength' && options.max_new_tokens != null) return `max_new_tokens ${value - 1}`;
    if (name === 'minLength' && options.min_new_tokens === value - 1) return `min_new_tokens ${value - 1}`;
    return `${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)} ${value}`;
  };

/** Summaries of texts. */
export const summaryAnswers: TaskAnswers<'summarization'> = {
  // Draws follow the number of a text in its batch: each draws alone, so that it does not matter what else is asked.
  key: (options) => JSON.stringify([Object.entries(options).sort(), options.do_sample ? draws++ : null]),

  async answer(model, asked, signal) {
    const { tokenizer, settings, random } = model;
    const network = model.hold();
    const ids = asked.map(({ input }) => tokenizer.encode(input, null, { maxLength: settings.maxLength }).ids);
    const [{ options: own }] = asked;
    const drawn = own.do_sample ? { numBeams: 1 } : {};
    const given = { ...generationFrom(settings), ...drawn, ...parseGenerationSettings({ ...own }, 'summarization') };
    const chosen = generationSettings(network, targetLengthOf(settings), given, tokenizer);
    checkGenerationSettings(chosen, network.config, wordsOf(own));
    const options = { batchSize: ids.length, signal, random: random.fork('generation') };
    const written = await writeTexts(network, tokenizer, ids, chosen, options);
    return written.map((texts) => texts.map(({ text }) => ({ summary_text: text })));
  },
};
