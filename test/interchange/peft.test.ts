import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import {
  type AdapterComposition,
  AdapterSet,
  attachAdapter,
  batchSplit,
  ia3,
  lora,
  prefix,
} from '../../src/adapters/index.ts';
import { tidy } from '../../src/index.ts';
import { adapterFormats, loadAdapterFolder, portableAdapter, readAdapterFolder } from '../../src/interchange/index.ts';
import { serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import { packSequences } from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { tensorShapes, trainedAdapter, writtenFolder } from '../support/portable.ts';
import { tinyClassifier, tinyRoberta } from '../support/tiny-model.ts';

const test = suite('interchange: PEFT');
useBackend(test, 'reference');

const configOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'));

test('the files of a LoRA for BERT have the names and fields of PEFT', async () => {
  const settings = lora.configure({ rank: 2, alpha: 6, dropout: 0.1, targetModules: ['query', 'value'] });
  const folder = await writtenFolder(trainedAdapter(settings), 'peft', { backbone: 'bert-base-uncased' });
  const start = 'base_model.model.bert.encoder.layer';
  assert.deepEqual(tensorShapes(folder, 'adapter_model.safetensors'), {
    [`${start}.0.attention.self.query.lora_A.weight`]: [2, 16],
    [`${start}.0.attention.self.query.lora_B.weight`]: [16, 2],
    [`${start}.0.attention.self.value.lora_A.weight`]: [2, 16],
    [`${start}.0.attention.self.value.lora_B.weight`]: [16, 2],
    [`${start}.1.attention.self.query.lora_A.weight`]: [2, 16],
    [`${start}.1.attention.self.query.lora_B.weight`]: [16, 2],
    [`${start}.1.attention.self.value.lora_A.weight`]: [2, 16],
    [`${start}.1.attention.self.value.lora_B.weight`]: [16, 2],
    // The checkpoint has no pooler, so it was trained with the head.
    'base_model.model.bert.pooler.dense.bias': [16],
    'base_model.model.bert.pooler.dense.weight': [16, 16],
    'base_model.model.classifier.bias': [2],
    'base_model.model.classifier.weight': [2, 16],
  });
  assert.deepEqual(configOf(folder), {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: 'bert-base-uncased',
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: 6,
    lora_dropout: 0.1,
    modules_to_save: ['classifier', 'score', 'pooler'],
    peft_type: 'LORA',
    r: 2,
    rank_pattern: {},
    revision: null,
    target_modules: ['query', 'value'],
    task_type: 'SEQ_CLS',
    use_rslora: false,
  });
});

test('the head of RoBERTa is a module to save, and its pooler is not', async () => {
  const settings = lora.configure({ rank: 3, rslora: true, targetModules: ['intermediate.dense'] });
  const folder = await writtenFolder(trainedAdapter(settings, { config: tinyRoberta }), 'peft');
  assert.deepEqual(tensorShapes(folder, 'adapter_model.safetensors'), {
    'base_model.model.classifier.dense.bias': [16],
    'base_model.model.classifier.dense.weight': [16, 16],
    'base_model.model.classifier.out_proj.bias': [2],
    'base_model.model.classifier.out_proj.weight': [2, 16],
    'base_model.model.roberta.encoder.layer.0.intermediate.dense.lora_A.weight': [3, 16],
    'base_model.model.roberta.encoder.layer.0.intermediate.dense.lora_B.weight': [32, 3],
    'base_model.model.roberta.encoder.layer.1.intermediate.dense.lora_A.weight': [3, 16],
    'base_model.model.roberta.encoder.layer.1.intermediate.dense.lora_B.weight': [32, 3],
  });
  const { modules_to_save, use_rslora } = configOf(folder);
  assert.deepEqual([modules_to_save, use_rslora], [['classifier', 'score'], true]);
});

test('names that would match the pooler or the head in Python are written out', async () => {
  const settings = lora.configure({ rank: 2, targetModules: ['dense'] });
  const folder = await writtenFolder(trainedAdapter(settings), 'peft');
  assert.deepEqual(configOf(folder).target_modules, ['attention.output.dense', 'intermediate.dense', 'output.dense']);
});

test('a prefix is one tensor and has no names of layers', async () => {
  const settings = prefix.configure({ prefixLength: 3, prefixFlat: true });
  const folder = await writtenFolder(trainedAdapter(settings, { config: tinyRoberta }), 'peft', {
    backbone: 'roberta',
  });
  assert.deepEqual(tensorShapes(folder, 'adapter_model.safetensors'), {
    'base_model.classifier.dense.bias': [16],
    'base_model.classifier.dense.weight': [16, 16],
    'base_model.classifier.out_proj.bias': [2],
    'base_model.classifier.out_proj.weight': [2, 16],
    prompt_embeddings: [3, 2 * 2 * 16],
  });
  assert.deepEqual(configOf(folder), {
    auto_mapping: null,
    base_model_name_or_path: 'roberta',
    encoder_hidden_size: 16,
    inference_mode: true,
    num_attention_heads: 2,
    num_layers: 2,
    num_transformer_submodules: 1,
    num_virtual_tokens: 3,
    peft_type: 'PREFIX_TUNING',
    prefix_projection: false,
    revision: null,
    task_type: 'SEQ_CLS',
    token_dim: 16,
  });
  const { warnings, settings: read } = readAdapterFolder(folder);
  assert.deepEqual([warnings.join(), read.prefixShiftsPositions], ['', true]);
});

test('a prefix tells whether PEFT counts positions as it does', async () => {
  const linesOf = async (prefixShiftsPositions: boolean) => {
    const settings = prefix.configure({ prefixLength: 3, prefixFlat: true, prefixShiftsPositions });
    const model = tinyClassifier();
    const portable = await portableAdapter(model, attachAdapter(model, settings), 'bert');
    return adapterFormats.peft.write(portable, 'a').warnings.filter((line) => /position/.test(line)).length;
  };
  assert.deepEqual([await linesOf(false), await linesOf(true)], [1, 0]);
});

test('positions after a prefix are those of a text that begins later', () => {
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  adapters.add('shifted', prefix.configure({ prefixLength: 3, prefixFlat: true, prefixShiftsPositions: true }));
  adapters.add('plain', prefix.configure({ prefixLength: 3, prefixFlat: true }));
  const [shifted, plain] = ['shifted', 'plain'].map((name) => adapters.get(name).parameters[0]);
  plain.load(Float32Array.from(shifted.value.dataSync()), null);
  const batch = packSequences([{ ids: [2, 7, 3] }, { ids: [2, 5, 9, 11, 3] }], model.encoder.positionIds);
  const later = { ...batch, positionIds: batch.positionIds.map((id) => id + 3) };
  const logits = (composition: AdapterComposition, rows = batch) => {
    adapters.activate(composition);
    return Array.from(tidy(() => model.forward(rows).dataSync()));
  };
  const [both, first, second] = [logits('shifted'), logits('plain', later), logits('plain')];
  assert.deepEqual(both, first);
  assert.notDeepEqual(both, second);
  assert.deepEqual(logits(batchSplit(['shifted', 'plain'])), [...both.slice(0, 2), ...second.slice(2)]);
  adapters.deactivate();
  assert.deepEqual(logits(null), Array.from(tidy(() => tinyClassifier().forward(batch).dataSync())));
});

test('a prefix with its network must be ejected first, and one for two stacks has a table', async () => {
  const withNetwork = trainedAdapter(prefix.configure({ prefixLength: 3, prefixBottleneck: 4 }));
  await assert.rejects(writtenFolder(withNetwork, 'peft'), /eject the adapter first/);
  const config = { peft_type: 'PREFIX_TUNING', num_virtual_tokens: 3, num_transformer_submodules: 2 };
  assertInputError(
    () => readAdapterFolder(peftFolder({ config, layers: 0 })),
    /prompt_embeddings is no table of the keys and values of 0 layers/,
  );
});

test('for a prefix of another length or backbone the message names the tensor of the file', () => {
  const rows = (length: number, width: number): TensorData => ({
    name: 'prompt_embeddings',
    dtype: 'F32',
    shape: [length, width],
    data: new Float32Array(length * width),
  });
  const config = { peft_type: 'PREFIX_TUNING', num_virtual_tokens: 3 };
  const load = (more: TensorData[]) => () =>
    loadAdapterFolder(tinyClassifier(), peftFolder({ config, layers: 0, more }));
  assertInputError(load([rows(4, 64)]), /"prompt_embeddings" has shape \[4, 64\], the model needs \[3, 64\]/);
  assertInputError(load([rows(3, 96)]), /"prompt_embeddings" has shape \[3, 96\], the model needs \[3, 64\]/);
  assertInputError(load([]), /no tensor "prompt_embeddings"/);
});

/** A folder as PEFT saves it for a tiny BERT. */
function peftFolder({
  config = {},
  modules = ['query', 'value'].map((name) => `attention.self.${name}`),
  layers = 2,
  hidden = 16,
  prefix = 'base_model.model.bert.',
  more = [],
}: {
  config?: Record<string, unknown>;
  modules?: string[];
  layers?: number;
  hidden?: number;
  prefix?: string;
  more?: TensorData[];
} = {}): string {
  const matrix = (name: string, shape: number[]): TensorData => ({
    name,
    dtype: 'F32',
    shape,
    data: Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => (i % 7) + 1),
  });
  const tensors = Array.from({ length: layers }, (_, i) => i).flatMap((i) =>
    modules.flatMap((module) => [
      matrix(`${prefix}encoder.layer.${i}.${module}.lora_A.weight`, [2, hidden]),
      matrix(`${prefix}encoder.layer.${i}.${module}.lora_B.weight`, [hidden, 2]),
    ]),
  );
  const full = { peft_type: 'LORA', r: 2, lora_alpha: 4, target_modules: ['query', 'value'], ...config };
  return temporaryFolder({
    'adapter_config.json': JSON.stringify(full),
    'adapter_model.safetensors': serializeSafetensors([...tensors, ...more]),
  });
}

