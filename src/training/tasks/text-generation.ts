import { type Dataset, readTextPairs, type TextPair } from '../../data/index.ts';
import { InputError } from '../../errors.ts';
import { droppedLetters, meanRouge } from '../../metrics/index.ts';
import { generationFrom, loadSeq2Seq, type Seq2SeqModel, type SequencePair } from '../../models/index.ts';
import { Random } from '../../random/index.ts';
import { encodePairs, generationSettings, pairTokenCount, seq2seqLoss, writeTexts } from '../seq2seq.ts';
import type { ColumnSettings, Task } from '../task.ts';
import { targetLengthOf } from './text-generation-settings.ts';

/** Of XSum the paper gives the second. */
const metrics = ['rouge2', 'rouge1', 'rougeL', 'rougeLsum'] as const;

type Pairs = Dataset<TextPair, (typeof metrics)[number]>;

/** With a warning where the scores will mean little. */
function judged({ rougeTokenizer }: ColumnSettings, pairs: Pairs): Pairs {
  const warning = droppedLetters(
    pairs.examples.map(({ target }) => target),
    rougeTokenizer,
  );
  return warning ? { ...pairs, warnings: [...pairs.warnings, warning] } : pairs;
}

/** A text to be written for a text, such as its summary. A model is judged by the texts that it writes. */
export const textGeneration: Task<{
  model: Seq2SeqModel;
  dataset: Pairs;
  item: SequencePair;
}> = {
  name: 'text2text-generation',
  maxLength: 512,

  async read(source, split, columns) {
    const rows = source.open(split);
    if (!rows) return null;
    const [text, second] = [columns.text ?? []].flat();
    if (second !== undefined) throw new InputError('text names two columns; it is one, with the text to read.');
    const pairs = await readTextPairs(rows, { ...columns, text }, metrics);
    return split === 'train' ? pairs : judged(columns, pairs);
  },

  load: ({ model }, _labels, random, { shared, head }) => loadSeq2Seq(model, random, shared, { head }),
  encode: ({ examples }, tokenizer, { maxLength, ...settings }) =>
    encodePairs(examples, tokenizer, { maxLength, maxTargetLength: targetLengthOf(settings) }),
  tokenCount: pairTokenCount,
  loss: seq2seqLoss,

  evaluation({ examples }, tokenizer, { maxLength, seed, rougeTokenizer, ...asked }) {
    const ids = examples.map(({ text }) => tokenizer.encode(text, null, { maxLength }).ids);
    return {
      size: examples.length,
      scores: async (model, options) => {
        const settings = generationSettings(model, targetLengthOf(asked), {
          ...generationFrom(asked),
          numReturnSequences: 1,
        });
        const random = new Random(seed).fork('generation');
        const texts = await writeTexts(model, tokenizer, ids, settings, { ...options, random });
        const scores = meanRouge(
          texts.map(([{ text }]) => text),
          examples.map(({ target }) => target),
          { stemmer: true, tokenizer: rougeTokenizer, onWarning: () => {} }, // told when the data were read
        );
        return Object.fromEntries(metrics.map((name) => [name, scores[name]]));
      },
    };
  },
};
