import assert from 'node:assert/strict';
import { suite } from 'uvu';
import type * as Bundle from '../../src/browser.ts';
import type * as Training from '../../src/browser-training.ts';
import type { BackendName } from '../../src/index.ts';

const test = suite('browser: the bundle');

/** A file of a bundle; where there is one file, it has everything. */
const load = (bundle: string, file: string) =>
  import(/* @vite-ignore */ new URL(`${bundle}/${file}.js`, location.href).href);
const loadTraining = (bundle: string): Promise<typeof Training> =>
  load(bundle, bundle === 'one-file' ? 'sparse-adapter' : 'training');

const bundle: typeof Bundle = await load('bundle', 'sparse-adapter');
const { attachAdapter, freezeBackbone, houlsby } = bundle.adapters;
const { Random, setBackend } = bundle;
const { ParameterPath } = bundle.nn;
const { isHeadParameter, parseEncoderConfig, SequenceClassifier } = bundle.models;
const { classificationObjective, Trainer, trainingOptions } = (await loadTraining('bundle')).training;

const config = {
  model_type: 'bert',
  vocab_size: 20,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 16,
  hidden_act: 'gelu',
  max_position_embeddings: 8,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
  hidden_dropout_prob: 0,
  attention_probs_dropout_prob: 0,
};

async function train(backend: BackendName): Promise<number[]> {
  await setBackend(backend);
  const model = new SequenceClassifier(ParameterPath.root(new Random(1)), parseEncoderConfig(config), {
    labels: ['a', 'b'],
  });
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 2 }));
  freezeBackbone(model, adapter, isHeadParameter);
  const items = [3, 4, 5, 6].map((id, i) => ({ ids: [1, id, 2], typeIds: [0, 0, 0], label: i % 2 }));
  const trainable = model.parameters().filter((parameter) => parameter.trainable);
  const options = trainingOptions({ learningRate: 0.05, epochs: 10, batchSize: 4 });
  const trainer = new Trainer(classificationObjective(model, items, trainable), options, new Random(1));
  const losses: number[] = [];
  while (!trainer.done) losses.push((await trainer.trainStep()).loss);
  return losses;
}

test('it trains, alike on every backend', async () => {
  const losses = [await train('reference'), await train('wasm'), await train('gpu')];
  assert.ok(Math.abs(losses[0][9] - losses[0][0]) > 1e-4, 'nothing was learned');
  for (let step = 0; step < 10; step++) {
    for (const own of losses) assert.ok(Math.abs(own[step] - losses[0][step]) <= 1e-4, `step ${step + 1}`);
  }
});

for (const name of ['bundle', 'one-file']) {
  test(`${name}: its worker computes too where memory can be shared`, async () => {
    const bundle: typeof Bundle = await load(name, 'sparse-adapter');
    const { matmul, Random, randomNormal, setBackend } = bundle;
    const backend = await setBackend('wasm', { threads: 2 });
    const random = new Random(1);
    const [a, b] = [randomNormal([256, 64], random), randomNormal([64, 256], random)];
    assert.ok((await matmul(a, b).data()).every(Number.isFinite));
    assert.match(backend.describe(), crossOriginIsolated ? /^2 threads,/ : /^1 thread /);
  });
}

for (const name of ['bundle', 'one-file']) {
  test(`${name}: tokenizers of other kinds, sparse products and weights in 8 bits are fetched`, async () => {
    const bundle: typeof Bundle = await load(name, 'sparse-adapter');
    const { prune } = (await loadTraining(name)).pruning;
    const bpe = { model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] } };
    assert.throws(() => new bundle.text.Tokenizer(bpe), /loadTokenizerKinds/);
    await bundle.text.loadTokenizerKinds();
    assert.deepEqual(new bundle.text.Tokenizer(bpe).encode('aba').ids, [2, 0]);

    await bundle.setBackend('wasm', { threads: 2 });
    assert.throws(() => bundle.SparsePattern.of([1, 0], [1, 2]), /loadSparse/);
    const matrix = new bundle.nn.Parameter(
      'w',
      Array.from({ length: 64 }, (_, i) => Math.cos(i)),
      [8, 8],
    );
    const parameters = [matrix];
    await prune({
      ...{ method: 'magnitude', sparsity: 0.5, parameters, random: new bundle.Random(1), losses: [] },
    });
    assert.deepEqual([matrix.value.shape, matrix.pattern?.kept], [[32], 32]);

    const layer = new bundle.nn.Linear(bundle.nn.ParameterPath.root(new bundle.Random(1)), 256, 512);
    layer.weight.trainable = false;
    const x = bundle.randomNormal([128, 256], new bundle.Random(2));
    const exact = await layer.forward(x).data();
    assert.throws(() => layer.weight.hold('int8'), /loadInt8/);
    await bundle.loadInt8();
    layer.weight.hold('int8');
    const rounded = await layer.forward(x).data();
    assert.ok(exact.every((y, i) => Math.abs(y - rounded[i]) < 0.1) && exact.some((y, i) => y !== rounded[i]));
  });
}

test.run();
