import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  AdapterSet,
  type AdapterSettings,
  attachAdapter,
  houlsby,
  ia3,
  lora,
  mam,
  parallel,
  pfeiffer,
  prefix,
} from '../../src/adapters/index.ts';
import { Random } from '../../src/index.ts';
import { reductionFactor } from '../../src/interchange/adapterhub-bottleneck.ts';
import {
  adapterFormats,
  adapterSetup,
  loadAdapterFolder,
  portableAdapter,
  readAdapterFolder,
} from '../../src/interchange/index.ts';
import { openSafetensors, serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import { loadClassifier } from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { adapterSetFor } from '../support/adapters.ts';
import { useBackend } from '../support/on-backend.ts';
import { stateOf, tensorShapes, trainedAdapter, writtenFolder } from '../support/portable.ts';
import { tinySeq2Seq } from '../support/tiny-bart.ts';
import { tinyEncoders } from '../support/tiny-encoders.ts';
import { tinyBert, tinyClassifier, tinyFolder, tinyRoberta, tinyTensors } from '../support/tiny-model.ts';

const test = suite('interchange: AdapterHub');
useBackend(test, 'reference');

const textOf = (folder: string, name = 'adapter_config.json') => readFileSync(join(folder, name), 'utf8');
const configOf = (folder: string, name?: string) => JSON.parse(textOf(folder, name));

/** The four tensors of a bottleneck of width 3. */
const bottleneckAt = (place: string) => ({
  [`${place}.adapter_down.0.bias`]: [3],
  [`${place}.adapter_down.0.weight`]: [3, 16],
  [`${place}.adapter_up.bias`]: [16],
  [`${place}.adapter_up.weight`]: [16, 3],
});

test('the files of a Houlsby adapter have the names and fields of AdapterHub', async () => {
  const settings = houlsby.configure({ bottleneck: 3 });
  const folder = await writtenFolder(trainedAdapter(settings), 'adapterhub', { name: 'mood', backbone: 'bert-base' });
  assert.deepEqual(tensorShapes(folder, 'adapter.safetensors'), {
    ...bottleneckAt('bert.encoder.layer.0.attention.output.adapters.mood'),
    ...bottleneckAt('bert.encoder.layer.0.output.adapters.mood'),
    ...bottleneckAt('bert.encoder.layer.1.attention.output.adapters.mood'),
    ...bottleneckAt('bert.encoder.layer.1.output.adapters.mood'),
  });
  assert.deepEqual(configOf(folder), {
    config: {
      adapter_residual_before_ln: false,
      cross_adapter: false,
      dropout: 0,
      factorized_phm_W: true,
      factorized_phm_rule: false,
      hypercomplex_nonlinearity: 'glorot-uniform',
      init_weights: 'bert',
      inv_adapter: null,
      inv_adapter_reduction_factor: null,
      is_parallel: false,
      learn_phm: true,
      leave_out: [],
      ln_after: false,
      ln_before: false,
      mh_adapter: true,
      non_linearity: 'swish',
      original_ln_after: true,
      original_ln_before: false,
      output_adapter: true,
      phm_bias: true,
      phm_c_init: 'normal',
      phm_dim: 4,
      phm_init_range: 0.0001,
      phm_layer: false,
      phm_rank: 1,
      reduction_factor: 16 / 3,
      residual_before_ln: true,
      scaling: 1,
      shared_W_phm: false,
      shared_phm_rule: true,
      stochastic_depth: 0,
      use_gating: false,
    },
    hidden_size: 16,
    model_class: 'BertForSequenceClassification',
    model_name: 'bert-base',
    model_type: 'bert',
    name: 'mood',
    version: 'adapters.1.1.0',
  });
  assert.deepEqual(tensorShapes(folder, 'model_head.safetensors'), {
    'bert.pooler.dense.bias': [16],
    'bert.pooler.dense.weight': [16, 16],
    'classifier.bias': [2],
    'classifier.weight': [2, 16],
  });
  assert.deepEqual(configOf(folder, 'head_config.json'), {
    config: null,
    hidden_size: 16,
    label2id: { no: 0, yes: 1 },
    model_class: 'BertForSequenceClassification',
    model_name: 'bert-base',
    model_type: 'bert',
    name: null,
    num_labels: 2,
    version: 'adapters.1.1.0',
  });
});

test('what tells the families apart', async () => {
  const flagsOf = async (settings: AdapterSettings) => {
    const { config } = configOf(await writtenFolder(trainedAdapter(settings), 'adapterhub'));
    return [config.mh_adapter, config.original_ln_before, config.is_parallel, config.ln_before, config.non_linearity];
  };
  assert.deepEqual(await flagsOf(pfeiffer.configure({ bottleneck: 4 })), [false, true, false, false, 'relu']);
  assert.deepEqual(await flagsOf(parallel.configure({ bottleneck: 4 })), [false, false, true, false, 'relu']);
  const authors = houlsby.configure({ bottleneck: 4, form: 'sparse-adapter' });
  assert.deepEqual(await flagsOf(authors), [true, false, false, true, 'relu']);
});

test('a scale is written as a number that Python takes for a float', async () => {
  for (const [scale, written] of [
    [4, '4.0'],
    [0.5, '0.5'],
  ] as const) {
    const folder = await writtenFolder(trainedAdapter(parallel.configure({ bottleneck: 2, scale })), 'adapterhub');
    assert.match(textOf(folder), new RegExp(`"scaling": ${written},?\n`));
  }
});

test("the form of the SparseAdapter authors' code has a norm before its bottleneck, which the file holds twice", async () => {
  const settings = houlsby.configure({ bottleneck: 3, form: 'sparse-adapter' });
  const folder = await writtenFolder(trainedAdapter(settings, { config: tinyRoberta }), 'adapterhub');
  const place = 'roberta.encoder.layer.0.attention.output.adapters.task';
  const shapes = Object.entries(tensorShapes(folder, 'adapter.safetensors')).filter(([name]) => name.startsWith(place));
  assert.deepEqual(Object.fromEntries(shapes), {
    [`${place}.adapter_norm_before.bias`]: [16],
    [`${place}.adapter_norm_before.weight`]: [16],
    [`${place}.adapter_down.0.bias`]: [16],
    [`${place}.adapter_down.0.weight`]: [16],
    [`${place}.adapter_down.1.bias`]: [3],
    [`${place}.adapter_down.1.weight`]: [3, 16],
    [`${place}.adapter_up.bias`]: [16],
    [`${place}.adapter_up.weight`]: [16, 3],
  });
});

test('LoRA names its matrices without `weight`, and its layers by letters and switches', async () => {
  const modules = ['query', 'value', 'intermediate.dense', 'layer.0.output.dense', 'layer.1.output.dense'];
  const settings = lora.configure({ rank: 2, alpha: 4, targetModules: modules });
  const folder = await writtenFolder(trainedAdapter(settings), 'adapterhub', { name: 'a' });
  const names = Object.keys(tensorShapes(folder, 'adapter.safetensors')).filter((name) => name.includes('layer.1.'));
  assert.deepEqual(names.sort(), [
    'bert.encoder.layer.1.attention.self.query.loras.a.lora_A',
    'bert.encoder.layer.1.attention.self.query.loras.a.lora_B',
    'bert.encoder.layer.1.attention.self.value.loras.a.lora_A',
    'bert.encoder.layer.1.attention.self.value.loras.a.lora_B',
    'bert.encoder.layer.1.intermediate.dense.loras.a.lora_A',
    'bert.encoder.layer.1.intermediate.dense.loras.a.lora_B',
    'bert.encoder.layer.1.output.dense.loras.a.lora_A',
    'bert.encoder.layer.1.output.dense.loras.a.lora_B',
  ]);
  assert.deepEqual(configOf(folder).config, {
    alpha: 4,
    architecture: 'lora',
    attn_matrices: ['q', 'v'],
    composition_mode: 'add',
    dropout: 0,
    init_weights: 'lora',
    intermediate_lora: true,
    leave_out: [],
    output_lora: true,
    r: 2,
    selfattn_lora: true,
    use_gating: false,
  });
});

/** `PrefixTuningConfig` of AdapterHub. */
const prefixFields = {
  architecture: 'prefix_tuning',
  bottleneck_size: 512,
  cross_prefix: true,
  dropout: 0,
  encoder_prefix: true,
  flat: false,
  leave_out: [],
  non_linearity: 'tanh',
  prefix_length: 3,
  shared_gating: true,
  use_gating: false,
};

test('a prefix is one list of numbers, or a network', async () => {
  const flat = trainedAdapter(prefix.configure({ prefixLength: 3, prefixFlat: true }));
  const folder = await writtenFolder(flat, 'adapterhub', { name: 'a' });
  const place = 'bert.prefix_tuning.prefix_tunings.a.self_prefix';
  assert.deepEqual(tensorShapes(folder, 'adapter.safetensors'), { [`${place}.control_trans`]: [3 * 2 * 2 * 16] });
  assert.deepEqual(configOf(folder).config, { ...prefixFields, flat: true });

  const network = trainedAdapter(prefix.configure({ prefixLength: 3, prefixBottleneck: 5 }));
  const other = await writtenFolder(network, 'adapterhub', { name: 'a' });
  assert.deepEqual(tensorShapes(other, 'adapter.safetensors'), {
    [`${place}.control_trans.0.bias`]: [5],
    [`${place}.control_trans.0.weight`]: [5, 16],
    [`${place}.control_trans.2.bias`]: [64],
    [`${place}.control_trans.2.weight`]: [64, 5],
    [`${place}.wte.weight`]: [3, 16],
  });
  assert.deepEqual(configOf(other).config, { ...prefixFields, bottleneck_size: 5 });
});

test('Mix-And-Match is a union, with the sizes that the weights have', async () => {
  const settings = mam.configure({ bottleneck: 12, prefixLength: 3, prefixBottleneck: 99, equalSplit: true });
  const folder = await writtenFolder(trainedAdapter(settings), 'adapterhub', { name: 'a' });
  const { architecture, configs } = configOf(folder).config;
  const shapes = tensorShapes(folder, 'adapter.safetensors');
  const [width] = shapes['bert.prefix_tuning.prefix_tunings.a.self_prefix.control_trans.0.weight'];
  assert.notEqual(width, 99);
  assert.equal(architecture, 'union');
  assert.deepEqual(configs[0], { ...prefixFields, bottleneck_size: width });
  const { is_parallel, scaling, reduction_factor, mh_adapter, init_weights } = configs[1];
  assert.deepEqual(
    [is_parallel, scaling, reduction_factor, mh_adapter, init_weights],
    [true, 4, 4 / 3, false, 'mam_adapter'],
  );
  const other = { ...configOf(folder), config: { architecture, configs: configs.toReversed() } };
  const swapped = temporaryFolder({
    'adapter_config.json': JSON.stringify(other),
    'adapter.safetensors': readFileSync(join(folder, 'adapter.safetensors')),
  });
  assert.deepEqual(readAdapterFolder(swapped).settings, readAdapterFolder(folder).settings);
});

test('a trained scale is a tensor', async () => {
  const settings = parallel.configure({ bottleneck: 3, scale: 'learned' });
  const folder = await writtenFolder(trainedAdapter(settings), 'adapterhub', { name: 'a' });
  assert.equal(configOf(folder).config.scaling, 'learned');
  const shapes = tensorShapes(folder, 'adapter.safetensors');
  assert.deepEqual(shapes['bert.encoder.layer.1.output.adapters.a.scaling'], [1]);
});

test('a fusion has its adapters in folders and their names in its own', async () => {
  const model = tinyClassifier();
  const settings = { kind: 'fusion', adapters: ['pfeiffer-1', 'pfeiffer-2'], regularization: 0 };
  const set = adapterSetFor(model, settings);
  const adapter = set.add('default', settings);
  const mixed = settings.adapters.map((name) => set.get(name));
  const { files } = adapterFormats.adapterhub.write(await portableAdapter(model, adapter, 'bert', mixed), 'x');
  const folder = temporaryFolder(files);
  const layers = [0, 1].map((i) => `bert.encoder.layer.${i}.output.adapter_fusion_layer.pfeiffer-1,pfeiffer-2`);
  assert.deepEqual(
    tensorShapes(folder, 'model_adapter_fusion.safetensors'),
    Object.fromEntries(
      layers.flatMap((layer) => [
        [`${layer}.key.bias`, [16]],
        [`${layer}.key.weight`, [16, 16]],
        [`${layer}.query.bias`, [16]],
        [`${layer}.query.weight`, [16, 16]],
        [`${layer}.value.weight`, [16, 16]],
      ]),
    ),
  );
  const { name, config } = configOf(folder, 'adapter_fusion_config.json');
  assert.equal(name, 'pfeiffer-1,pfeiffer-2');
  assert.deepEqual(config, {
    dropout_prob: 0.1,
    key: true,
    query: true,
    query_before_ln: false,
    regularization: false,
    residual_before: false,
    temperature: false,
    value: true,
    value_before_softmax: true,
    value_initialized: true,
  });
  assert.equal(configOf(join(folder, 'pfeiffer-2')).name, 'pfeiffer-2');

  const other = tinyClassifier();
  const { adapters, stored } = loadAdapterFolder(other, folder);
  assert.deepEqual([adapters.names, stored.settings.regularization], [[...settings.adapters, 'default'], 0]);
  assert.deepEqual(stateOf(adapters.parameters()), stateOf(set.parameters()));

  const fusionConfig = { ...configOf(folder, 'adapter_fusion_config.json') };
  const cut = temporaryFolder({
    ...files,
    'adapter_fusion_config.json': JSON.stringify({ ...fusionConfig, config: { ...config, value: false } }),
  });
  assertInputError(() => readAdapterFolder(cut), /a fusion with value false is not supported/);
  const untouched = tinyClassifier();
  const before = stateOf(untouched.parameters());
  const wrong = { ...files, 'model_adapter_fusion.safetensors': serializeSafetensors([vector('x', 1)]) };
  assertInputError(() => loadAdapterFolder(untouched, temporaryFolder(wrong)), /tensor "x" belongs to no parameter/);
  assert.deepEqual(stateOf(untouched.parameters()), before);
});

test('a LoRA that AdapterHub cannot express is refused', async () => {
  const cases: [Parameters<typeof lora.configure>[0], RegExp][] = [
    [{ rslora: true }, /no LoRA scaled by alpha \/ sqrt\(rank\); write it as peft/],
    [{ targetModules: ['attention.output.dense'] }, /no LoRA at attention\.output\.dense/],
    [
      { targetModules: ['query', 'layer.1.attention.self.key'] },
      /no LoRA at other layers in block 0 than in the others/,
    ],
  ];
  for (const [options, message] of cases) {
    const adapted = trainedAdapter(lora.configure(options));
    await assert.rejects(writtenFolder(adapted, 'adapterhub'), { name: 'InputError', message });
  }
  const some = trainedAdapter(lora.configure({ targetModules: ['layer.1.attention.self.key'] }));
  assert.deepEqual(configOf(await writtenFolder(some, 'adapterhub')).config.leave_out, [0]);
});

test('the other encoders that the library has name what they hold in its way', async () => {
  const written = async (type: keyof typeof tinyEncoders, settings: AdapterSettings) => {
    const folder = await writtenFolder(trainedAdapter(settings, { config: tinyEncoders[type] }), 'adapterhub');
    const names = Object.keys(tensorShapes(folder, 'adapter.safetensors'));
    return { config: configOf(folder).config, first: names.sort()[0], folder };
  };
  const deberta = await written(
    'deberta-v2',
    lora.configure({ rank: 2, targetModules: ['query', 'intermediate.dense'] }),
  );
  const { attn_matrices, intermediate_lora, output_lora, selfattn_lora } = deberta.config;
  assert.deepEqual([attn_matrices, intermediate_lora, output_lora, selfattn_lora], [['q'], true, false, true]);
  const grouped = 'albert.encoder.albert_layer_groups.1.albert_layers.0';
  const albert = await written('albert', lora.configure({ rank: 2, targetModules: [`${grouped}.ffn`] }));
  assert.deepEqual([albert.config.leave_out, albert.first], [[0], `${grouped}.ffn.loras.task.lora_A`]);
  const distilbert = await written('distilbert', prefix.configure({ prefixLength: 2, prefixFlat: true }));
  assert.equal(distilbert.first, 'distilbert.prefix_tuning.prefix_tunings.task.self.control_trans');
  const read = readAdapterFolder(distilbert.folder);
  assert.ok(read.weights.some(({ name }) => name.endsWith('.self_prefix.control_trans')));
  assert.equal(read.fileName(read.weights[0].name), distilbert.first);
});

test('(IA)³ is a LoRA of one number that multiplies, of outputs alone', async () => {
  const settings = ia3.configure({ targetModules: ['key', 'intermediate.dense'], feedforwardModules: ['none'] });
  const adapted = trainedAdapter(settings);
  const folder = await writtenFolder(adapted, 'adapterhub');
  const names = ['attention.self.key', 'intermediate.dense'];
  const shapes = [0, 1].flatMap((i) =>
    names.map((name, at) => [`bert.encoder.layer.${i}.${name}.loras.task.lora_B`, [16 * (1 + at), 1]]),
  );
  assert.deepEqual(tensorShapes(folder, 'adapter.safetensors'), Object.fromEntries(shapes));
  const { composition_mode, r, alpha, init_weights, attn_matrices, intermediate_lora } = configOf(folder).config;
  assert.deepEqual(
    [composition_mode, r, alpha, init_weights, attn_matrices, intermediate_lora],
    ['scale', 1, 1, 'ia3', ['k'], true],
  );
  const model = tinyClassifier();
  const { adapter } = loadAdapterFolder(model, folder);
  const places = (names: unknown) => (names as string[]).toSorted();
  assert.deepEqual(places(adapter.settings.targetModules), ['attention.self.key', 'intermediate.dense']);
  assert.deepEqual(stateOf(adapter.parameters), stateOf(adapted.adapter.parameters));
  const text = textOf(folder).replace('"alpha": 1', '"alpha": 3');
  const file = readFileSync(join(folder, 'adapter.safetensors'));
  const tripled = readAdapterFolder(temporaryFolder({ 'adapter_config.json': text, 'adapter.safetensors': file }));
  assert.deepEqual(
    tripled.weights[0].values,
    readAdapterFolder(folder).weights[0].values.map((value) => 3 * value),
  );
  const ofInputs = trainedAdapter(ia3.configure());
  await assert.rejects(writtenFolder(ofInputs, 'adapterhub'), /no \(IA\)³ of inputs \(feedforwardModules\)/);
});

test('what the library lacks or computes otherwise on an encoder is refused by name, written and read', async () => {
  const cases: [keyof typeof tinyEncoders, AdapterSettings, RegExp][] = [
    ['camembert', houlsby.configure({ bottleneck: 3 }), /the library has no CamemBERT; save it as 'peft'/],
    ['mpnet', lora.configure({ rank: 2 }), /the library has no MPNet/],
    ['nomic_bert', prefix.configure({ prefixLength: 2 }), /the library has no NomicBERT/],
    ['gte', pfeiffer.configure({ bottleneck: 3 }), /the library has no GTE/],
    ['albert', houlsby.configure({ bottleneck: 3 }), /no bottlenecks after ALBERT's attention/],
    ['modernbert', pfeiffer.configure({ bottleneck: 3 }), /no bottlenecks on ModernBERT/],
    ['modernbert', prefix.configure({ prefixLength: 2 }), /no prefix on "modernbert"/],
    ['modernbert', lora.configure({ rank: 2 }), /no LoRA at attn\.Wqkv/],
  ];
  for (const [type, settings, message] of cases) {
    const adapted = trainedAdapter(settings, { config: tinyEncoders[type] });
    await assert.rejects(writtenFolder(adapted, 'adapterhub'), { name: 'InputError', message });
  }
  const onAlbert = hubFolder({ config: {}, top: { model_type: 'albert' } });
  assertInputError(() => readAdapterFolder(onAlbert), /bottlenecks after ALBERT's attention.*are not supported/);
  const ofTwo = hubFolder({ config: { architecture: 'lora', composition_mode: 'scale', r: 2, alpha: 1 } });
  assertInputError(() => readAdapterFolder(ofTwo), /composition_mode scale with r 2 and alpha 1/);
});

test('the width of a bottleneck comes back from its reduction factor', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 4096 }), fc.integer({ min: 1, max: 4096 }));
  fc.assert(
    fc.property(sizes, ([hidden, bottleneck]) => {
      const factor = reductionFactor(hidden, bottleneck);
      // Python's hidden // factor, from its definition by the remainder.
      assert.equal(Math.floor(Number(((hidden - (hidden % factor)) / factor).toFixed(6))), bottleneck);
      if (hidden % bottleneck === 0) assert.equal(factor, hidden / bottleneck);
    }),
    { seed: 1, numRuns: 2000 },
  );
});

