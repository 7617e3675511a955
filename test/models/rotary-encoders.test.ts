import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { attachAdapter } from '../../src/adapters/index.ts';
import { grad, hvp, noGrad, Random, setBackend, type Tensor, tensor, tidy } from '../../src/index.ts';
import { adapterFormats, checkpointLike, portableAdapter } from '../../src/interchange/index.ts';
import { openCheckpoint, serializeSafetensors } from '../../src/io/index.ts';
import {
  encoderNames,
  loadClassifier,
  loadEncoder,
  loadQuestionAnswering,
  packSequences,
  parseEncoderConfig,
  randomWeights,
} from '../../src/models/index.ts';
import type { Scheme } from '../../src/models/parts/key-value-attention.ts';
import { localAttention } from '../../src/models/parts/local-attention.ts';
import { Rotary } from '../../src/models/parts/rotary.ts';
import { Pass } from '../../src/models/pass.ts';
import { mul } from '../../src/ops/arithmetic.ts';
import { attention, packedAttention } from '../../src/ops/attention.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertClose } from '../support/compare.ts';
import { tinyEncoders } from '../support/tiny-encoders.ts';
import { lively } from '../support/tiny-model.ts';

const test = suite('models: encoders with rotary positions');

const sizes = { vocab_size: 30, hidden_size: 8, num_hidden_layers: 3, num_attention_heads: 2, intermediate_size: 6 };
const modernbert: Readonly<Record<string, unknown>> = {
  ...sizes,
  ...{ model_type: 'modernbert', max_position_embeddings: 200, pad_token_id: 0, local_attention: 4 },
};
const configs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  modernbert,
  'modernbert with biases': { ...modernbert, norm_bias: true, attention_bias: true, mlp_bias: true },
  nomic_bert: { ...sizes, model_type: 'nomic_bert', max_position_embeddings: 200 },
  gte: { ...sizes, model_type: 'gte', max_position_embeddings: 200, type_vocab_size: 0 },
};

const random = new Random('rotary');
const numbers = (count: number) => Array.from({ length: count }, () => random.normal());

/** Runs a scheme on sequences that are packed. */
function runScheme(scheme: Scheme, values: readonly Tensor[], lengths: readonly number[]): Tensor {
  const offsets = Int32Array.from([0, ...lengths.map((_, s) => lengths.slice(0, s + 1).reduce((a, b) => a + b))]);
  const columns = Int32Array.from(lengths.flatMap((length) => [...Array(length).keys()]));
  const options = { heads: 2, queryOffsets: offsets, keyOffsets: offsets, keyCounts: Int32Array.from(lengths) };
  const [query, key, value] = values;
  const all = { ...options, scale: 0.5, causal: false };
  return scheme(query, key, value, all, { queries: columns, keys: columns, keyOffsets: offsets }, new Pass(offsets));
}

/** A single head over one sequence, each query with the keys that are near. */
function nearBy([query, key, value]: readonly Tensor[], reach: number): Tensor {
  const rows = query.shape[0];
  const mask = Array.from({ length: rows * rows }, (_, cell) =>
    Math.abs(Math.floor(cell / rows) - (cell % rows)) > reach ? -Infinity : 0,
  );
  return attention(query, key, value, { scale: 0.5, mask: tensor(mask, [rows, rows]) });
}

test('a score of turned queries and keys depends on their distance alone, and a turn keeps lengths', () => {
  tidy(() => {
    const [row, other] = [numbers(4), numbers(4)];
    const same = (vector: readonly number[]) => tensor(Array(6).fill(vector).flat(), [6, 4]);
    const scores: number[][] = [];
    const scheme = new Rotary({ speeds: [1, 0.1], scale: 1 }).before((query, key, value) => {
      scores.push(Array.from(query.matmul(key.transpose()).dataSync()));
      return value;
    });
    const options = { heads: 1, ...{ queryOffsets: Int32Array.of(0, 6), keyOffsets: Int32Array.of(0, 6) } };
    const columns = Int32Array.of(0, 1, 2, 3, 4, 5);
    const all = { ...options, keyCounts: Int32Array.of(6), causal: false };
    const pass = new Pass(Int32Array.of(0, 6));
    const { keyOffsets } = options;
    scheme(same(row), same(other), same(row), all, { queries: columns, keys: columns, keyOffsets }, pass);
    const [matrix] = scores;
    for (const [i, j] of [
      [1, 0],
      [0, 2],
    ]) {
      const [first, later] = [matrix[i * 6 + j], matrix[(i + 3) * 6 + j + 3]];
      assert.ok(Math.abs(first - later) < 1e-5, `${first} ${later}`);
    }
    // Pairs are (0, 2) and (1, 3): angle 1 and 1/10 from a position to the next.
    const turn = (d: number) =>
      row[0] * (other[0] * Math.cos(d) - other[2] * Math.sin(d)) +
      row[2] * (other[2] * Math.cos(d) + other[0] * Math.sin(d)) +
      row[1] * (other[1] * Math.cos(d / 10) - other[3] * Math.sin(d / 10)) +
      row[3] * (other[3] * Math.cos(d / 10) + other[1] * Math.sin(d / 10));
    assert.ok(Math.abs(matrix[4] - turn(4)) < 1e-5);
  });
});

