import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { defineFamily, registerFamily } from '../../../src/adapters/index.ts';
import { Classifier, QuestionAnswering, Seq2Seq } from '../../../src/finetune/index.ts';
import { onnxFiles } from '../../../src/interchange/onnx/index.ts';
import type { FileContent } from '../../../src/io/index.ts';
import { electra } from '../../../src/models/electra.ts';
import { addArchitecture, architectures } from '../../../src/models/index.ts';
import { type GivenSettings, loadRun, type TaskModel } from '../../../src/training/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { assertRejectsInput } from '../../support/input-errors.ts';
import { useBackend } from '../../support/on-backend.ts';
import { type FileGraph, readOnnx } from '../../support/onnx-file.ts';
import { tinyBartFolder } from '../../support/tiny-bart.ts';
import { tinyEncoderDecoderFolder } from '../../support/tiny-encoder-decoders.ts';
import { tinyEncoders, tinyTokenizer } from '../../support/tiny-encoders.ts';
import { tinyFolder, tinyTensors } from '../../support/tiny-model.ts';
import { dense, tinyRun, tinySettings } from '../../support/tiny-run.ts';
import { bytesField, integerField, sentencePieceFile } from '../../text/sentence-piece-writer.ts';

const test = suite('onnx: export');
useBackend(test, 'wasm');

async function trained(changes: GivenSettings = {}): Promise<TaskModel> {
  const output = `${temporaryFolder()}/run`;
  await tinyRun(output, { settings: { ...tinySettings, ...changes } });
  return loadRun(output).model;
}

const exported = (model: TaskModel, options?: Parameters<typeof onnxFiles>[1], warn?: (warning: string) => void) => {
  const { network, adapter, backbone, folder, tokenizerFolder, tokenizer, settings } = model;
  const source = { network, adapter, backbone, folder, tokenizerFolder, tokenTypes: tokenizer.tokenTypes };
  return onnxFiles({ ...source, maxLength: settings.maxLength, warn }, options);
};

const bytesOf = (content: FileContent): Buffer =>
  typeof content === 'string' || content instanceof Uint8Array ? Buffer.from(content) : Buffer.concat([...content]);

const typeBytes: Readonly<Record<number, number>> = { 1: 4, 2: 1, 3: 1, 6: 4, 7: 8, 10: 2 };

/** Checks that each value is made once, and before it is read. */
function checkOrder(graph: FileGraph, outer: ReadonlySet<string> = new Set()): void {
  const known = new Set([...outer, ...graph.inputs, ...graph.constants.map(({ name }) => name)]);
  for (const { type, inputs, outputs, branches } of graph.nodes) {
    for (const name of inputs) assert.ok(known.has(name), `${type} reads ${name} before it is there`);
    for (const branch of branches) checkOrder(branch, known);
    for (const name of outputs) {
      assert.ok(!known.has(name), `${name} is made twice`);
      known.add(name);
    }
  }
  for (const name of graph.outputs) assert.ok(known.has(name), name);
}

test('each file is a graph whose values are there before they are read, with numbers of their sizes', async () => {
  const files = await exported(await trained());
  const names = ['onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_quantized.onnx'];
  assert.deepEqual(Object.keys(files), ['config.json', 'tokenizer.json', 'tokenizer_config.json', ...names]);
  for (const name of names) {
    const content = bytesOf(files[name]);
    const graph = readOnnx(content);
    checkOrder(graph);
    assert.deepEqual(graph.inputs, ['input_ids', 'attention_mask', 'token_type_ids']);
    assert.deepEqual(graph.outputs, ['logits']);
    for (const { name, type, shape, bytes } of graph.constants) {
      assert.equal(bytes?.length, typeBytes[type] * shape.reduce((a, b) => a * b, 1), name);
    }
    const own = files[name];
    assert.ok(typeof own === 'object' && own.byteLength === content.length);
  }
  const counts = names.map((name) => {
    const { nodes } = readOnnx(bytesOf(files[name]));
    const count = (type: string) => nodes.filter((node) => node.type === type).length;
    return { products: count('MatMul'), whole: count('MatMulInteger'), quantized: count('DynamicQuantizeLinear') };
  });
  // Two layers of four projections and two of feed-forward, two products of attention, four of bottlenecks; two in the head.
  const floats = { products: 2 * (6 + 2 + 4) + 2, whole: 0, quantized: 0 };
  // Query, key and value read one input.
  assert.deepEqual(counts, [floats, floats, { products: floats.products - 12, whole: 12, quantized: 8 }]);
});