interface HubFolder {
  readonly config?: Record<string, unknown>;
  readonly top?: Record<string, unknown>;
  /** Changes the names of a Houlsby adapter called `a`. */
  readonly rename?: (name: string) => string;
  readonly files?: Record<string, string | Uint8Array>;
}

const tensors: TensorData[] = [0, 1].flatMap((layer) =>
  ['attention.output', 'output'].flatMap((sublayer) =>
    Object.entries(bottleneckAt(`bert.encoder.layer.${layer}.${sublayer}.adapters.a`)).map(
      ([name, shape]): TensorData => ({
        name,
        dtype: 'F32',
        shape,
        data: Float32Array.from({ length: shape.reduce((n, m) => n * m, 1) }, (_, i) => i + 1),
      }),
    ),
  ),
);

/** A Houlsby adapter as AdapterHub saves it. */
function hubFolder({ config, top, rename = (name) => name, files }: HubFolder = {}): string {
  const bottleneck = { mh_adapter: true, output_adapter: true, reduction_factor: 5, non_linearity: 'relu', ...config };
  const full = {
    name: 'a',
    model_type: 'bert',
    hidden_size: 16,
    version: 'adapters.1.2.0',
    config: bottleneck,
    ...top,
  };
  return temporaryFolder({
    'adapter_config.json': JSON.stringify(full),
    'adapter.safetensors': serializeSafetensors(tensors.map((tensor) => ({ ...tensor, name: rename(tensor.name) }))),
    ...files,
  });
}

