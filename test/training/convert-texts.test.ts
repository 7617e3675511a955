import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { AdapterSettings } from '../../src/adapters/index.ts';
import { readFloats } from '../../src/backends/stored.ts';
import { noGrad, Random, tidy } from '../../src/index.ts';
import { openCheckpoint, serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import { loadSeq2Seq, type Seq2SeqModel } from '../../src/models/index.ts';
import { ORIGIN } from '../../src/training/external.ts';
import {
  convertAdapter,
  type GivenSettings,
  loadRun,
  openAdapter,
  readRunConfig,
  textGeneration,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { animalFolder } from '../support/animals.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { tensorShapes } from '../support/portable.ts';
import { questionFolder } from '../support/questions.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyFolder } from '../support/tiny-model.ts';
import { dense, tinyRun } from '../support/tiny-run.ts';

const test = suite('training: conversion of runs that write texts or answer questions');

const place = () => join(temporaryFolder(), 'folder');
const writing: GivenSettings = {
  model: tinyBartFolder(),
  data: join(animalFolder(), 'train.jsonl'),
  text: 'document',
  target: 'summary',
  maxTargetLength: 8,
  adapter: { kind: 'houlsby', bottleneck: 4 },
  pruningExamples: 8,
  learningRate: 0.01,
  epochs: 1,
  batchSize: 8,
  maxLength: 16,
};

async function finishedRun(settings: GivenSettings): Promise<string> {
  const output = place();
  await tinyRun(output, { settings });
  return output;
}

/** Without the report: texts of the evaluation data do not leave the run. */
const filesOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('report.'))
    .map((name) => [name, readFileSync(join(folder, name), 'hex')]);

const eagerLine =
  'In Python load BART with attn_implementation="eager": with the default the library masks prefixes otherwise.';
const lora: AdapterSettings = { kind: 'lora', rank: 2, init: 'bert' };
const cases: { to: 'peft' | 'adapterhub'; adapter: AdapterSettings }[] = [
  { to: 'adapterhub', adapter: { kind: 'houlsby', bottleneck: 4 } },
  { to: 'adapterhub', adapter: { kind: 'pfeiffer', bottleneck: 4 } },
  { to: 'adapterhub', adapter: { kind: 'houlsby', bottleneck: 4, form: 'sparse-adapter', dropout: 0 } },
  { to: 'adapterhub', adapter: { kind: 'prefix', prefixLength: 2, prefixBottleneck: 3 } },
  { to: 'adapterhub', adapter: lora },
  { to: 'adapterhub', adapter: { ...lora, targetModules: ['q_proj', 'k_proj', 'fc1', 'fc2'] } },
  { to: 'peft', adapter: lora },
  { to: 'peft', adapter: { ...lora, targetModules: ['q_proj', 'encoder_attn.out_proj'] } },
];
for (const { to, adapter } of cases) {
  test(`BART with ${JSON.stringify(adapter)} to ${to} and back is the same run, file for file`, async () => {
    const run = await finishedRun({ ...writing, adapter });
    const [there, back] = [place(), place()];
    const { warnings } = await convertAdapter(run, there, { to });
    assert.equal(warnings.join(), adapter.kind === 'prefix' ? eagerLine : '');
    await convertAdapter(there, back, { to: 'sparse' });
    assert.deepEqual(filesOf(back), filesOf(run));
  });
}

test('names and fields are those of AdapterHub and PEFT', async () => {
  const jsonOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'adapter_config.json'), 'utf8'));
  const [bottlenecks, hubLora, peftLora] = [place(), place(), place()];
  await convertAdapter(await finishedRun(writing), bottlenecks, { to: 'adapterhub', name: 'sum' });
  const run = await finishedRun({ ...writing, adapter: lora });
  await convertAdapter(run, hubLora, { to: 'adapterhub', name: 'sum' });
  await convertAdapter(run, peftLora, { to: 'peft' });

  const { config, ...rest } = jsonOf(bottlenecks);
  assert.deepEqual(
    [rest.model_class, rest.model_type, rest.hidden_size, config.reduction_factor, config.cross_adapter],
    ['BartForConditionalGeneration', 'bart', 16, 4, false],
  );
  const shapes = tensorShapes(bottlenecks, 'adapter.safetensors');
  for (const side of ['encoder', 'decoder']) {
    for (const sublayer of ['attention_adapters', 'output_adapters']) {
      const at = `model.${side}.layers.1.${sublayer}.adapters.sum`;
      assert.deepEqual(shapes[`${at}.adapter_down.0.weight`], [4, 16]);
      assert.deepEqual(shapes[`${at}.adapter_up.bias`], [16]);
    }
  }
  assert.equal(Object.keys(shapes).length, 2 * 2 * 2 * 4);
  assert.deepEqual(
    readdirSync(bottlenecks).filter((name) => /head/.test(name)),
    [],
  );

  const { config: places } = jsonOf(hubLora);
  assert.deepEqual([places.attn_matrices, places.selfattn_lora, places.intermediate_lora], [['q', 'v'], true, false]);
  const inHub = Object.keys(tensorShapes(hubLora, 'adapter.safetensors'));
  assert.ok(inHub.includes('model.decoder.layers.0.encoder_attn.v_proj.loras.sum.lora_B'));

  const { task_type: task, target_modules: targets, modules_to_save: modules } = jsonOf(peftLora);
  assert.deepEqual(
    [task, targets.toSorted(), modules],
    ['SEQ_2_SEQ_LM', ['encoder_attn.q_proj', 'encoder_attn.v_proj', 'self_attn.q_proj', 'self_attn.v_proj'], null],
  );
  const inPeft = Object.keys(tensorShapes(peftLora, 'adapter_model.safetensors'));
  assert.ok(inPeft.includes('base_model.model.model.encoder.layers.1.self_attn.q_proj.lora_A.weight'));
});