test('defaults of PEFT stand for what a configuration leaves out', () => {
  const folder = peftFolder({ config: { r: undefined, lora_alpha: undefined } });
  const { rank, alpha, rslora, dropout } = readAdapterFolder(folder).settings;
  assert.deepEqual({ rank, alpha, rslora, dropout }, { rank: 8, alpha: 8, rslora: false, dropout: 0 });
});

test('a file that was saved from the bare encoder lacks its prefix', () => {
  const model = tinyClassifier();
  const { adapter, hasHead } = loadAdapterFolder(model, peftFolder({ prefix: 'base_model.model.' }));
  assert.equal(hasHead, false);
  assert.deepEqual(Array.from(adapter.parameters[0].value.dataSync().slice(0, 8)), [1, 2, 3, 4, 5, 6, 7, 1]);
});

test('patterns for target modules, layers and exclusions are read off the tensors', () => {
  const all = ['attention.self.query', 'attention.self.value'];
  const layers = (...numbers: number[]) => numbers.flatMap((i) => all.map((name) => `bert.encoder.layer.${i}.${name}`));
  const cases: [Record<string, unknown>, number, string[]][] = [
    [{ target_modules: '.*(query|value)$' }, 2, layers(0, 1)],
    [{ target_modules: ['query', 'value'], layers_to_transform: [0] }, 1, layers(0)],
    [{ target_modules: ['query', 'value'], layers_to_transform: 0 }, 1, layers(0)],
    [{ target_modules: ['query', 'value', 'q_proj'] }, 2, ['query', 'value']],
  ];
  for (const [config, count, expected] of cases) {
    const folder = peftFolder({ config, layers: count });
    assert.deepEqual(readAdapterFolder(folder).settings.targetModules, expected);
    assert.equal(loadAdapterFolder(tinyClassifier(), folder).adapter.parameters.length, 4 * count);
  }
});