const loaded = (folder: string) => stateOf(loadAdapterFolder(tinyClassifier(), folder).adapter.parameters);

test('older names of the dictionaries and a missing prefix are understood', () => {
  const expected = loaded(hubFolder());
  const legacy = (name: string) =>
    name
      .replace('attention.output.adapters', 'attention.output.attention_text_task_adapters')
      .replace(/(\d)\.output\.adapters/, '$1.output.layer_text_task_adapters');
  assert.notEqual(legacy(tensors[0].name), tensors[0].name);
  assert.deepEqual(loaded(hubFolder({ rename: legacy })), expected);
  assert.deepEqual(loaded(hubFolder({ rename: (name) => name.replace('bert.', '') })), expected);
});

test('without a version gelu is the approximation that it was then', () => {
  const activationOf = (version: string | undefined, non_linearity: string) =>
    readAdapterFolder(hubFolder({ config: { non_linearity }, top: { version } })).settings.activation;
  assert.deepEqual(
    [activationOf(undefined, 'gelu'), activationOf(undefined, 'gelu_orig'), activationOf('adapters.1.0.0', 'gelu')],
    ['gelu_new', 'gelu', 'gelu'],
  );
});

test('LoRA of versions before 1.1.0 has the scale 1, whatever alpha says', async () => {
  const folder = await writtenFolder(trainedAdapter(lora.configure({ rank: 2, alpha: 16 })), 'adapterhub');
  const files = (version: string) => ({
    'adapter_config.json': JSON.stringify({ ...configOf(folder), version }),
    'adapter.safetensors': readFileSync(join(folder, 'adapter.safetensors')),
  });
  const alphas = [
    'adapters.1.0.1',
    'adapters.0.2.2',
    'adapters.1.1.0.dev0',
    'adapters.1.1.0rc1',
    'adapters.1.1.0',
    'adapters.1.1.0.post1',
    'adapters.1.1.1.dev0',
    'adapters.1.10.0',
    '3.2.1',
  ].map((version) => {
    const { settings, warnings } = readAdapterFolder(temporaryFolder(files(version)));
    return [version, settings.alpha, warnings.length];
  });
  assert.deepEqual(alphas, [
    ['adapters.1.0.1', 2, 1],
    ['adapters.0.2.2', 2, 1],
    ['adapters.1.1.0.dev0', 2, 1],
    ['adapters.1.1.0rc1', 2, 1],
    ['adapters.1.1.0', 16, 0],
    ['adapters.1.1.0.post1', 16, 0],
    ['adapters.1.1.1.dev0', 16, 0],
    ['adapters.1.10.0', 16, 0],
    ['3.2.1', 16, 0],
  ]);
});