for (const backend of ['reference', 'wasm'] as const) {
  test(`${backend}: local attention, its derivative and the product with its Hessian are those of masked scores`, async () => {
    await setBackend(backend);
    const rows = 75;
    const values = [0, 1, 2].map(() => numbers(rows * 2));
    tidy(() => {
      const leaves = values.map((x) => tensor(x, [rows, 2], { requiresGrad: true }));
      const direction = [0, 1, 2].map(() => tensor(numbers(rows * 2), [rows, 2]));
      const oneHead: Scheme = (q, k, v, options, columns, pass) =>
        localAttention(3)(q, k, v, { ...options, heads: 1 }, columns, pass);
      const found = [() => runScheme(oneHead, leaves, [rows]), () => nearBy(leaves, 3)].map((context) => {
        const loss = () => mul(mul(context(), context()), context()).sum();
        return [context(), ...grad(loss(), leaves), ...hvp(loss, leaves, direction)].map((t) => ({
          shape: t.shape,
          values: Array.from(t.dataSync()),
        }));
      });
      found[1].forEach((expected, i) => {
        assertClose(found[0][i], expected, 2e-5);
      });
    });
    await setBackend('wasm');
  });
}

test('local attention of a sequence has the same bits in every batch, and of short ones it is attention to all', () => {
  tidy(() => {
    const [long, short] = [70, 3].map((rows) => [0, 1, 2].map(() => tensor(numbers(rows * 4), [rows, 4])));
    const joined = long.map((x, i) => tensor([...x.dataSync(), ...short[i].dataSync()], [73, 4]));
    const scheme = localAttention(4);
    const bits = (t: Tensor) => Array.from(t.dataSync());
    const together = bits(runScheme(scheme, joined, [70, 3]));
    const alone = [bits(runScheme(scheme, long, [70])), bits(runScheme(scheme, short, [3]))];
    assert.deepEqual(together, alone.flat());
    const toAll: Scheme = (q, k, v, options) => packedAttention(q, k, v, options);
    assert.deepEqual(alone[1], bits(runScheme(toAll, short, [3])));
  });
});

/** A folder with a checkpoint as transformers saves it. */
async function folderOf(json: Readonly<Record<string, unknown>>): Promise<string> {
  const bare = temporaryFolder({ 'config.json': JSON.stringify(json) });
  const weights = randomWeights(json, new Random(1));
  for (const parameter of weights) parameter.load(lively(parameter.name, parameter.shape) as Float32Array, null);
  const files = await checkpointLike({ folder: bare }, weights);
  return temporaryFolder(files as Record<string, string>);
}

for (const [name, json] of Object.entries(configs)) {
  test(`${name}: a checkpoint is written and read with what is fused in one, and nothing is left`, async () => {
    const folder = await folderOf(json);
    const { parameters, ignored, warnings, initialized } = loadEncoder(folder, new Random(2));
    assert.deepEqual([ignored, warnings, initialized], [[], [], []]);
    const inFile = new Set(openCheckpoint(folder).names());
    const config = parseEncoderConfig(json);
    for (const { name: module, parts } of encoderNames(config).modules) {
      assert.ok(inFile.has(`${module}.weight`), module);
      assert.ok(!parts.some((part) => inFile.has(`${part}.weight`)), module);
    }
    for (const { name: parameter, shape, value } of parameters) {
      assert.deepEqual(Array.from(value.dataSync()), Array.from(lively(parameter, shape) as Float32Array), parameter);
    }
  });

  test(`${name}: a text has the same bits in every batch`, async () => {
    const { model } = loadEncoder(await folderOf(json), new Random(2));
    const ids = [Array.from({ length: 90 }, (_, i) => 1 + ((i * 7) % 29)), [4, 9, 2]];
    const read = (some: readonly number[][]) =>
      model.read(
        some.map((own) => ({ ids: own })),
        (hidden) => hidden,
      );
    const together = Array.from(await read(ids));
    const alone = [...(await read(ids.slice(0, 1))), ...(await read(ids.slice(1)))];
    assert.deepEqual(together, alone);
    assert.ok(alone.every(Number.isFinite));
  });
}