test('weights of layers that the configuration does not mean are left out, and a line names one', () => {
  const named = { target_modules: ['query', 'value'] };
  const query = 'bert.encoder.layer.0.attention.self.query';
  const cases: [config: Record<string, unknown>, isMeant: boolean][] = [
    [{ target_modules: ['query'] }, false],
    [{ target_modules: ['key', 'value'] }, false],
    [{ target_modules: ['self.query', 'attention.self.value'] }, true],
    [{ target_modules: ['uery', 'value'] }, false],
    [{ target_modules: null }, true],
    [{ target_modules: 'all-linear' }, true],
    [{ target_modules: '.*(query|value)' }, true],
    [{ target_modules: '.*query' }, false],
    [{ target_modules: 'bert\\.encoder\\.layer\\.[01]\\..*\\.(?:query|value)' }, true],
    [{ target_modules: 'encoder.*(query|value)' }, false],
    [{ ...named, exclude_modules: ['value'] }, false],
    [{ ...named, exclude_modules: '.*layer\\.1\\..*' }, false],
    [{ ...named, exclude_modules: ['key'] }, true],
    [{ ...named, exclude_modules: [] }, true],
    [{ ...named, layers_to_transform: [0, 1] }, true],
    [{ ...named, layers_to_transform: [0] }, false],
    [{ ...named, layers_to_transform: 1 }, false],
    [{ ...named, layers_to_transform: [] }, true],
    [{ ...named, layers_to_transform: [0, 1], layers_pattern: 'layer' }, true],
    [{ ...named, layers_to_transform: [0, 1], layers_pattern: ['block', 'layer'] }, true],
    [{ ...named, layers_to_transform: [0, 1], layers_pattern: 'layers' }, false],
    [{ ...named, layers_to_transform: [0, 1], layers_pattern: '' }, true],
    [{ target_modules: '.*(query|value)', layers_to_transform: [7] }, true],
    [{ target_modules: [query, 'value'], layers_to_transform: [1] }, false],
  ];
  for (const [config, isMeant] of cases) {
    const folder = peftFolder({ config, layers: 2 });
    if (isMeant) {
      assert.equal(loadAdapterFolder(tinyClassifier(), folder).adapter.parameters.length, 8, JSON.stringify(config));
      continue;
    }
    const message =
      /the file has weights of bert\.encoder\.layer\.[01]\..*, which .* not mean; they are left out, as PEFT/;
    if (config.target_modules === 'encoder.*(query|value)' || config.layers_pattern === 'layers') {
      assertInputError(() => readAdapterFolder(folder), message, /None is left/);
      continue;
    }
    const { adapter, stored } = loadAdapterFolder(tinyClassifier(), folder);
    assert.ok(adapter.parameters.length > 0 && adapter.parameters.length < 8, JSON.stringify(config));
    assert.match(stored.warnings.join(), message);
  }
  // A path that is named whole is meant in any layer.
  const whole = { target_modules: [query, query.replace('query', 'value')], layers_to_transform: [7] };
  assert.equal(
    loadAdapterFolder(tinyClassifier(), peftFolder({ config: whole, layers: 1 })).adapter.parameters.length,
    4,
  );
});

