import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import { parseSafetensors, serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import {
  type EncoderConfig,
  type HeadOptions,
  type Loaded,
  loadClassifier,
  loadEncoder,
  packSequences,
  type SequenceClassifier,
} from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { useBackend } from '../support/on-backend.ts';
import { float16Bits } from '../support/stored.ts';
import { tinyBert, tinyFolder, tinyRoberta, tinyTensors } from '../support/tiny-model.ts';

const test = suite('models: loading');
useBackend(test, 'reference');

const ids = [2, 14, 8, 18, 3];
const labelled = ({ labels }: EncoderConfig): HeadOptions => ({ labels });

/** The last hidden states that the encoder of a folder gives. */
function hidden(folder: string): Float32Array {
  const { model } = loadEncoder(folder, new Random(1));
  return Float32Array.from(model.forward(packSequences([{ ids }], model.positionIds)).dataSync());
}

function logits({ model }: Loaded<SequenceClassifier>): number[] {
  return Array.from(model.forward(packSequences([{ ids }], model.encoder.positionIds)).dataSync());
}

const renamed = (tensors: readonly TensorData[], rename: (name: string) => string): TensorData[] =>
  tensors.map((tensor) => ({ ...tensor, name: rename(tensor.name) }));

for (const config of [tinyBert, tinyRoberta]) {
  const family = String(config.model_type);

  test(`${family}: every tensor of a checkpoint is used`, () => {
    const folder = tinyFolder({ config });
    const { ignored, initialized, model, ...loaded } = loadEncoder(folder, new Random(1));
    assert.deepEqual([ignored, initialized, loaded.folder], [[], [], folder]);
    assert.equal(model.points.residual.length, 4);
    assert.ok(hidden(folder).every(Number.isFinite));
  });

  test(`${family}: the older spellings give the same model`, () => {
    const tensors = tinyTensors(config);
    const expected = hidden(tinyFolder({ config, tensors }));
    const spellings: ((name: string) => string)[] = [
      (name) => name.replace(`${family}.`, ''),
      (name) => name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
    ];
    for (const rename of [...spellings, (name: string) => spellings.reduce((old, spelling) => spelling(old), name)]) {
      const folder = tinyFolder({ config, tensors: renamed(tensors, rename) });
      assert.deepEqual(loadEncoder(folder, new Random(1)).ignored, []);
      assert.deepEqual(hidden(folder), expected);
    }
  });

  test(`${family}: a checkpoint brings its head, or one is initialised and named`, () => {
    const trained = { ...config, id2label: { 0: 'no', 1: 'maybe', 2: 'yes' } };
    const withHead = loadClassifier(
      tinyFolder({ config: trained, tensors: tinyTensors(config, 3) }),
      new Random(1),
      labelled,
    );
    assert.deepEqual(withHead.model.labels, ['no', 'maybe', 'yes']);
    assert.deepEqual([withHead.initialized, withHead.ignored], [[], []]);

    const without = (seed: number) => loadClassifier(tinyFolder({ config: trained }), new Random(seed), labelled);
    const head =
      family === 'bert'
        ? ['bert.pooler.dense.weight', 'bert.pooler.dense.bias', 'classifier.weight', 'classifier.bias']
        : [
            'classifier.dense.weight',
            'classifier.dense.bias',
            'classifier.out_proj.weight',
            'classifier.out_proj.bias',
          ];
    assert.deepEqual(without(1).initialized, head);
    assert.deepEqual(logits(without(1)), logits(without(1)));
    assert.notDeepEqual(logits(without(1)), logits(without(2)));
  });
}

test('tensors without a use are reported', () => {
  const more: TensorData[] = [
    { name: 'bert.embeddings.position_ids', dtype: 'I64', shape: [1, 2], data: new Uint8Array(16) },
    { name: 'cls.predictions.bias', dtype: 'F32', shape: [1], data: Float32Array.of(1) },
  ];
  const folder = tinyFolder({ tensors: [...tinyTensors(tinyBert, 2), ...more] });
  const head = ['bert.pooler.dense.bias', 'bert.pooler.dense.weight', 'classifier.bias', 'classifier.weight'];
  assert.deepEqual(
    loadEncoder(folder, new Random(1)).ignored.toSorted(),
    [...more.map(({ name }) => name), ...head].toSorted(),
  );
  assert.deepEqual(
    loadClassifier(folder, new Random(1), () => ({ labels: ['a', 'b'] })).ignored.toSorted(),
    more.map(({ name }) => name),
  );
});

const query = 'bert.encoder.layer.1.attention.self.query.weight';

test('a missing tensor is an error that names it', () => {
  const tensors = tinyTensors().filter(({ name }) => name !== query);
  assertInputError(
    () => loadEncoder(tinyFolder({ tensors }), new Random(1)),
    /model\.safetensors: there is no tensor "bert\.encoder\.layer\.1\.attention\.self\.query\.weight"/,
  );
});

test('a misshapen tensor is an error that names it and both shapes', () => {
  const tensors = tinyTensors().map((tensor): TensorData => {
    const data = new Float32Array(15 * 16);
    return tensor.name === query ? { name: query, dtype: 'F32', shape: [15, 16], data } : tensor;
  });
  assertInputError(
    () => loadEncoder(tinyFolder({ tensors }), new Random(1)),
    /query\.weight" has shape \[15, 16\], the model needs \[16, 16\]; use the config\.json that belongs/,
  );
  assertInputError(
    () => loadEncoder(tinyFolder({ config: { ...tinyBert, vocab_size: 31 }, tensors: tinyTensors() }), new Random(1)),
    /word_embeddings\.weight" has shape \[30, 16\], the model needs \[31, 16\]/,
  );
});

const bfloat16Bits = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0] >>> 16;

