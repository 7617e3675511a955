import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type AdapterSettings, attachAdapter, freezeBackbone } from '../../src/adapters/index.ts';
import { grad, hvp, noGrad, Random, setBackend, tidy } from '../../src/index.ts';
// It makes known the families that only files bring.
import '../../src/interchange/browser.ts';
import { serializeSafetensors } from '../../src/io/index.ts';
import {
  generate,
  loadSeq2Seq,
  packSequences,
  parseEncoderDecoderConfig,
  randomWeights,
  type Seq2SeqModel,
} from '../../src/models/index.ts';
import { bucketOf } from '../../src/models/parts/relative-bias.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { liven } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import {
  type TinyName,
  tinyEncoderDecoder,
  tinyEncoderDecoders,
  tinyWeights,
} from '../support/tiny-encoder-decoders.ts';
import { toTensor } from '../support/values.ts';

const test = suite('models: encoder-decoders beside BART');

const names = Object.keys(tinyEncoderDecoders) as TinyName[];
const pairs = [
  { ids: [5, 7, 6, 9, 2], targetIds: [8, 4, 2] },
  { ids: [3, 2], targetIds: [11, 3, 5, 7, 2] },
];

const adapters: AdapterSettings[] = [
  { kind: 'houlsby', bottleneck: 2 },
  { kind: 'parallel', bottleneck: 2, init: 'bert' },
  { kind: 'prefix', prefixLength: 2, prefixBottleneck: 3 },
  { kind: 'lora', rank: 2, init: 'bert', targetModules: ['query', 'value', 'intermediate.dense', 'output.dense'] },
  { kind: 'ia3' },
  { kind: 'loha', rank: 1 },
];

/** Runs on float64 loops, then goes back to the fast backend. */
async function inFloat64(body: () => void): Promise<void> {
  await setBackend('reference', { dtype: 'float64' });
  try {
    tidy(body);
  } finally {
    await setBackend('wasm');
  }
}

function adapted(name: TinyName, settings: AdapterSettings) {
  const model = tinyEncoderDecoder(name);
  const adapter = attachAdapter(model, settings);
  liven(adapter);
  freezeBackbone(model, adapter);
  const batch = model.pack(pairs);
  return { adapter, loss: () => model.loss(model.forward(batch), batch) };
}

for (const name of names) {
  test(`${name}: gradients and their gradients through every kind of adapter agree with differences`, async () => {
    for (const settings of adapters) {
      await inFloat64(() => {
        const { adapter, loss } = adapted(name, settings);
        const random = new Random('direction');
        const leaves = () => adapter.parameters.map(({ value }) => value);
        const directions = adapter.parameters.map(({ size }) => Array.from({ length: size }, () => random.normal()));
        const vectors = leaves().map((value, i) =>
          toTensor(value.backend, { shape: value.shape, values: directions[i] }),
        );
        const along = (some: readonly ArrayLike<number>[]) =>
          some.reduce(
            (sum, values, i) => sum + Array.from(values).reduce((part, x, j) => part + x * directions[i][j], 0),
            0,
          );
        const gradients = () => grad(loss(), leaves()).map((g) => g.dataSync());
        const [slope, curve] = [along(gradients()), along(hvp(loss, leaves(), vectors).map((h) => h.dataSync()))];
        const start = adapter.parameters.map(({ value }) => value.dataSync());
        const at = (epsilon: number) => {
          adapter.parameters.forEach((parameter, i) => {
            parameter.load(
              start[i].map((x, j) => x + epsilon * directions[i][j]),
              null,
            );
          });
          return { loss: loss().item(), slope: along(gradients()) };
        };
        const [above, below] = [at(1e-5), at(-1e-5)];
        const near = (got: number, exact: number, what: string) =>
          assert.ok(
            Math.abs(got - exact) < 1e-6 * Math.max(1, Math.abs(exact)),
            `${settings.kind} ${what}: ${got}, ${exact}`,
          );
        near((above.loss - below.loss) / 2e-5, slope, 'gradient');
        near((above.slope - below.slope) / 2e-5, curve, 'Hessian');
      });
    }
  });

  test(`${name}: a text has the same bits in every batch, read and written, and is what a whole pass gives`, async () => {
    const model = tinyEncoderDecoder(name);
    const sources = pairs.map(({ ids }) => ids);
    for (const settings of [{ maxLength: 7 }, { maxLength: 6, numBeams: 3 }]) {
      const together = await generate(model, sources, settings);
      const alone = (await Promise.all(sources.map((ids) => generate(model, [ids], settings)))).flat();
      assert.deepEqual(together, alone);
    }
    const [[{ ids }]] = await generate(model, sources.slice(0, 1), { maxLength: 7 });
    assert.deepEqual(ids, greedily(model, sources[0], ids.length));
  });

  test(`${name}: new weights are those that its checkpoints have, and load from a folder`, () => {
    const config = { ...tinyEncoderDecoders[name] };
    const fresh = randomWeights(config, new Random(1));
    const tensors = [...fresh, ...tinyEncoderDecoder(name).constants].map(({ name: tensor, shape }) => ({
      ...{ name: tensor, dtype: 'F32' as const, shape },
      data: tinyWeights(name).take(tensor, shape) as Float32Array,
    }));
    const folder = temporaryFolder({
      'config.json': JSON.stringify(config),
      'model.safetensors': serializeSafetensors(tensors),
    });
    const { model, ignored, warnings } = loadSeq2Seq(folder, new Random(2));
    assert.deepEqual([ignored, warnings], [[], []]);
    const logits = (some: Seq2SeqModel) => tidy(() => Array.from(some.forward(some.pack(pairs)).dataSync()));
    assert.deepEqual(logits(model), logits(tinyEncoderDecoder(name)));
  });
}