const vector = (name: string, length: number): TensorData => ({
  name,
  dtype: 'F32',
  shape: [length],
  data: Float32Array.from({ length }, (_, i) => i + 1),
});
const matrix = (name: string, shape: [number, number]): TensorData => ({
  ...vector(name, shape[0] * shape[1]),
  shape,
});

/** A head of AdapterHub's own models. */
const flexibleHead = (config: Record<string, unknown>, heads: TensorData[], model_type = 'bert') => ({
  'head_config.json': JSON.stringify({ name: 'a', model_class: 'BertAdapterModel', model_type, config }),
  'model_head.safetensors': serializeSafetensors(heads),
});
const twoLayers = {
  head_type: 'classification',
  num_labels: 2,
  layers: 2,
  activation_function: 'tanh',
  use_pooler: false,
};
const twoLayerTensors = [
  matrix('heads.a.1.weight', [16, 16]),
  vector('heads.a.1.bias', 16),
  matrix('heads.a.4.weight', [2, 16]),
  vector('heads.a.4.bias', 2),
];

test("a flexible head becomes the one of transformers' class", () => {
  const label2id = { good: 1, bad: 0 };
  const folder = hubFolder({ files: flexibleHead({ ...twoLayers, label2id }, twoLayerTensors) });
  const model = tinyClassifier();
  const { hasHead, stored } = loadAdapterFolder(model, folder);
  assert.deepEqual([hasHead, stored.labels], [true, ['bad', 'good']]);
  const classifier = model.parameters().find(({ name }) => name === 'classifier.bias');
  assert.deepEqual(Array.from(classifier?.value.dataSync() ?? []), [1, 2]);
});