for (const { type, title } of architectures()) {
  test(`${title}: a graph with rows before the tokens, and with all of its weights`, async () => {
    const config = tinyEncoders[type];
    const folder = tinyFolder({ config, tensors: tinyTensors(config), files: tinyTokenizer });
    const model = await Classifier.fromPretrained(folder, { labels: ['a', 'b', 'c'] });
    model.addAdapter({ kind: 'prompt-tuning', promptLength: 2 });
    const files = await exported(model);
    for (const name of ['model', 'model_fp16', 'model_quantized']) {
      const graph = readOnnx(bytesOf(files[`onnx/${name}.onnx`]));
      checkOrder(graph);
      assert.deepEqual(graph.inputs.slice(0, 2), ['input_ids', 'attention_mask']);
    }
    model.dispose();
  });
}

test('the graph of a question answerer names no class where transformers has none', async () => {
  const config = tinyEncoders.gte;
  const folder = tinyFolder({ config, tensors: tinyTensors(config), files: tinyTokenizer });
  const model = await QuestionAnswering.fromPretrained(folder);
  model.addAdapter({ kind: 'bitfit' });
  const { 'config.json': own } = await exported(model, { dtype: ['fp32'] });
  assert.deepEqual([JSON.parse(String(own)).model_type, JSON.parse(String(own)).architectures], ['gte', undefined]);
  model.dispose();
});

test("an architecture of a program is refused by name, unless its layers and weights are BERT's", async () => {
  const own = { ...electra, type: 'own', title: 'Own', prefix: 'own' };
  addArchitecture(own);
  addArchitecture({ ...own, type: 'bare', title: 'Bare', prefix: 'bare', layerNames: undefined });
  const filesOf = async (type: string, embedding_size: number) => {
    const config = { ...tinyEncoders.electra, model_type: type, architectures: undefined, embedding_size };
    const folder = tinyFolder({ config, tensors: tinyTensors(config), files: tinyTokenizer });
    const model = await Classifier.fromPretrained(folder, { labels: ['a', 'b'] });
    model.addAdapter({ kind: 'bitfit' });
    return exported(model, { dtype: ['fp32'] });
  };
  assert.ok((await filesOf('own', 16))['onnx/model.onnx']);
  await assertRejectsInput(() => filesOf('own', 8), /no nodes for the weight own\.embeddings_project\.weight/);
  await assertRejectsInput(() => filesOf('bare', 16), /no nodes for Bare/);
});

test('the same model gives the same bytes, and is as it was', async () => {
  const model = await trained({ adapter: { kind: 'lora', rank: 2 } });
  const [first, second] = [await exported(model), await exported(model)];
  for (const [name, content] of Object.entries(first)) assert.ok(bytesOf(content).equals(bytesOf(second[name])), name);
});

