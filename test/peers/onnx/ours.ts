import { noGrad, type Tensor, tidy } from '../../../src/index.ts';
import type { PackedBatch, TokenSequence } from '../../../src/models/index.ts';
import {
  MultipleChoiceModel,
  packSequences,
  QuestionAnsweringModel,
  SentenceEncoder,
  Seq2SeqModel,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../../src/models/index.ts';
import type { Exported } from './models.ts';

/** The tokens of each text, cut as the folder says. */
export const encoded = ({ model, texts, pairs }: Exported, maxLength: number): TokenSequence[] =>
  texts.map((text, i) => {
    const { ids, typeIds } = model.tokenizer.encode(text, pairs?.[i] ?? null, { maxLength });
    return { ids, typeIds };
  });

/** For each output of the graph the numbers of each text: those of its tokens one after the other. */
export async function ourOutputs(
  { model }: Exported,
  sequences: readonly TokenSequence[],
): Promise<Record<string, number[][]>> {
  const { network } = model;
  const rowsOf = async (compute: (batch: PackedBatch) => Tensor, batch: PackedBatch, isOfTokens: boolean) => {
    const result = tidy(() => noGrad(() => compute(batch)));
    const width = result.shape[1] ?? 1;
    const values = Array.from(await result.data());
    const bounds = isOfTokens ? batch.offsets : Int32Array.from({ length: sequences.length + 1 }, (_, s) => s);
    return sequences.map((_, s) => values.slice(bounds[s] * width, bounds[s + 1] * width));
  };
  if (network instanceof Seq2SeqModel) throw new Error('BART is compared by what it writes.');
  if (
    !(network instanceof SequenceClassifier) &&
    !(network instanceof TokenClassificationModel) &&
    !(network instanceof QuestionAnsweringModel) &&
    !(network instanceof MultipleChoiceModel) &&
    !(network instanceof SentenceEncoder)
  ) {
    throw new Error('an unknown model');
  }
  const batch = packSequences(sequences, network.encoder.positionIds);
  if (network instanceof SentenceEncoder) {
    return { last_hidden_state: await rowsOf((own) => network.encoder.forward(own), batch, true) };
  }
  if (network instanceof QuestionAnsweringModel) {
    const both = await rowsOf((own) => network.forward(own), batch, true);
    const channel = (which: number) => both.map((values) => values.filter((_, i) => i % 2 === which));
    return { start_logits: channel(0), end_logits: channel(1) };
  }
  const isOfTokens = network instanceof TokenClassificationModel;
  return { logits: await rowsOf((own) => network.forward(own), batch, isOfTokens) };
}

/** The numbers of each text in an output [texts, ...] or [texts, length, ...] of a padded batch, without those of padding. */
export function unpadded(
  { dims, values }: { readonly dims: readonly number[]; readonly values: ArrayLike<number> },
  lengths: readonly number[],
  name: string,
): number[][] {
  const isOfTokens = dims.length > 2 || name.endsWith('_logits');
  const [width, perToken] = isOfTokens ? [dims.slice(1).reduce((a, b) => a * b, 1), dims[2] ?? 1] : [dims[1], 0];
  return lengths.map((length, s) =>
    Array.from(values).slice(s * width, s * width + (isOfTokens ? length * perToken : width)),
  );
}