test("a head with the model's classes in another order is refused", () => {
  const loaded = (label2id: object) =>
    loadAdapterFolder(
      tinyClassifier(),
      hubFolder({ files: flexibleHead({ ...twoLayers, label2id }, twoLayerTensors) }),
    );
  assert.ok(loaded({ no: 0, yes: 1 }).hasHead);
  assertInputError(
    () => loaded({ yes: 0, no: 1 }),
    /classes in the order yes, no, the model in the order no, yes; give/,
  );
});

test('numbers of classes with gaps, or there twice, are refused', () => {
  for (const label2id of [
    { good: 0, bad: 2 },
    { good: 1, bad: 1 },
    { good: 1, bad: 2 },
    { good: 0, bad: null },
  ]) {
    const folder = hubFolder({ files: flexibleHead({ ...twoLayers, label2id }, twoLayerTensors) });
    assertInputError(
      () => loadAdapterFolder(tinyClassifier(), folder),
      /head_config\.json: label2id gives "(good|bad)" /,
    );
  }
});

test("a flexible head with a dense layer takes the place of a checkpoint's own pooler", () => {
  const checkpoint = tinyFolder({ tensors: tinyTensors(tinyBert, 2) });
  const { model } = loadClassifier(checkpoint, new Random(1), () => ({ labels: ['no', 'yes'] }));
  const folder = hubFolder({ files: flexibleHead(twoLayers, twoLayerTensors) });
  assert.ok(loadAdapterFolder(model, folder).hasHead);
  const pooler = model.parameters().find(({ name }) => name === 'bert.pooler.dense.weight');
  const dense = twoLayerTensors.find(({ name }) => name === 'heads.a.1.weight');
  assert.deepEqual(Float32Array.from(pooler?.value.dataSync() ?? []), dense?.data);
  const onPooler = { ...twoLayers, layers: 1, activation_function: null, use_pooler: true };
  const heads = [matrix('heads.a.1.weight', [2, 16]), vector('heads.a.1.bias', 2)];
  const other = loadClassifier(checkpoint, new Random(1), () => ({ labels: ['no', 'yes'] })).model;
  assert.ok(loadAdapterFolder(other, hubFolder({ files: flexibleHead(onPooler, heads) })).hasHead);
});