test('numbers of 8 bits are nearest to the weights, those of 16 bits as float16 rounds', async () => {
  const model = await trained();
  const files = await exported(model);
  const constants = (name: string) =>
    new Map(readOnnx(bytesOf(files[name])).constants.map((constant) => [constant.name, constant]));
  const floatsOf = (bytes: Uint8Array | null | undefined) => new Float32Array(Uint8Array.from(bytes ?? []).buffer);
  const layer = 'bert.encoder.layer.0.output.dense.weight';
  const weight = floatsOf(constants('onnx/model.onnx').get(layer)?.bytes); // [in, out]
  const parameter = model.network.parameters().find(({ name }) => name === layer);
  const [out, inner] = parameter?.shape ?? [];
  assert.deepEqual(constants('onnx/model.onnx').get(layer)?.shape, [inner, out]);
  const own = await parameter?.data();
  weight.forEach((x, i) => void assert.equal(x, own?.[(i % out) * inner + Math.floor(i / out)]));
  const q8 = constants('onnx/model_quantized.onnx');
  const scales = floatsOf(q8.get(`${layer}_scale`)?.bytes);
  const whole = new Int8Array(q8.get(`${layer}_quantized`)?.bytes ?? []);
  assert.deepEqual([scales.length, whole.length], [out, weight.length]);
  weight.forEach((x, i) => {
    assert.ok(Math.abs(whole[i]) <= 63);
    assert.ok(Math.abs(whole[i] * scales[i % out] - x) <= scales[i % out] * 0.5001);
  });
  const table = 'bert.embeddings.word_embeddings.weight';
  const rows = floatsOf(constants('onnx/model.onnx').get(table)?.bytes);
  const [scale] = floatsOf(q8.get(`${table}_scale`)?.bytes);
  const [zero] = q8.get(`${table}_zero`)?.bytes ?? [];
  const held = q8.get(`${table}_quantized`)?.bytes ?? [];
  rows.forEach((x, i) => void assert.ok(Math.abs((held[i] - zero) * scale - x) <= scale * 0.5001));
  const halves = constants('onnx/model_fp16.onnx').get(layer);
  assert.deepEqual([halves?.type, halves?.bytes?.length], [10, 2 * weight.length]);
});

test('a model that is too large for one file has its numbers beside it', async () => {
  const model = await trained();
  const whole = await exported(model);
  const largest = 8192;
  const files = await exported(model, { dtype: ['fp32'], largestFile: largest });
  const { 'transformers.js_config': told } = JSON.parse(String(files['config.json']));
  const data = Object.keys(files).filter((name) => name.includes('_data'));
  assert.ok(data.length > 2);
  assert.deepEqual(data.slice(0, 2), ['onnx/model.onnx_data', 'onnx/model.onnx_data_1']);
  assert.deepEqual(told, { use_external_data_format: { 'model.onnx': data.length } });
  const inside = new Map(
    readOnnx(bytesOf(whole['onnx/model.onnx'])).constants.map(({ name, bytes }) => [name, Buffer.from(bytes ?? [])]),
  );
  for (const { name, bytes, place } of readOnnx(bytesOf(files['onnx/model.onnx'])).constants) {
    const { location, offset, length } = place;
    const file = location === undefined ? undefined : bytesOf(files[`onnx/${location}`]);
    const found = file?.subarray(Number(offset), Number(offset) + Number(length)) ?? Buffer.from(bytes ?? []);
    assert.ok(inside.get(name)?.equals(found), name);
    if (file) assert.ok(file.length <= largest && Number(offset) % 4096 === 0);
  }
});

test('BART is an encoder and a decoder, whose branches choose the keys and values of the source', async () => {
  const model = await Seq2Seq.fromPretrained(tinyBartFolder());
  model.addAdapter({ kind: 'mam', bottleneck: 4, prefixLength: 3, prefixBottleneck: 4 });
  const files = await exported(model, { dtype: ['fp32', 'q8'] });
  const graphs = ['encoder_model', 'decoder_model_merged', 'encoder_model_quantized', 'decoder_model_merged_quantized'];
  const read = graphs.map((name) => readOnnx(bytesOf(files[`onnx/${name}.onnx`])));
  for (const graph of read) checkOrder(graph);
  const [encoder, decoder] = read;
  assert.deepEqual([encoder.inputs, encoder.outputs], [['input_ids', 'attention_mask'], ['last_hidden_state']]);
  const branches = decoder.nodes.filter(({ type }) => type === 'If');
  // A key and a value in each of two layers.
  assert.equal(branches.length, 4);
  const caches = [0, 1].flatMap((i) =>
    ['decoder', 'encoder'].flatMap((side) => ['key', 'value'].map((part) => `${i}.${side}.${part}`)),
  );
  const others = ['input_ids', 'encoder_attention_mask', 'encoder_hidden_states', 'use_cache_branch'];
  assert.deepEqual(
    decoder.inputs.toSorted(),
    [...others, ...caches.map((name) => `past_key_values.${name}`)].toSorted(),
  );
  assert.deepEqual(decoder.outputs.toSorted(), ['logits', ...caches.map((name) => `present.${name}`)].toSorted());
  const generation = JSON.parse(String(files['generation_config.json']));
  assert.deepEqual([generation.decoder_start_token_id, generation.eos_token_id, generation.pad_token_id], [2, 2, 1]);
  model.dispose();
});