test('older fields of ModernBERT say the same as newer ones', async () => {
  const older = { global_attn_every_n_layers: 2, global_rope_theta: 500, local_rope_theta: 50 };
  const newer = {
    layer_types: ['full_attention', 'sliding_attention', 'full_attention'],
    rope_parameters: {
      full_attention: { rope_type: 'default', rope_theta: 500 },
      sliding_attention: { rope_type: 'default', rope_theta: 50 },
    },
  };
  assert.deepEqual(
    parseEncoderConfig({ ...modernbert, ...older }),
    parseEncoderConfig({ ...modernbert, ...newer, sparse_prediction: true, deterministic_flash_attn: true }),
  );
});

test('the window of ModernBERT may be told by what a query sees on each side', () => {
  const windowed = parseEncoderConfig({ ...modernbert, sliding_window: 3 });
  assert.deepEqual(windowed, parseEncoderConfig({ ...modernbert, local_attention: 6 }));
});

test('ModernBERT follows rope_scaling by its newer name alone, as transformers does', () => {
  const scaled = (rope_scaling: object) => parseEncoderConfig({ ...modernbert, rope_scaling });
  const plain = parseEncoderConfig(modernbert);
  assert.deepEqual(scaled({ type: 'linear', factor: 2 }), plain);
  assert.notDeepEqual(scaled({ rope_type: 'linear', factor: 2 }), plain);
});

test('what a configuration says otherwise is refused by name', () => {
  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['modernbert', { layer_types: ['full_attention'] }, /layer_types/],
    ['modernbert', { layer_types: ['chunked_attention', 'full_attention', 'full_attention'] }, /layer_types/],
    ['modernbert', { rope_parameters: { full_attention: { rope_type: 'axial', factor: 2 } } }, /rope_type/],
    ['modernbert', { classifier_pooling: 'max' }, /classifier_pooling/],
    ['modernbert', { num_attention_heads: 8 }, /num_attention_heads/],
    ['nomic_bert', { head_dim: 6 }, /head_dim/],
    [
      'nomic_bert',
      { rope_parameters: { type: 'linear', factor: 2, partial_rotary_factor: 0.5 } },
      /partial_rotary_factor/,
    ],
    ['gte', { rope_scaling: { type: 'ntk', factor: 2 } }, /type/],
  ];
  for (const [name, change, message] of wrong) {
    assertInputError(() => parseEncoderConfig({ ...configs[name], ...change }), message);
  }
});

test("NomicBERT's files of its authors' code say the same under other names, and no more", () => {
  const sizes = { vocab_size: 30, n_embd: 8, n_layer: 3, n_head: 2, n_inner: 6, n_positions: 200 };
  const theirs = {
    ...{ model_type: 'nomic_bert', ...sizes, activation_function: 'swiglu', prenorm: false, rotary_emb_base: 1000 },
    ...{ rotary_emb_fraction: 1, rotary_scaling_factor: null, layer_norm_epsilon: 1e-12, use_flash_attn: true },
    auto_map: { AutoModel: 'nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel' },
  };
  assert.deepEqual(parseEncoderConfig(theirs), parseEncoderConfig(configs.nomic_bert ?? {}));
  for (const change of [{ prenorm: true }, { qkv_proj_bias: true }, { rotary_scaling_factor: 2 }, { num_experts: 8 }]) {
    assertInputError(() => parseEncoderConfig({ ...theirs, ...change }), new RegExp(Object.keys(change)[0]));
  }
  const { dim, n_heads, n_layers, ...others } = tinyEncoders.distilbert;
  const aliased = { ...others, hidden_size: dim, num_attention_heads: n_heads, num_hidden_layers: n_layers };
  assert.deepEqual(parseEncoderConfig(aliased), parseEncoderConfig(tinyEncoders.distilbert));
});

test('a checkpoint has the names that transformers reads, whatever that of its backbone has', async () => {
  const { hidden_size: n_embd, num_hidden_layers: n_layer, ...others } = configs.nomic_bert ?? {};
  const auto_map = { AutoModel: 'nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel' };
  const theirs = JSON.stringify({ ...others, n_embd, n_layer, auto_map, resid_pdrop: 0 });
  const folder = temporaryFolder({ 'config.json': theirs.replace('"resid_pdrop":0', '"resid_pdrop":0.0') });
  const files = await checkpointLike({ folder }, randomWeights(configs.nomic_bert ?? {}, new Random(1)));
  const config = String(files['config.json']);
  assert.match(config, /"hidden_dropout_prob": 0\.0,/);
  const own = { ...configs.nomic_bert, architectures: ['NomicBertModel'], hidden_dropout_prob: 0 };
  assert.deepEqual(JSON.parse(config), own);
});