/** The tokens that are the likeliest after each other, by passes over all of them. */
function greedily(model: Seq2SeqModel, ids: readonly number[], length: number): number[] {
  const { positionIds } = model.transformer;
  const tokens = [model.config.decoder_start_token_id];
  while (tokens.length < length) {
    const [source, target] = [ids, tokens].map((some) => packSequences([{ ids: some }], positionIds));
    const logits = tidy(() => noGrad(() => model.forward({ source, target }).dataSync()));
    const last = Array.from(logits.slice(-model.config.decoder_vocab_size));
    tokens.push(last.indexOf(Math.max(...last)));
  }
  return tokens;
}

test('a masked position between others, and one after them, change nothing for the rest', () => {
  for (const name of names) {
    const model = tinyEncoderDecoder(name);
    tidy(() => {
      const target = packSequences([{ ids: [3, 4] }], model.transformer.positionIds);
      const plain = packSequences([{ ids: [5, 6, 2] }], model.transformer.positionIds);
      const values = (source: typeof plain) => Array.from(model.transformer.forward(source, target).dataSync());
      const expected = values(plain);
      const longer = packSequences([{ ids: [5, 6, 2, 9] }], model.transformer.positionIds);
      const shape = [expected.length];
      assertClose(
        { shape, values: values({ ...longer, keyCounts: Int32Array.of(3) }) },
        { shape, values: expected },
        1e-6,
      );
    });
  }
});

test('buckets of distances: near ones alone, farther ones by their logarithm, all of the farthest in one', () => {
  const sides = { count: 8, farthest: 20, isTwoSided: true };
  assert.deepEqual(
    [-30, -20, -6, -3, -2, -1, 0, 1, 2, 6, 30].map((distance) => bucketOf(distance, sides)),
    [3, 3, 2, 2, 2, 1, 0, 5, 6, 6, 7],
  );
  const past = { ...sides, isTwoSided: false };
  assert.deepEqual(
    [5, 0, -1, -3, -4, -5, -9, -19, -20, -99].map((distance) => bucketOf(distance, past)),
    [0, 0, 1, 3, 4, 4, 6, 7, 7, 7],
  );
});

test('what transformers saves of the perceptron of a T5 goes before the words that it was made of', () => {
  const kindOf = (changes: object) => parseEncoderDecoderConfig({ ...tinyEncoderDecoders.t5, ...changes });
  const saved = { feed_forward_proj: 'relu', dense_act_fn: 'gelu_new', is_gated_act: true };
  assert.deepEqual(kindOf(saved), kindOf({ feed_forward_proj: 'gated-gelu' }));
});

test('what a configuration says otherwise is refused by name', () => {
  const wrong: [TinyName, Record<string, unknown>, RegExp][] = [
    ['mbart', { normalize_before: false }, /normalize_before/],
    ['marian', { static_position_embeddings: false }, /static_position_embeddings/],
    ['marian', { decoder_vocab_size: 5 }, /decoder_vocab_size/],
    ['t5', { feed_forward_proj: 'gated-none' }, /feed_forward_proj.*gated-/],
    ['t5', { relative_attention_num_buckets: 1 }, /relative_attention_num_buckets/],
  ];
  for (const [name, change, message] of wrong) {
    assertInputError(() => parseEncoderDecoderConfig({ ...tinyEncoderDecoders[name], ...change }), message);
  }
});

test('files of OPUS-MT name the size of the vocabulary where learned positions would have more rows', () => {
  const { warnings } = parseEncoderDecoderConfig({ ...tinyEncoderDecoders.marian, extra_pos_embeddings: 20 });
  assert.deepEqual(warnings, []);
});

test('a table for each side has its own tokens, and the decoder writes its own', () => {
  const changes = {
    share_encoder_decoder_embeddings: false,
    decoder_vocab_size: 7,
    decoder_start_token_id: 0,
    pad_token_id: 1,
  };
  const model = tinyEncoderDecoder('marian', changes);
  const tables = model.parameters().filter(({ name }) => name.includes('embed_tokens'));
  assert.deepEqual(
    tables.map(({ shape }) => shape[0]),
    [20, 7],
  );
  const batch = model.pack([{ ids: [15, 2], targetIds: [6, 0] }]);
  assert.equal(
    tidy(() => model.forward(batch).shape[1]),
    7,
  );
});

test.run();