test('expressions that could take for ever are not tried, and a line says so', () => {
  for (const target_modules of ['(.*)*(query|value)!?', '((a+)+)+|.*', '(?=.*query).*', '(', '.*.*.*.*.*.*.*x']) {
    const { warnings } = readAdapterFolder(peftFolder({ config: { target_modules } }));
    assert.match(warnings.join(), /its patterns are too complex to be checked; all layers are taken/);
  }
});

test('patterns are expressions, of which the first that fits a layer counts', () => {
  const settingsOf = (config: Record<string, unknown>) => readAdapterFolder(peftFolder({ config })).settings;
  const module = (layer: number, name: string) => `bert.encoder.layer.${layer}.attention.self.${name}`;
  assert.deepEqual(settingsOf({ rank_pattern: { 'layer\\.0\\..*query': 3, query: 5, uery: 7 } }).rankPattern, [
    `${module(0, 'query')}=3`,
    `${module(1, 'query')}=5`,
  ]);
  assert.deepEqual(settingsOf({ alpha_pattern: { '.*value': 0.5, nothing: 3 } }).alphaPattern, [
    `${module(0, 'value')}=0.5`,
    `${module(1, 'value')}=0.5`,
  ]);
  assert.equal(settingsOf({ alpha_pattern: { nothing: 3 }, rank_pattern: { 'yer.0': 2 } }).rankPattern, undefined);
});