for (const [dtype, toBits, precision] of [
  ['F16', float16Bits, 2 ** -11],
  ['BF16', bfloat16Bits, 2 ** -7],
] as const) {
  test(`weights stored as ${dtype} are read as the numbers they are`, () => {
    const stored = serializeSafetensors(
      tinyTensors().map(({ name, shape, data }): TensorData => {
        const bits = Uint16Array.from(data as Float32Array, toBits);
        return { name, dtype, shape, data: new Uint8Array(bits.buffer) };
      }),
    );
    const file = parseSafetensors(stored, dtype);
    const rounded = tinyTensors().map(({ name, shape, data }): TensorData => {
      const values = file.readFloat32(name);
      values.forEach((value, i) => {
        const x = (data as Float32Array)[i];
        assert.ok(Math.abs(value - x) <= precision * Math.abs(x) + 2 ** -14, `${name}: ${value} for ${x}`);
      });
      return { name, dtype: 'F32', shape, data: values };
    });
    const folder = tinyFolder({ tensors: [], files: { 'model.safetensors': stored } });
    assert.deepEqual(hidden(folder), hidden(tinyFolder({ tensors: rounded })));
    assert.notDeepEqual(hidden(folder), hidden(tinyFolder()));
  });
}

test('a sharded checkpoint gives the same model', () => {
  const tensors = tinyTensors();
  const shards = [0, 1, 2].map((k) => tensors.filter((_, i) => i % 3 === k));
  const name = (k: number) => `model-0000${k + 1}-of-00003.safetensors`;
  const weight_map = Object.fromEntries(shards.flatMap((shard, k) => shard.map((tensor) => [tensor.name, name(k)])));
  const folder = tinyFolder({
    tensors: [],
    files: {
      'model.safetensors.index.json': JSON.stringify({ metadata: {}, weight_map }),
      ...Object.fromEntries(shards.map((shard, k) => [name(k), serializeSafetensors(shard)])),
    },
  });
  assert.deepEqual(hidden(folder), hidden(tinyFolder({ tensors })));
  assert.deepEqual(loadEncoder(folder, new Random(1)).ignored, []);
});

test('weights that are no floats, damaged files and pickles are errors', () => {
  const integers = tinyTensors().map((tensor): TensorData => {
    const data = new Int32Array(tensor.data.length);
    return tensor.name === query ? { name: query, dtype: 'I32', shape: tensor.shape, data } : tensor;
  });
  assertInputError(
    () => loadEncoder(tinyFolder({ tensors: integers }), new Random(1)),
    /query\.weight" holds I32 where floats/,
  );
  const whole = serializeSafetensors(tinyTensors());
  for (const length of [4, 100, whole.length - 1]) {
    const files = { 'model.safetensors': whole.subarray(0, length) };
    assertInputError(() => loadEncoder(tinyFolder({ files }), new Random(1)), /model\.safetensors/);
  }
  assertInputError(
    () => loadEncoder(tinyFolder({ tensors: [], files: { 'pytorch_model.bin': 'PK' } }), new Random(1)),
    /pytorch_model\.bin: a truncated zip archive/,
  );
  assertInputError(() => loadEncoder('no-such-model', new Random(1)), /no-such-model is neither a folder nor/);
});

test.run();