test('a head that no model here has is refused; without it the adapter loads', () => {
  const heads = [matrix('heads.a.1.weight', [2, 16]), vector('heads.a.1.bias', 2)];
  const ranking = hubFolder({ files: flexibleHead({ ...twoLayers, head_type: 'ranking', layers: 1 }, heads) });
  assertInputError(
    () => readAdapterFolder(ranking),
    /a head of the type "ranking" is not supported; classification, multilabel_classification, tagging, .* are/,
  );
  assert.equal(loadAdapterFolder(tinyClassifier(), ranking, { head: false }).hasHead, false);
  const three = hubFolder({ files: flexibleHead(twoLayers, [...twoLayerTensors, vector('heads.a.9.bias', 1)]) });
  assertInputError(() => readAdapterFolder(three), /tensor "heads\.a\.9\.bias" is no part of the head "a"/);
  const wide = hubFolder({
    files: {
      'head_config.json': JSON.stringify({ config: null }),
      'model_head.safetensors': serializeSafetensors([
        matrix('classifier.weight', [3, 16]),
        vector('classifier.bias', 3),
        matrix('bert.pooler.dense.weight', [16, 16]),
        vector('bert.pooler.dense.bias', 16),
      ]),
    },
  });
  assertInputError(
    () => loadAdapterFolder(tinyClassifier(), wide),
    /its head has 3 outputs \("classifier\.weight"\), the model's has 2; give the model as many classes/,
  );
  assert.equal(loadAdapterFolder(tinyClassifier(), wide, { head: false }).adapter.parameters.length, 16);
});

test('a head of layers is for a model with one', () => {
  const layers = { ...twoLayers, activation_function: 'relu' };
  const folder = hubFolder({ files: flexibleHead(layers, twoLayerTensors) });
  assertInputError(
    () => loadAdapterFolder(tinyClassifier(), folder),
    /a head of AdapterHub's \(layers 2, activation relu, bias true, use_pooler false\), the model a head of transformers'/,
  );
  const own = { layers: 2, activation: 'relu', bias: true, pooler: false } as const;
  const model = tinyClassifier({ labels: ['no', 'yes'], layered: own });
  assert.ok(loadAdapterFolder(model, folder).hasHead);
  const wrong: [Record<string, unknown>, RegExp][] = [
    [{ layers: 0 }, /layers must be a whole number above 0, not 0/],
    [{ layers: undefined }, /layers must be a whole number above 0, not missing/],
    [{ activation_function: 'mish' }, /a head with the activation "mish" is not supported/],
    [{ head_type: 'question_answering', num_labels: 3 }, /"question_answering" with num_labels 3/],
  ];
  for (const [config, message] of wrong) {
    const files = flexibleHead({ ...layers, ...config }, twoLayerTensors);
    assertInputError(() => readAdapterFolder(hubFolder({ files })), message);
  }
});

test('fields that do nothing beside the others are no obstacle', () => {
  const isParallel = { mh_adapter: false, output_adapter: true, is_parallel: true };
  const read = (config: Record<string, unknown>) => readAdapterFolder(hubFolder({ config }));
  assert.equal(
    read({ ...isParallel, original_ln_before: true, adapter_residual_before_ln: true }).settings.kind,
    'parallel',
  );
  assert.equal(read({ adapter_residual_before_ln: true }).settings.kind, 'houlsby');
  assert.match(read({ stochastic_depth: 0.1 }).warnings.join(), /stochastic depth is not kept/);
  assert.equal(read({ cross_adapter: true }).settings.kind, 'houlsby');
});