test('LoRA on the head and the pooler is merged into the weights that the backbone has', () => {
  const matrix = (name: string, shape: number[]): TensorData => ({
    name: `base_model.model.${name}.weight`,
    dtype: 'F32',
    shape,
    data: Float32Array.from({ length: shape[0] * shape[1] }, (_, i) => Math.sin(i + shape[1])),
  });
  const [a, b] = [matrix('classifier.lora_A', [1, 16]), matrix('classifier.lora_B', [2, 1])];
  const targets = { target_modules: ['query', 'value', 'classifier'], rank_pattern: { 'query|value': 2 } };
  const folder = peftFolder({ config: { r: 1, lora_alpha: 3, ...targets }, more: [a, b] });
  const model = tinyClassifier();
  const weight = model.parameters().find(({ name }) => name === 'classifier.weight');
  assert.ok(weight);
  const before = weight.value.dataSync().slice();
  const { hasHead, adapter } = loadAdapterFolder(model, folder);
  assert.deepEqual([hasHead, adapter.parameters.length], [true, 8]);
  const [left, right] = [b, a].map(({ data }) => Array.from(data as Float32Array));
  weight.value.dataSync().forEach((value, i) => {
    const expected = before[i] + 3 * left[Math.floor(i / 16)] * right[i % 16];
    assert.ok(Math.abs(value - expected) < 1e-5);
  });
});

test('what PEFT cannot load is not written', async () => {
  const both = trainedAdapter(lora.configure({ rank: 2, dora: true, loraBias: true }));
  await assert.rejects(writtenFolder(both, 'peft'), /PEFT has no DoRA with a bias in LoRA/);
  const factors = ia3.configure({ targetModules: ['query', 'attention.output.dense'], feedforwardModules: ['dense'] });
  const { feedforward_modules, target_modules } = configOf(await writtenFolder(trainedAdapter(factors), 'peft'));
  assert.deepEqual(feedforward_modules, ['attention.output.dense']);
  assert.deepEqual(target_modules, ['query', 'attention.output.dense']);
});

test('biases of a head that was trained whole are there three times', () => {
  const bias = (name: string, value: number): TensorData => ({
    name: `base_model.model.${name}.bias`,
    dtype: 'F32',
    shape: [2],
    data: Float32Array.of(value, value),
  });
  const copies = ['classifier.modules_to_save.default', 'classifier.modules_to_save', 'classifier.original_module'];
  const folder = peftFolder({ more: [bias('classifier', 3), ...copies.map((name) => bias(name, 1))] });
  const own = readAdapterFolder(folder).weights.filter(({ name }) => name.startsWith('classifier'));
  assert.deepEqual(
    own.map(({ name, values }) => [name, ...values]),
    [['classifier.bias', 3, 3]],
  );
});

test('(IA)³ without layers whose inputs are multiplied', () => {
  const factors = (layer: number): TensorData => ({
    name: `base_model.model.bert.encoder.layer.${layer}.output.dense.ia3_l`,
    dtype: 'F32',
    shape: [16, 1],
    data: new Float32Array(16).fill(2),
  });
  const config = { peft_type: 'IA3', target_modules: ['output.dense'], feedforward_modules: [] };
  const folder = peftFolder({ config, layers: 0, more: [factors(0), factors(1)] });
  const { settings } = readAdapterFolder(folder);
  assert.deepEqual([settings.targetModules, settings.feedforwardModules], [['output.dense'], ['none']]);
});