test('a classifier of ModernBERT begins with the head that was trained to guess tokens', async () => {
  const folder = await folderOf(modernbert);
  const checkpoint = openCheckpoint(folder);
  const extra = [
    ['head.dense.weight', [8, 8]],
    ['head.norm.weight', [8]],
    ['decoder.bias', [30]],
  ] as const;
  const tensors = [
    ...checkpoint.names().map((name) => ({ name, shape: checkpoint.info(name).shape })),
    ...extra.map(([name, shape]) => ({ name, shape })),
  ].map(({ name, shape }) => ({ name, shape, dtype: 'F32' as const, data: lively(name, shape) as Float32Array }));
  const full = temporaryFolder({
    'config.json': JSON.stringify({ ...modernbert, architectures: ['ModernBertForMaskedLM'] }),
    'model.safetensors': serializeSafetensors(tensors),
  });
  const { model, initialized } = loadClassifier(full, new Random(1), () => ({ labels: ['a', 'b'] }));
  assert.deepEqual(initialized, ['classifier.weight', 'classifier.bias']);
  const dense = model.parameters().find(({ name }) => name === 'head.dense.weight');
  assert.deepEqual(
    Array.from(dense?.value.dataSync() ?? []),
    Array.from(lively('head.dense.weight', [8, 8]) as Float32Array),
  );
});

test('rotary positions do not begin after a prefix', async () => {
  const { model } = loadClassifier(await folderOf(modernbert), new Random(1), () => ({ labels: ['a', 'b'] }));
  assertInputError(
    () => attachAdapter(model, { kind: 'prefix', prefixLength: 2, prefixShiftsPositions: true }),
    /^prefix: positions of this model are distances/,
  );
});

test('words of BERT mean the layers of these: query and value are in Wqkv', async () => {
  const { model } = loadClassifier(await folderOf(modernbert), new Random(1), () => ({ labels: ['a', 'b'] }));
  const { parameters } = attachAdapter(model, { kind: 'lora', rank: 1 });
  assert.ok(parameters.every(({ name }) => name.includes('attn.Wqkv.')));
  const batch = packSequences([{ ids: [3, 4] }], model.encoder.positionIds);
  assert.equal(
    tidy(() => noGrad(() => model.forward(batch).size)),
    2,
  );
});

test('a number with a point keeps it in a checkpoint: transformers takes no whole ones for some fields', async () => {
  const architectures = ['ModernBertModel'];
  const text = JSON.stringify({
    ...modernbert,
    architectures,
    dtype: 'bfloat16',
    initializer_cutoff_factor: 2,
    norm_eps: 1e-5,
  });
  const folder = temporaryFolder({
    'config.json': text.replace('"initializer_cutoff_factor":2', '"initializer_cutoff_factor":2.0'),
  });
  const files = await checkpointLike({ folder }, randomWeights(modernbert, new Random(1)));
  const config = String(files['config.json']);
  assert.match(config, /"initializer_cutoff_factor": 2\.0,/);
  assert.deepEqual(JSON.parse(config), { ...JSON.parse(text), dtype: 'float32', torch_dtype: 'float32' });
});

test('PEFT is told the normalisations, and the layer below the last one where it is new', async () => {
  const { model } = loadClassifier(await folderOf(modernbert), new Random(1), () => ({ labels: ['a', 'b'] }));
  const adapter = attachAdapter(model, { kind: 'ln-tuning' });
  const { files } = adapterFormats.peft.write(await portableAdapter(model, adapter, 'modernbert'), 'a');
  const config = JSON.parse(String(files['adapter_config.json']));
  assert.deepEqual(config.modules_to_save, ['classifier', 'score', 'head']);
  assert.deepEqual(
    config.target_modules.filter((name: string) => !name.includes('layers.')),
    ['model.embeddings.norm', 'model.final_norm'],
  );
});

test('a head that transformers has no class for is written as no checkpoint', async () => {
  const folder = await folderOf(configs.gte);
  const { model } = loadQuestionAnswering(folder, new Random(1));
  await assert.rejects(
    () => checkpointLike({ folder }, model.parameters(), model.headKind),
    /no class GteForQuestionAnswering.*sparse/,
  );
});

test('files with the names that transformers computes with are read too, and a missing tensor has its name in files', async () => {
  const weights = randomWeights(configs.gte, new Random(1));
  const tensors = weights.map(({ name, shape }) => ({
    ...{ name, shape, dtype: 'F32' as const },
    data: lively(name, shape) as Float32Array,
  }));
  const folder = (some: typeof tensors) =>
    temporaryFolder({ 'config.json': JSON.stringify(configs.gte), 'model.safetensors': serializeSafetensors(some) });
  assert.deepEqual(loadEncoder(folder(tensors), new Random(1)).ignored, []);
  const parts = tensors.filter(({ name }) => !name.includes('layers.0.self_attn'));
  assertInputError(
    () => loadEncoder(folder(parts), new Random(1)),
    /no tensor "gte.encoder.layer.0.attention.qkv_proj/,
  );
});

test.run();