const logitsOf = (model: Seq2SeqModel) =>
  tidy(() => noGrad(() => model.forward(model.pack([{ ids: [0, 6, 7, 2], targetIds: [0, 8, 2] }]))).dataSync());

test('merged, it is a checkpoint that needs no adapter', async () => {
  const run = await finishedRun({ ...writing, adapter: lora });
  const merged = place();
  await convertAdapter(run, merged, { to: 'huggingface' });
  const { model, initialized, ignored } = loadSeq2Seq(merged, new Random(1));
  assert.deepEqual([initialized, ignored], [[], []]);
  const expected = logitsOf(loadRun(run, { task: textGeneration }).model.network);
  logitsOf(model).forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-3 * Math.max(1, Math.abs(expected[i])), `logit ${i}`);
  });
});

test('an adapter for vectors of BART is not read as one that writes texts', async () => {
  const there = place();
  await convertAdapter(await finishedRun({ ...writing, adapter: lora }), there, { to: 'peft' });
  rmSync(join(there, ORIGIN));
  const path = join(there, 'adapter_config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...config, task_type: 'FEATURE_EXTRACTION' }));
  await assertRejectsInput(
    async () => openAdapter(there),
    /FEATURE_EXTRACTION on an encoder-decoder is not supported: there is no task here for vectors/,
  );
});

test('what cannot be expressed is one line with what can', async () => {
  const refused: [AdapterSettings, 'peft' | 'adapterhub', RegExp][] = [
    [{ kind: 'houlsby', bottleneck: 4 }, 'peft', /PEFT has no adapter of the kind 'houlsby'; write it as adapterhub/],
    [
      { kind: 'prefix', prefixLength: 2, prefixFlat: true },
      'peft',
      /PEFT has prefixes of BART in the decoder's own attention alone; train one with .*, or write it as adapterhub/,
    ],
    [{ ...lora, targetModules: ['out_proj'] }, 'adapterhub', /no LoRA at self_attn\.out_proj; write it as peft/],
    [
      { ...lora, targetModules: ['self_attn.q_proj'] },
      'adapterhub',
      /leaves out model\.decoder\..*encoder_attn\.q_proj/,
    ],
  ];
  for (const [adapter, to, message] of refused) {
    const run = await finishedRun({ ...writing, adapter, ...dense });
    await assertRejectsInput(() => convertAdapter(run, place(), { to }), message);
  }
});

test("BART's bottlenecks in the authors' form have AdapterHub's names", async () => {
  const there = place();
  const adapter: AdapterSettings = { kind: 'houlsby', bottleneck: 4, form: 'sparse-adapter', dropout: 0 };
  await convertAdapter(await finishedRun({ ...writing, adapter }), there, { to: 'adapterhub', name: 'mood' });
  const names = Object.keys(tensorShapes(there, 'adapter.safetensors'));
  assert.ok(names.includes('model.decoder.layers.0.attention_adapters.adapters.mood.adapter_down.1.weight'));
  assert.ok(names.includes('model.encoder.layers.0.output_adapters.adapters.mood.adapter_norm_before.weight'));
  assert.deepEqual(
    names.filter((name) => !name.includes('.adapters.mood.')),
    [],
  );
});

test('an output layer beside an adapter of BART must be that of the backbone', async () => {
  const there = place();
  await convertAdapter(await finishedRun(writing), there, { to: 'adapterhub' });
  rmSync(join(there, 'sparse-adapter-run.json'));
  const { model_name } = JSON.parse(readFileSync(join(there, 'adapter_config.json'), 'utf8'));
  const file = openCheckpoint(model_name);
  const name = ['model.shared.weight', 'shared.weight'].find((spelling) => file.names().includes(spelling)) ?? '';
  const { shape } = file.info(name);
  const data = readFloats(file.numbers(name));
  file.close();
  const converted = (values: Float32Array) => {
    const head: TensorData = { name: 'lm_head.weight', dtype: 'F32', shape, data: values };
    writeFileSync(join(there, 'model_head.safetensors'), serializeSafetensors([head]));
    writeFileSync(
      join(there, 'head_config.json'),
      JSON.stringify({ config: null, model_class: 'BartForConditionalGeneration' }),
    );
    return convertAdapter(there, place(), { to: 'sparse' });
  };
  await converted(data);
  const other = data.map((value, i) => (i === 7 ? value + 1 : value));
  await assertRejectsInput(
    () => converted(other),
    /its output layer \("lm_head\.weight"\) is not that of the backbone/,
  );
});

test('an adapter of BART that another library wrote is one that writes texts', async () => {
  const [there, back] = [place(), place()];
  await convertAdapter(await finishedRun(writing), there, { to: 'adapterhub' });
  rmSync(join(there, 'sparse-adapter-run.json'));
  await convertAdapter(there, back, { to: 'sparse' });
  const { task, data } = readRunConfig(back).settings;
  assert.deepEqual([task, data], ['text2text-generation', undefined]);
});

test('a run of questions to adapterhub and to peft and back is the same run, file for file', async () => {
  const settings: GivenSettings = {
    ...{ pruningExamples: 8, learningRate: 0.01, epochs: 1, batchSize: 8, maxLength: 16 },
    model: tinyFolder(),
    task: 'squad',
    data: questionFolder(),
    stride: 8,
    adapter: lora,
  };
  const run = await finishedRun(settings);
  for (const to of ['adapterhub', 'peft'] as const) {
    const [there, back] = [place(), place()];
    await convertAdapter(run, there, { to });
    await convertAdapter(there, back, { to: 'sparse' });
    assert.deepEqual(filesOf(back), filesOf(run));
  }
});

test.run();