test('p-tuning is the prompt tuning that its network has made', async () => {
  const folder = await writtenFolder(trainedAdapter({ kind: 'prompt-tuning', promptLength: 3 }), 'peft');
  const config = { ...configOf(folder), peft_type: 'P_TUNING', encoder_hidden_size: 7, encoder_num_layers: 2 };
  const network = temporaryFolder({
    'adapter_config.json': JSON.stringify(config),
    'adapter_model.safetensors': readFileSync(join(folder, 'adapter_model.safetensors')),
  });
  const [first, second] = [folder, network].map((path) => readAdapterFolder(path));
  assert.deepEqual(second.settings, first.settings);
  assert.deepEqual(second.weights, first.weights);
  assert.deepEqual(second.warnings, first.warnings);
});

test('what is not supported is refused by its name', () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ layer_replication: [[0, 1]] }, /layer replication \(layer_replication/],
    [{ target_parameters: ['x'] }, /LoRA on parameters/],
    [{ rank_pattern: { query: 'x' } }, /rank_pattern gives "query" the value "x"; it must be a number/],
    [{ alpha_pattern: { '(.*)*query': 4 } }, /the key "\(\.\*\)\*query" of alpha_pattern is too complex/],
    [{ bias: 'some' }, /lora: bias must be one of none, all, lora_only, not "some"/],
    [{ init_lora_weights: 'pissa_niter_4' }, /"pissa_niter_4" changes the backbone's weights/],
    [{ peft_type: 'FOURIERFT' }, /peft_type "FOURIERFT" is not supported; LORA, /],
    [{ r: 'two' }, /adapter_config\.json: lora: rank must be a whole number above 0, not "two"/],
  ];
  for (const [config, message] of cases) assertInputError(() => readAdapterFolder(peftFolder({ config })), message);
});

const extra = (name: string): TensorData => ({ name, dtype: 'F32', shape: [1], data: Float32Array.of(1) });

test('an adapter of another backbone is refused, and the model stays as it was', () => {
  const cases: [string, RegExp][] = [
    [peftFolder({ hidden: 32 }), /query\.lora_A\.weight" has shape \[2, 32\], the model needs \[2, 16\]/],
    [peftFolder({ layers: 3 }), /tensor "base_model\.model\.bert\.encoder\.layer\.2\..*belongs to no parameter/],
    [
      peftFolder({ layers: 1 }),
      /no tensor "base_model\.model\.bert\.encoder\.layer\.1\.attention\.self\.query\.lora_A/,
    ],
    [peftFolder({ prefix: 'base_model.model.roberta.' }), /lora: no linear layer|belongs to no parameter/],
    [
      peftFolder({ more: [extra('base_model.model.classifier.bias')] }),
      /the head reads the pooler \("base_model\.model\.bert\.pooler\.dense\.weight"\), which neither this folder/,
    ],
    [peftFolder({ more: [extra('encoder.weight')] }), /does not begin with base_model\.model\./],
    [peftFolder({ config: { r: 4 } }), /has shape \[2, 16\], the model needs \[4, 16\]/],
    [temporaryFolder({ 'adapter_config.json': '{"peft_type": "LORA"}' }), /adapter_model\.safetensors/],
    [
      temporaryFolder({ 'adapter_config.json': '{"peft_type": "LORA"}', 'adapter_model.bin': 'x' }),
      /adapter_model\.bin: no pickle, it does not begin with a protocol/,
    ],
    [temporaryFolder({ 'adapter_config.json': '{}' }), /neither PEFT's \(peft_type\) nor AdapterHub's \(config\)/],
  ];
  for (const [folder, message] of cases) {
    const model = tinyClassifier();
    const before = model.parameters();
    assertInputError(() => loadAdapterFolder(model, folder), message);
    assert.deepEqual(model.parameters(), before);
    assert.equal(
      model.points.projection.some(({ attached }) => attached),
      false,
    );
  }
});

test.run();