test('the switches of bottlenecks are read', () => {
  const read = (config: Record<string, unknown>, top = {}) => readAdapterFolder(hubFolder({ config, top })).settings;
  const inOutput = { mh_adapter: false, original_ln_before: true };
  const cases: [Record<string, unknown>, Record<string, unknown>][] = [
    [{ output_adapter: false }, { kind: 'bottleneck', sublayers: 'attention', reads: 'output' }],
    [{ original_ln_after: false }, { endsSublayer: true }],
    [{ ln_after: true, adapter_residual_before_ln: true }, { normAfter: 'sum' }],
    [{ ln_after: true, is_parallel: true, adapter_residual_before_ln: true }, { normAfter: 'contribution' }],
    [
      { ...inOutput, residual_before_ln: false },
      { reads: 'normalised', addsTo: 'normalised' },
    ],
    [
      { ...inOutput, residual_before_ln: 'post_add' },
      { sublayers: 'feed-forward', addsTo: 'sum' },
    ],
    [
      { ...inOutput, ln_before: true },
      { kind: 'bottleneck', addsTo: 'output', normBefore: true },
    ],
    [{ reduction_factor: { default: 8 } }, { kind: 'houlsby', bottleneck: 2 }],
    [
      { reduction_factor: { 0: 2, 9: 1, default: 8 } },
      { kind: 'bottleneck', bottleneck: 2, bottleneckPattern: ['0=8'] },
    ],
    [
      { architecture: 'union', configs: [{ mh_adapter: true, reduction_factor: 8, non_linearity: 'relu' }] },
      { kind: 'houlsby' },
    ],
  ];
  for (const [config, expected] of cases) assert.deepEqual({ ...read(config), ...expected }, read(config));
});

test('what is not supported is refused by its name', () => {
  const cases: [HubFolder, RegExp][] = [
    [{ config: { phm_layer: true } }, /Compacter \(PHM layers\) \(phm_layer true\)/],
    [{ config: { use_gating: true } }, /gating \(use_gating true\)/],
    [{ config: { inv_adapter: 'nice' } }, /an invertible adapter \(inv_adapter "nice"\)/],
    [{ config: { leave_out: 'all' } }, /leaveOut must be a list of different whole numbers from 0/],
    [{ config: { reduction_factor: 'x' } }, /reduction_factor must be a number/],
    [{ config: { mh_adapter: false, output_adapter: false } }, /bottlenecks nowhere \(mh_adapter false/],
    [{ config: { residual_before_ln: 'post_add' } }, /"post_add" without original_ln_before/],
    [{ config: { cross_adapter: true }, top: { model_type: 'bart' } }, /after cross-attention/],
    [{ config: { non_linearity: 'xielu' } }, /houlsby: activation must be one of .*"xielu"/],
    [{ config: { architecture: 'lora', use_dora: true } }, /DoRA \(use_dora true\)/],
    [{ config: { architecture: 'lora', vera_d: 0, vera_b: 0 } }, /VeRA \(vera_d 0, vera_b 0\)/],
    [{ config: { architecture: 'prefix_tuning', non_linearity: 'relu' } }, /a prefix with the activation relu/],
    [{ config: { architecture: 'union', configs: [{ architecture: 'lora' }, {}] } }, /a union of lora and bottleneck/],
    [{ config: { architecture: 'reft' } }, /the architecture "reft" is not supported/],
    [{ top: { hidden_size: null } }, /hidden_size must be a number/],
    [{ top: { name: null } }, /has no name and config of an adapter/],
    [{ top: { config: null } }, /neither PEFT's \(peft_type\) nor AdapterHub's \(config\)/],
  ];
  for (const [folder, message] of cases) assertInputError(() => readAdapterFolder(hubFolder(folder)), message);
});

test('a fusion that the library computes otherwise is neither read nor written', async () => {
  const fused = async (first: AdapterSettings, second: AdapterSettings) => {
    const set = new AdapterSet(tinyClassifier());
    const mixed = [set.add('a', first), set.add('b', second)];
    const adapter = set.add('default', { kind: 'fusion', adapters: ['a', 'b'] });
    const portable = await portableAdapter(tinyClassifier(), adapter, 'bert', mixed);
    return adapterFormats.adapterhub.write(portable, 'x').files;
  };
  const [one, other] = [pfeiffer.configure({ bottleneck: 2 }), parallel.configure({ bottleneck: 2 })];
  await assert.rejects(fused(other, other), /a fusion of parallel adapters is not supported, as AdapterHub adds/);
  const both = mam.configure({ bottleneck: 2, prefixLength: 2, prefixFlat: true });
  await assert.rejects(fused(both, both), /a fusion of parallel adapters is not supported, as AdapterHub adds/);
  const beside = { kind: 'bottleneck', bottleneck: 2, reads: 'input', normAfter: 'contribution' };
  await assert.rejects(fused(beside, beside), /a fusion of parallel adapters is not supported, as AdapterHub adds/);
  await assert.rejects(fused(one, other), /several kinds \(pfeiffer, parallel\)/);
  const files = await fused(one, one);
  const isParallel = { mh_adapter: false, output_adapter: true, original_ln_before: false, is_parallel: true };
  const changed = Object.entries(files).map(([name, content]) => {
    if (!/^[ab].adapter_config/.test(name)) return [name, content];
    const json = JSON.parse(String(content));
    return [name, JSON.stringify({ ...json, config: { ...json.config, ...isParallel } })];
  });
  assertInputError(
    () => readAdapterFolder(temporaryFolder(Object.fromEntries(changed))),
    /a fusion of parallel adapters/,
  );
});

test('the members of a fusion may be beside it, as the library saves them, with the head of each', async () => {
  const set = new AdapterSet(tinyClassifier());
  const mixed = ['a', 'b'].map((name) => set.add(name, pfeiffer.configure({ bottleneck: 2 })));
  const adapter = set.add('default', { kind: 'fusion', adapters: ['a', 'b'] });
  const portable = await portableAdapter(tinyClassifier(), adapter, 'bert', mixed);
  const { files } = adapterFormats.adapterhub.write(portable, 'x');
  const heads = Object.entries(files).filter(([name]) => name.includes('head'));
  const moved = Object.entries(files).flatMap(([name, content]) => {
    if (name.includes('head')) return ['a', 'b'].map((member) => [`${member}/${name}`, content] as const);
    return [[name.includes('/') ? name : `a,b/${name}`, content] as const];
  });
  const single = (name: string) => ({ type: 'single', children: [name] });
  const setup = { adapter_setup: { type: 'Fuse', children: ['a', 'b'].map(single) } };
  const root = temporaryFolder({ ...Object.fromEntries(moved), 'adapter_setup.json': JSON.stringify(setup) });
  const read = readAdapterFolder(join(root, 'a,b'));
  assert.deepEqual([...read.mixed.keys()], ['a', 'b']);
  assert.deepEqual(adapterSetup(root), { type: 'Fuse', children: ['a', 'b'] });
  assert.ok(heads.length > 0 && read.weights.some(({ name }) => name.startsWith('classifier')));
  assert.equal(adapterSetup(join(root, 'a')), null);
});

test("an output layer of BART must be the model's", async () => {
  const model = tinySeq2Seq();
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 2 }));
  const { files } = adapterFormats.adapterhub.write(await portableAdapter(model, adapter, 'bart'), 'x');
  adapter.detach();
  const shared = model.parameters().find(({ name }) => name === 'model.shared.weight');
  assert.ok(shared);
  const folderWith = (change: number) => {
    const data = Float32Array.from(shared.value.dataSync(), (value, i) => (i === 7 ? value + change : value));
    return temporaryFolder({
      ...files,
      'head_config.json': JSON.stringify({ config: null, model_class: 'BartForConditionalGeneration' }),
      'model_head.safetensors': serializeSafetensors([
        { name: 'lm_head.weight', dtype: 'F32', shape: shared.shape, data },
      ]),
    });
  };
  assertInputError(
    () => loadAdapterFolder(model, folderWith(1)),
    /its output layer \("lm_head\.weight"\) is not that of the backbone/,
  );
  assert.equal(loadAdapterFolder(model, folderWith(0)).adapter.settings.kind, 'houlsby');
});