for (const name of ['marian', 'mbart', 't5', 'flan-t5'] as const) {
  test(`${name}: an encoder and a decoder with all weights, and the sizes of caches`, async () => {
    const changes = name === 't5' ? { num_decoder_layers: undefined } : { max_position_embeddings: 24 };
    const model = await Seq2Seq.fromPretrained(tinyEncoderDecoderFolder(name, { changes }));
    model.addAdapter({ kind: 'mam', bottleneck: 4, prefixLength: 3, prefixBottleneck: 4 });
    const files = await exported(model);
    for (const suffix of ['', '_fp16', '_quantized']) {
      for (const side of ['encoder_model', 'decoder_model_merged']) {
        checkOrder(readOnnx(bytesOf(files[`onnx/${side}${suffix}.onnx`])));
      }
    }
    const { num_decoder_layers, decoder_layers } = JSON.parse(String(files['config.json']));
    assert.equal(num_decoder_layers ?? decoder_layers, name === 't5' ? 1 : 2);
    model.dispose();
  });
}

test('a vocabulary for each side gives no tokenizer.json, and one line that says so', async () => {
  const pieces = sentencePieceFile(
    [
      { piece: '</s>', type: 3, score: 0 },
      { piece: '<unk>', type: 2, score: 0 },
      { piece: '▁a', score: -1 },
    ],
    [bytesField(2, integerField(40, 1))],
  );
  const files = {
    'source.spm': pieces,
    'target.spm': pieces,
    'vocab.json': JSON.stringify({ '</s>': 0, '<unk>': 1, '▁a': 2, '<pad>': 3 }),
  };
  const changes = { pad_token_id: 3, eos_token_id: 0, decoder_start_token_id: 3 };
  const folder = tinyEncoderDecoderFolder('marian', { changes, files });
  const model = await Seq2Seq.fromPretrained(folder, { maxLength: 12 });
  model.addAdapter({ kind: 'bitfit' });
  const warnings: string[] = [];
  const written = await exported(model, { dtype: ['fp32'] }, (warning) => void warnings.push(warning));
  assert.equal(warnings.filter((line) => line.includes('has no tokenizer.json')).length, 1);
  assert.ok(written['onnx/encoder_model.onnx'] && !('tokenizer.json' in written));
  assert.ok(written['source.spm'] && written['target.spm'] && written['vocab.json']);
  model.dispose();
});

test('numbers that float16 cannot hold are refused, and the other files are written', async () => {
  const model = await trained();
  const [weight] = model.backbone.filter(({ name }) => name.endsWith('layer.1.output.dense.weight'));
  const values = Float32Array.from(await weight.data());
  values[5] = 65_520;
  weight.load(values, null);
  await assertRejectsInput(
    () => exported(model),
    /layer\.1\.output\.dense\.weight has numbers that float16 cannot hold/,
  );
  assert.ok((await exported(model, { dtype: ['fp32', 'q8'] }))['onnx/model.onnx']);
});

test('what has no nodes is refused by name', async () => {
  registerFamily(
    defineFamily({
      kind: 'doubled',
      summary: 'twice the output of sublayers',
      options: {},
      hasPrunable: false,
      title: () => 'doubled',
      build: ({ points }) => ({
        residual: new Map(points.residual.map((point) => [point, { forward: (h) => h }])),
        chains: {},
      }),
    }),
  );
  const model = await trained({ adapter: { kind: 'doubled' }, ...dense });
  await assertRejectsInput(
    () => exported(model),
    /The adapter 'default' \(doubled\) has a part of its own at bert\..*no nodes/,
  );
});

test.run();
