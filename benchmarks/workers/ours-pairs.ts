import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { memory, noGrad, Random, type Tensor, tidy } from '../../src/index.ts';
import { causalKeys } from '../../src/models/causal-keys.ts';
import { argmax } from '../../src/models/generation/greedy-or-sampling.ts';
import { readScores } from '../../src/models/generation/scores.ts';
import {
  generate,
  holdBackbone,
  type PackedBatch,
  Pass,
  packSequences,
  parseEncoderDecoderConfig,
  Seq2SeqModel,
} from '../../src/models/index.ts';
import { ParameterPath } from '../../src/nn/index.ts';
import { indexSelect } from '../../src/ops/gather.ts';
import { holdModel, seq2seqLoss } from '../../src/training/index.ts';
import { sum } from '../statistics.ts';
import type { ModelSize, PairTask, WritingTask } from '../tasks.ts';
import { type Job, timed } from './job.ts';
import { mask, tokenId, weight } from './numbers.ts';
import { source, stepper } from './ours-model.ts';

/** All weights from the common formula; dropout is off. */
function build(size: ModelSize): Seq2SeqModel {
  const config = parseEncoderDecoderConfig({
    model_type: 'bart',
    vocab_size: size.vocabulary,
    d_model: size.hidden,
    encoder_layers: size.layers,
    decoder_layers: size.layers,
    encoder_attention_heads: size.heads,
    decoder_attention_heads: size.heads,
    encoder_ffn_dim: size.intermediate,
    decoder_ffn_dim: size.intermediate,
    max_position_embeddings: size.positions,
    dropout: 0,
  });
  return new Seq2SeqModel(ParameterPath.root(new Random(1), source), config);
}

const text = (batch: number, sequence: number, length: number, { vocabulary }: ModelSize): number[] =>
  Array.from({ length }, (_, i) => tokenId(batch, sequence, i, vocabulary));

export function trainPairs({ model: size, bottleneck, sparsity, pairs, backboneDtype = 'float32' }: PairTask): Job {
  const model = build(size);
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck }));
  for (const parameter of adapter.parameters) parameter.load(weight(parameter.name, parameter.size), null);
  for (const parameter of adapter.prunable) parameter.setMask(mask(parameter.name, parameter.size, sparsity));
  freezeBackbone(model, adapter);
  holdBackbone(model, backboneDtype);
  const batch = pairs.map(([read, written], s) => ({
    ids: text(0, s, read, size),
    targetIds: text(1, s, written, size),
  }));
  const trainer = stepper(adapter.parameters, (random) => seq2seqLoss(model, batch, random));
  return {
    run: async () => {
      const { seconds, result } = await timed(() => trainer.trainStep());
      return { seconds, value: result.loss };
    },
  };
}

/** Texts begin with the start token, and the end may not come before the last place. */
export function write({ model: size, sources, tokens, beams, cached, backboneDtype = 'float32' }: WritingTask): Job {
  const model = build(size);
  holdModel(model, backboneDtype, { isTrained: false });
  const read = sources.map((length, s) => text(0, s, length, size));
  const length = tokens + 1;
  const settings = { maxLength: length, minLength: length, numBeams: beams };
  const texts = async () =>
    cached
      ? (await generate(model, read, settings, { batchSize: read.length })).map(([{ ids }]) => ids)
      : writeAnew(model, read, length);
  return {
    run: async () => {
      const before = memory().bytes;
      const { seconds, result } = await timed(texts);
      if (memory().bytes !== before) throw new Error('The texts left tensors behind.');
      return { seconds, value: sum(result.flat()) };
    },
  };
}

/** Greedy search that computes the decoder's rows of all tokens in each step; the encoder's once. */
async function writeAnew(
  model: Seq2SeqModel,
  read: readonly (readonly number[])[],
  length: number,
): Promise<number[][]> {
  const { transformer: bart, config } = model;
  const pack = (texts: readonly (readonly number[])[]) =>
    packSequences(
      texts.map((ids) => ({ ids })),
      bart.positionIds,
    );
  const texts = read.map(() => [config.decoder_start_token_id]);
  const packed = pack(read);
  const encoded = noGrad(() => tidy(() => bart.encode(packed))); // [source rows, hidden]
  while (texts[0].length < length) {
    const scores = await readScores(noGrad(() => tidy(() => lastScores(model, encoded, packed, pack(texts)))));
    texts.forEach((ids, i) => {
      scores[i][config.eos_token_id] = Number.NEGATIVE_INFINITY;
      ids.push(argmax(scores[i], ids, i));
    });
  }
  encoded.dispose();
  return texts;
}

/** Scores of the token to come after each text, [texts, vocab]. */
function lastScores(model: Seq2SeqModel, encoded: Tensor, read: PackedBatch, written: PackedBatch): Tensor {
  const { transformer: bart } = model;
  const { queries, columns, select } = causalKeys(written);
  const pass = new Pass(read.offsets);
  const rows = {
    ...written,
    pass: new Pass(written.offsets),
    own: queries,
    columns: { queries: written.columns, keys: columns },
    source: { queryOffsets: written.offsets, causal: false },
  };
  const states = bart.decoder.hiddenStates(rows, {
    own: (_, own) => select(own),
    source: (index) => bart.decoder.projectSourceKV(index, encoded, read.keyCounts, pass),
  });
  const last = Array.from(written.offsets.subarray(1), (end) => end - 1);
  return model.logits(indexSelect(states[states.length - 1], last));
}