test('a prefix may be there once more below each attention, with the same numbers', async () => {
  const folder = await writtenFolder(
    trainedAdapter(prefix.configure({ prefixLength: 3, prefixFlat: true })),
    'adapterhub',
    {
      name: 'a',
    },
  );
  const at = (layer: number) => `bert.encoder.layer.${layer}.attention.self.prefix_tuning.pool.`;
  const part = 'prefix_tunings.a.self_prefix.control_trans';
  const file = openSafetensors(join(folder, 'adapter.safetensors'));
  const data = file.readFloat32(`bert.prefix_tuning.${part}`);
  file.close();
  const named = (name: string, values = data): TensorData => ({
    name,
    dtype: 'F32',
    shape: [values.length],
    data: values,
  });
  const read = (...tensors: TensorData[]) => {
    const files = {
      'adapter_config.json': textOf(folder),
      'adapter.safetensors': serializeSafetensors(tensors),
    };
    return readAdapterFolder(temporaryFolder(files)).weights.map(({ name, values }) => [name, Array.from(values)]);
  };
  const expected = read(named(`bert.prefix_tuning.${part}`));
  assert.deepEqual(read(named(at(0) + part), named(at(1) + part), named(`bert.prefix_tuning.${part}`)), expected);
  assert.deepEqual(read(named(at(0) + part)), expected);
  const other = Float32Array.from(data, (value, i) => (i === 5 ? value + 1 : value));
  assertInputError(() => read(named(at(0) + part), named(at(1) + part, other)), /is a copy of .* and has other values/);
});

test('an adapter of another backbone is refused, and the model stays as it was', () => {
  const cases: [HubFolder, RegExp][] = [
    [{ top: { hidden_size: 32 } }, /is an adapter for bert with 32 hidden units, the model is bert with 16/],
    [{ top: { model_type: 'roberta' } }, /is an adapter for roberta with 16 hidden units, the model is bert/],
    [{ rename: (name) => name.replace('layer.1', 'layer.2') }, /layer\.2\..*belongs to no parameter/],
    [
      { rename: (name) => name.replace('.a.', '.b.') },
      /"bert\.encoder\.layer\.\S+\.adapters\.b\..*belongs to no parameter/,
    ],
    [
      { config: { reduction_factor: 2 } },
      /"bert\S+adapters\.a\.adapter_down\.0\.weight" has shape \[3, 16\].*\[8, 16\]/,
    ],
  ];
  for (const [folder, message] of cases) {
    const model = tinyClassifier();
    const before = stateOf(model.parameters());
    assertInputError(() => loadAdapterFolder(model, hubFolder(folder)), message);
    assert.deepEqual(stateOf(model.parameters()), before);
  }
});

test.run();
