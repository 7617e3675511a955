/**
 * A training step of BART-large with adapters on random numbers: does it fit in the 4 GiB of the linear memory, and how long does
 * it take? `node benchmarks/bart-memory.ts [pairs] [source tokens] [target tokens] [bottleneck] [steps]`
 */
import { attachAdapter, freezeBackbone } from '../src/adapters/index.ts';
import type { StoredNumbers } from '../src/backends/stored.ts';
import { memory, Random } from '../src/index.ts';
import { parseEncoderDecoderConfig, Seq2SeqModel, type SequencePair } from '../src/models/index.ts';
import { ParameterPath, type WeightSource } from '../src/nn/index.ts';
import { sizeOf } from '../src/tensor/shape.ts';
import { objectiveOf, pairTokenCount, seq2seqLoss, Trainer, trainingOptions } from '../src/training/browser.ts';

const [pairs = 4, sourceLength = 512, targetLength = 128, bottleneck = 64, steps = 2] = process.argv
  .slice(2)
  .map(Number);

/** `facebook/bart-large`. */
const config = parseEncoderDecoderConfig({
  model_type: 'bart',
  vocab_size: 50265,
  d_model: 1024,
  encoder_layers: 12,
  decoder_layers: 12,
  encoder_attention_heads: 16,
  decoder_attention_heads: 16,
  encoder_ffn_dim: 4096,
  decoder_ffn_dim: 4096,
  max_position_embeddings: 1024,
  activation_function: 'gelu',
});

/** Matrices as float16 between ±1/32 and ±1/64, norms near 1. */
const block = new Random('weights');
const f16 = Uint16Array.from({ length: 1 << 16 }, () => (block.integer(2) << 15) | (9 << 10) | block.integer(1024));
const randomF16 = (length: number): StoredNumbers => ({
  dtype: 'F16',
  length,
  readInto: (target, begin) => {
    const bytes = new Uint8Array(f16.buffer);
    for (let done = 0; done < target.length; ) {
      const from = (begin + done) % bytes.length;
      const part = bytes.subarray(from, Math.min(bytes.length, from + target.length - done));
      target.set(part, done);
      done += part.length;
    }
  },
});
const source: WeightSource = {
  has: () => true,
  take: (name, shape) =>
    shape.length === 2 && name !== 'final_logits_bias'
      ? randomF16(sizeOf(shape))
      : new Float32Array(sizeOf(shape)).fill(/norm\w*\.weight$/.test(name) ? 1 : 0),
};

const mebibytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
const model = new Seq2SeqModel(ParameterPath.root(new Random(0), source), config);
console.log(`model               ${mebibytes(memory().bytes)} of the linear memory`);

const adapter = attachAdapter(model, { kind: 'houlsby', bottleneck });
freezeBackbone(model, adapter);
const random = new Random('tokens');
const text = (length: number) => Array.from({ length }, () => 4 + random.integer(50000));
const items: SequencePair[] = Array.from({ length: pairs }, () => ({
  ids: text(sourceLength),
  targetIds: text(targetLength),
}));
const learner = { tokenCount: pairTokenCount, loss: seq2seqLoss };
const trainer = new Trainer(
  objectiveOf(learner, model, items, adapter.parameters),
  trainingOptions({ epochs: steps, batchSize: pairs }),
  new Random(1),
);
const tokens = items.reduce((sum, item) => sum + pairTokenCount(item), 0);
while (!trainer.done) {
  const start = performance.now();
  const { step, loss } = await trainer.trainStep();
  const seconds = (performance.now() - start) / 1000;
  const most = mebibytes(process.resourceUsage().maxRSS * 1024);
  console.log(
    `step ${step}              loss ${loss.toFixed(3)}, ${seconds.toFixed(1)} s, ${Math.round(tokens / seconds)} tokens/s, ` +
      `at most ${most} in the process`,
  );
}
