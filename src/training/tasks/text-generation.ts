import { type Dataset, readTextPairs, type TextPair } from '../../data/index.ts';
import { loadSeq2Seq, type Seq2SeqModel, type SequencePair } from '../../models/index.ts';
import { Random } from '../../random/index.ts';
import { encodePairs, generationSettings, pairTokenCount, seq2seqLoss, writeTexts } from '../seq2seq.ts';
import { type DataSettings, runDefaults, type TextGenerationData } from '../settings.ts';
import type { Scores, Task } from '../task.ts';

const metrics = ['exact_match'];

/** The fraction of texts that are what they should be. */
const scoreTexts = (texts: readonly string[], targets: readonly string[]): Scores => ({
  exact_match: texts.filter((text, i) => text === targets[i]).length / texts.length,
});

const isTextGeneration = (data: DataSettings): data is TextGenerationData => data.kind === 'pairs';

/** The data settings of a run of this task. */
export function textData(data: DataSettings): TextGenerationData {
  if (isTextGeneration(data)) return data;
  throw new Error(`Data of the kind ${data.kind} have no texts to write.`);
}

/** A text to be written for a text, such as its summary. Evaluated by writing them. */
export const textGeneration: Task<{
  model: Seq2SeqModel;
  data: TextGenerationData;
  dataset: Dataset<TextPair, string>;
  item: SequencePair;
}> = {
  name: 'text generation',
  maxLength: runDefaults.maxLength,

  readTraining: ({ train, text, target }) => readTextPairs(train, { text, target }, metrics),
  readEvaluation: ({ eval: path, text, target }) =>
    path === null ? null : readTextPairs(path, { text, target }, metrics),
  load: ({ model }, _labels, random) => loadSeq2Seq(model, random),
  encode: ({ examples }, tokenizer, { maxLength, data }) =>
    encodePairs(examples, tokenizer, { maxLength, maxTargetLength: textData(data).maxTargetLength }),
  tokenCount: pairTokenCount,
  loss: seq2seqLoss,

  evaluation({ examples }, tokenizer, { maxLength, data, seed }) {
    const { maxTargetLength, generation } = textData(data);
    const ids = examples.map(({ text }) => tokenizer.encode(text, null, { maxLength }).ids);
    return {
      size: examples.length,
      scores: async (model, options) => {
        const settings = generationSettings(model, maxTargetLength, { ...generation, numReturnSequences: 1 });
        const random = new Random(seed).fork('generation');
        const texts = await writeTexts(model, tokenizer, ids, settings, { ...options, random });
        return scoreTexts(
          texts.map(([{ text }]) => text),
          examples.map(({ target }) => target),
        );
      },
    };
  },
};
