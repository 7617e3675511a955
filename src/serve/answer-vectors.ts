import { tokenRows } from '../models/batch.ts';
import { embed } from '../models/index.ts';
import { indexSelect } from '../ops/gather.ts';
import { yieldToEvents } from '../training/yield.ts';
import type { Numbers } from './outputs.ts';
import type { TaskAnswers } from './task-answers.ts';
import type { VectorOptions } from './task-inputs.ts';
import { rowsOf } from './token-rows.ts';

/** The pooling that is computed for all tokens first, or by the model. */
const computedAs = ({ pooling = 'none' }: VectorOptions): 'mean' | 'cls' | 'none' => {
  if (pooling === 'mean') return 'mean';
  return pooling === 'cls' || pooling === 'first_token' ? 'cls' : 'none';
};

/** The vectors of texts, or of their tokens. */
export const vectorAnswers: TaskAnswers<'feature-extraction'> = {
  key: (options) => `${computedAs(options)} ${options.normalize ?? false}`,

  async answer(model, asked, signal) {
    const { tokenizer, settings } = model;
    const { encoder } = model.hold();
    const sequences = asked.map(({ input }) => tokenizer.encode(input, null, { maxLength: settings.maxLength }));
    const [{ options }] = asked;
    const pooling = computedAs(options);
    await yieldToEvents();
    signal?.throwIfAborted();
    if (pooling !== 'none') {
      const vectors = await embed(encoder, sequences, { pooling, normalize: options.normalize ?? false });
      return vectors.map((vector) => ({ dims: [vector.length], data: Float32Array.from(vector) }));
    }
    const width = encoder.config.hidden_size;
    const states = await encoder.read(sequences, (hidden, batch) => indexSelect(hidden, tokenRows(batch)));
    return rowsOf(states, sequences, width).map((data, i) => {
      const tokens = sequences[i].ids.length;
      const { pooling: asks = 'none' } = asked[i].options;
      const isLast = asks === 'last_token' || asks === 'eos';
      const rows = isLast ? data.slice((tokens - 1) * width) : data;
      const own: Numbers = { dims: isLast ? [width] : [tokens, width], data: rows };
      return options.normalize ? normalized(own) : own;
    });
  },
};

/** Divides each row by its length. */
function normalized({ dims, data }: Numbers): Numbers {
  const width = dims[dims.length - 1];
  const rows = data.slice();
  for (let start = 0; start < rows.length; start += width) {
    const row = rows.subarray(start, start + width);
    const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
    if (length > 0) for (let i = 0; i < width; i++) row[i] /= length;
  }
  return { dims, data: rows };
}
