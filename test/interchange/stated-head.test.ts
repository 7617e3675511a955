import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import { loadAdapterFolder } from '../../src/interchange/index.ts';
import { openSafetensors, readJsonObject, serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import {
  type AnyClassifier,
  loadClassifier,
  loadQuestionAnswering,
  loadSeq2Seq,
  packSequences,
  SentenceEncoder,
  type SequenceClassifier,
} from '../../src/models/index.ts';
import {
  classification,
  convertAdapter,
  loadRun,
  openAdapter,
  questionAnswering,
  textGeneration,
} from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { lively, tinyBert, tinyFolder, tinyTensors, vocabulary } from '../support/tiny-model.ts';

const test = suite('interchange: what the files of an adapter say that it is');
useBackend(test, 'reference');

type Json = Readonly<Record<string, unknown>>;

const weight = (name: string, ...shape: number[]): TensorData => ({
  name,
  dtype: 'F32',
  shape,
  data: lively(name, shape),
});

/** A BERT with a pooler and no head. */
const bert = (config: Json): string =>
  tinyFolder({
    config: { ...tinyBert, ...config },
    tensors: tinyTensors(tinyBert, 2).filter(({ name }) => !name.startsWith('classifier')),
  });
const backbone = bert({});

const lora = (module: string, inner = 16, out = 16): TensorData[] => [
  weight(`base_model.model.${module}.lora_A.weight`, 4, inner),
  weight(`base_model.model.${module}.lora_B.weight`, out, 4),
];
const attention = [0, 1].flatMap((i) =>
  ['query', 'value'].flatMap((end) => lora(`bert.encoder.layer.${i}.attention.self.${end}`)),
);
const pooler = ['weight', 'bias'].map((end) =>
  weight(`base_model.model.bert.pooler.dense.${end}`, ...(end === 'weight' ? [16, 16] : [16])),
);
const head = (name: string, count: number): TensorData[] => [
  weight(`base_model.model.${name}.weight`, count, 16),
  weight(`base_model.model.${name}.bias`, count),
];
const classifier = head('classifier', 2);

/** A folder as PEFT writes it. */
const peft = (
  fields: Json,
  tensors: readonly TensorData[],
  model = backbone,
  files: Readonly<Record<string, string>> = {},
): string =>
  temporaryFolder({
    ...files,
    'adapter_config.json': JSON.stringify({
      ...{ peft_type: 'LORA', task_type: 'SEQ_CLS', base_model_name_or_path: model, r: 4, lora_alpha: 16 },
      ...{ target_modules: ['query', 'value'], init_lora_weights: true, ...fields },
    }),
    'adapter_model.safetensors': serializeSafetensors(tensors, { format: 'pt' }),
  });

const ids = [2, 14, 8, 18, 3];
const logits = (model: AnyClassifier, of: readonly number[] = ids) =>
  Array.from(model.forward(packSequences([{ ids: of }], model.encoder.positionIds)).dataSync());

/** The model of a folder, and of the run that it is converted to, which must answer alike. */
async function classified(
  folder: string,
): Promise<{ readonly logits: number[]; readonly warnings: readonly string[] }> {
  const output = join(temporaryFolder({}), 'run');
  const { warnings } = await convertAdapter(folder, output, { to: 'sparse' });
  const opened = openAdapter(folder);
  const own = logits(opened.model.network as SequenceClassifier);
  assert.deepEqual(logits(loadRun(output, { task: classification }).model.network), own);
  return { logits: own, warnings };
}

/** Logits of these very folders by transformers 5.24 and PEFT 0.21.2. */
const references: readonly [string, Json, readonly TensorData[], readonly number[]][] = [
  ['LoRA', {}, [...attention, ...classifier], [-0.445797860622406, -0.6636430025100708]],
  [
    'LoRA on the pooler',
    { target_modules: 'all-linear' },
    [...attention, ...lora('bert.pooler.dense'), ...classifier],
    [-0.6938661336898804, 0.7329490184783936],
  ],
  [
    'a trained pooler',
    { modules_to_save: ['classifier', 'pooler'] },
    [...attention, ...pooler, ...classifier],
    [-0.0910080075263977, -0.39501678943634033],
  ],
  [
    'a regular expression',
    { target_modules: '.*self\\.(query|value)' },
    [...attention, ...classifier],
    [-0.445797860622406, -0.6636430025100708],
  ],
  [
    'drawn otherwise',
    { init_lora_weights: 'eva' },
    [...attention, ...classifier],
    [-0.445797860622406, -0.6636430025100708],
  ],
];
for (const [title, fields, tensors, expected] of references) {
  test(`${title}: logits are those of PEFT`, async () => {
    const { logits: own, warnings } = await classified(peft(fields, tensors));
    own.forEach((x, i) => {
      assert.ok(Math.abs(x - expected[i]) < 2e-6, `${own} are not ${expected}`);
    });
    assert.equal(warnings.filter((line) => line.includes('pooler')).length, Number(title === 'LoRA on the pooler'));
  });
}

test('an adapter whose backbone says that it gives several numbers is not read as one of several classes', () => {
  const model = bert({ problem_type: 'regression', id2label: { 0: 'a', 1: 'b' } });
  const head = /config\.json of its backbone says problem_type regression, .*merge it/;
  assertInputError(() => openAdapter(peft({}, [...attention, ...classifier], model)), head);
  assertInputError(() => openAdapter(peft({ task_type: null }, attention, model)), head);
});

test('an adapter whose backbone says that several labels can hold is read so', () => {
  const model = bert({ problem_type: 'multi_label_classification', id2label: { 0: 'a', 1: 'b' } });
  const { config, model: read } = openAdapter(peft({}, [...attention, ...classifier], model));
  assert.deepEqual([config.settings.problemType, config.labels], ['multi_label_classification', ['a', 'b']]);
  assert.equal((read.network as SequenceClassifier).problem, 'multi_label_classification');
});

test('classes that the files do not name are those of the backbone, if there are as many', () => {
  const model = bert({ id2label: { 0: 'zeta', 1: 'alpha' } });
  const named = openAdapter(peft({}, [...attention, ...classifier], model));
  assert.deepEqual(named.config.labels, ['zeta', 'alpha']);
  assert.match(named.warnings.join(), /those of the backbone's config\.json, zeta, alpha; name others with --labels/);
  const other = openAdapter(peft({}, [...attention, ...head('classifier', 3)], model));
  assert.deepEqual(other.config.labels, ['LABEL_0', 'LABEL_1', 'LABEL_2']);
});

test('fields that no table knows are told', () => {
  const tensors = [...attention, ...classifier];
  const { warnings } = openAdapter(peft({ use_squares: true, peft_version: '0.21', use_mine: null }, tensors));
  assert.match(
    warnings[0],
    /adapter_config\.json: fields that are not known here are not followed: use_squares true\.$/,
  );
  const usual = { velora_config: null, eva_config: { rho: 2 }, runtime_config: {}, qalora_group_size: 16 };
  assert.doesNotMatch(openAdapter(peft(usual, tensors)).warnings.join(), /not followed/);
});

test('LoRA on the pooler goes into the pooler of a model of a program too', () => {
  const fields = { target_modules: 'all-linear' };
  const folder = peft(fields, [...attention, ...lora('bert.pooler.dense'), ...classifier]);
  const { model } = loadClassifier(backbone, new Random(1), () => ({ labels: ['a', 'b'] }));
  loadAdapterFolder(model, folder);
  assert.deepEqual(logits(model), logits(openAdapter(folder).model.network as SequenceClassifier));
});

const unserved: readonly [Json, readonly TensorData[], RegExp][] = [
  [{ task_type: 'CAUSAL_LM' }, [], /task_type CAUSAL_LM .*language modelling/],
  [{ task_type: 'RANKING' }, classifier, /task_type "RANKING" is not supported/],
  [
    { task_type: null, auto_mapping: { base_model_class: 'BertForMultipleChoice' } },
    classifier,
    /its head has 2 outputs .*, the model's has 1/,
  ],
  [{ init_lora_weights: 'lora_ga' }, classifier, /"lora_ga" changes the backbone's weights/],
  [{ init_lora_weights: 'pissa_niter_16' }, classifier, /"pissa_niter_16" changes the backbone's weights/],
  [{ init_lora_weights: 'olora' }, classifier, /olora/],
  [{ init_lora_weights: 'corda' }, classifier, /corda/],
  [{ init_lora_weights: 'loftq' }, classifier, /loftq/],
  [{ init_lora_weights: 'nova' }, classifier, /init_lora_weights "nova" is not known/],
  [{ kasa_config: { beta: 1 } }, classifier, /KaSA/],
  [{ monteclora_config: { samples: 1 } }, classifier, /Monte Carlo/],
  [{ rank_pattern: { query: 8 } }, classifier, /rank_pattern/],
  [
    { task_type: null },
    classifier.filter(({ name }) => name.endsWith('.bias')),
    /its head was saved in part, there is no tensor ".*classifier\.weight"; train the head whole \(modules_to_save\)/,
  ],
  [
    { bias: 'lora_only' },
    [...classifier, { ...weight('base_model.model.bert.encoder.layer.0.output.dense.bias', 16, 1), shape: [16] }],
    /the bias bert\.encoder\.layer\.0\.output\.dense\.bias of the backbone, and by its bias "lora_only" none like it was trained/,
  ],
  [
    {},
    [...classifier, weight('base_model.model.bert.embeddings.word_embeddings.weight', 29, 16)],
    /its table of tokens .*word_embeddings\.weight"\) has 29 rows, the backbone's has 30, as it was resized/,
  ],
  [
    { target_modules: ['query', 'value', 'word_embeddings'] },
    [...classifier, weight('base_model.model.bert.embeddings.word_embeddings.lora_embedding_A', 4, 30)],
    /no tensor ".*word_embeddings\.lora_embedding_B"/,
  ],
  [
    {},
    [...classifier, weight('base_model.model.bert.encoder.layer.7.output.dense.weight', 16, 32)],
    /modulesToSave names 'bert\.encoder\.layer\.7\.output\.dense', and no module of the backbone is called so/,
  ],
  [
    { target_modules: ['query', 'key', 'value'] },
    [...classifier, weight('base_model.model.bert.encoder.layer.0.attention.self.key.lora_A.default.weight', 4, 16)],
    /name of the adapter in it/,
  ],
];
for (const [fields, more, message] of unserved) {
  test(`refused by name: ${message.source}`, async () => {
    const folder = peft(fields, [...attention, ...more]);
    await assertRejectsInput(() => convertAdapter(folder, join(folder, 'out'), { to: 'sparse' }), message);
  });
}

test('a norm of the embeddings that a kind does not hold is named', async () => {
  const fields = { peft_type: 'IA3', target_modules: ['value'], feedforward_modules: [] };
  const scales = [0, 1].map((i) =>
    weight(`base_model.model.bert.encoder.layer.${i}.attention.self.value.ia3_l`, 16, 1),
  );
  const norm = { ...weight('base_model.model.bert.embeddings.LayerNorm.weight', 16, 1), shape: [16] };
  const folder = peft(fields, [...scales, ...classifier, norm]);
  await assertRejectsInput(
    () => convertAdapter(folder, join(folder, 'out'), { to: 'sparse' }),
    /embeddings\.LayerNorm\.weight" is of the norm of the embeddings, trained whole \(modules_to_save\)/,
  );
});

test('a table of tokens that was resized loads with the resized backbone, too, and is written', async () => {
  const table = 'bert.embeddings.word_embeddings.weight';
  const count = vocabulary.length + 2;
  const resized = tinyFolder({
    config: { ...tinyBert, vocab_size: count },
    tensors: tinyTensors({ ...tinyBert, vocab_size: count }, 2).filter(({ name }) => !name.startsWith('classifier')),
    files: { 'vocab.txt': [...vocabulary, 'bitcoin', 'euro'].join('\n') },
  });
  const trained = weight(`base_model.model.${table}`, count, 16);
  const folder = peft({ modules_to_save: ['classifier', 'word_embeddings'] }, [...attention, ...classifier, trained]);
  const run = join(temporaryFolder({}), 'run');
  await convertAdapter(folder, run, { to: 'sparse', model: resized });
  const { tokenizer, network, adapter } = loadRun(run).model;
  const { ids: words } = tokenizer.encode('bitcoin euro');
  assert.deepEqual(words.slice(1, -1), [count - 2, count - 1]);
  const [model, swapped] = [network as SequenceClassifier, [words[0], count - 1, count - 2, words[3]]];
  assert.notDeepEqual(logits(model, words), logits(model, swapped));
  assert.deepEqual(adapter.settings.modulesToSave, ['bert.embeddings.word_embeddings']);
  const back = join(temporaryFolder({}), 'peft');
  await convertAdapter(run, back, { to: 'peft' });
  const file = openSafetensors(join(back, 'adapter_model.safetensors'));
  assert.deepEqual(file.info(trained.name).shape, [count, 16]);
  assert.deepEqual([...file.readFloat32(trained.name)], [...(trained.data as Float32Array)]);
  file.close();
});

test('a table with more tokens than the backbone has replaces its own, and the tokenizer beside it knows them', async () => {
  const count = vocabulary.length + 2;
  const trained = weight('base_model.model.bert.embeddings.word_embeddings.weight', count, 16);
  const tensors = [...attention, ...classifier, trained];
  const words = [...vocabulary, 'bitcoin', 'euro'].join('\n');
  const folder = peft({ modules_to_save: ['classifier', 'word_embeddings'] }, tensors, backbone, {
    'vocab.txt': words,
    'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'BertTokenizer' }),
  });
  const [run, back, copy, checkpoint] = ['run', 'peft', 'copy', 'checkpoint'].map((name) =>
    join(temporaryFolder({}), name),
  );
  const { warnings } = await convertAdapter(folder, run, { to: 'sparse' });
  assert.match(warnings.join('\n'), /its table of tokens has 32 rows, .*, and replaces it; so is the tokenizer/);
  const { tokenizer, network } = loadRun(run).model;
  const { ids } = tokenizer.encode('bitcoin euro');
  assert.deepEqual(ids.slice(1, -1), [count - 2, count - 1]);
  const expected = logits(network as SequenceClassifier, ids);
  assert.notDeepEqual(expected, logits(network as SequenceClassifier, [ids[0], count - 1, count - 2, ids[3]]));

  const written = await convertAdapter(run, back, { to: 'peft' });
  assert.match(written.warnings.join('\n'), /resize_token_embeddings\(32\)/);
  assert.equal(readFileSync(join(back, 'vocab.txt'), 'utf8'), words);
  await convertAdapter(back, copy, { to: 'sparse' });
  const again = loadRun(copy).model;
  assert.deepEqual(again.settings.vocabularySize, count);
  assert.deepEqual(logits(again.network as SequenceClassifier, ids), expected);

  await convertAdapter(run, checkpoint, { to: 'huggingface' });
  assert.equal(readJsonObject(join(checkpoint, 'config.json')).vocab_size, count);
  assert.equal(readFileSync(join(checkpoint, 'vocab.txt'), 'utf8'), words);
  const { model } = loadClassifier(checkpoint, new Random(1));
  // The adapter is merged into it.
  for (const [i, logit] of logits(model, ids).entries()) assert.ok(Math.abs(logit - expected[i]) < 1e-6);
});

test('without a tokenizer beside it that of the backbone stays', async () => {
  const trained = weight('base_model.model.bert.embeddings.word_embeddings.weight', vocabulary.length + 2, 16);
  const folder = peft({ modules_to_save: ['classifier', 'word_embeddings'] }, [...attention, ...classifier, trained]);
  const { model, warnings } = openAdapter(folder);
  assert.match(warnings.join('\n'), /has 32 rows, .*; the tokenizer stays that of /);
  assert.equal(model.tokenizer.vocabSize, vocabulary.length);
});

test('a model that is there already keeps its tokens', () => {
  const trained = weight('base_model.model.bert.embeddings.word_embeddings.weight', vocabulary.length + 2, 16);
  const folder = peft({ modules_to_save: ['classifier', 'word_embeddings'] }, [...attention, ...classifier, trained]);
  const { model } = loadClassifier(backbone, new Random(1), () => ({ labels: ['a', 'b'] }));
  assertInputError(() => loadAdapterFolder(model, folder), /has 32 rows, the backbone's has 30, .*--model \(model\)/);
});

test('a head for something else does not become the head of a model of a program', () => {
  const tagger = peft({ task_type: 'TOKEN_CLS' }, [...attention, ...classifier]);
  const { model } = loadClassifier(backbone, new Random(1), () => ({ labels: ['a', 'b'] }));
  assertInputError(() => loadAdapterFolder(model, tagger), /task_type TOKEN_CLS .*token classification/);
  const { hasHead } = loadAdapterFolder(model, tagger, { head: false });
  assert.equal(hasHead, false);
});

test('an adapter without a head takes the classes of the backbone that has one', async () => {
  const names = ['no', 'maybe', 'yes'];
  const config = { ...tinyBert, architectures: ['BertForSequenceClassification'], id2label: { ...names } };
  const model = tinyFolder({ config, tensors: tinyTensors(tinyBert, 3) });
  const folder = peft({ task_type: null }, attention, model);
  const opened = openAdapter(folder);
  assert.deepEqual(opened.config.labels, names);
  assertInputError(
    () => openAdapter(peft({ task_type: null }, attention)),
    /has no task head, and neither has the backbone/,
  );
});

test('question answering made in Python is loaded as that', async () => {
  const folder = peft({ task_type: 'QUESTION_ANS' }, [...attention, ...head('qa_outputs', 2)]);
  const output = join(temporaryFolder({}), 'run');
  await convertAdapter(folder, output, { to: 'sparse' });
  const { network } = loadRun(output, { task: questionAnswering }).model;
  const program = loadQuestionAnswering(backbone, new Random(2)).model;
  loadAdapterFolder(program, folder);
  const batch = packSequences([{ ids }], network.encoder.positionIds);
  assert.deepEqual(network.forward(batch).dataSync(), program.forward(batch).dataSync());
  assertInputError(
    () => loadRun(output, { task: classification }),
    /was trained for question-answering, not for text-classification/,
  );
  const merged = join(temporaryFolder({}), 'merged');
  await convertAdapter(output, merged, { to: 'huggingface' });
  const { initialized } = loadQuestionAnswering(merged, new Random(3), undefined, { head: 'checkpoint' });
  assert.deepEqual(initialized, []);
  assertInputError(() => loadClassifier(merged, new Random(1)), /BertForQuestionAnswering/);
});

test('LoRA of BART made in Python is loaded to write texts', async () => {
  const model = tinyBartFolder();
  const places = [0, 1].flatMap((i) => [
    `encoder.layers.${i}.self_attn`,
    ...['self_attn', 'encoder_attn'].map((attention) => `decoder.layers.${i}.${attention}`),
  ]);
  const tensors = places.flatMap((place) => lora(`model.${place}.q_proj`));
  const folder = peft({ task_type: 'SEQ_2_SEQ_LM', target_modules: ['q_proj'] }, tensors, model);
  const output = join(temporaryFolder({}), 'run');
  await convertAdapter(folder, output, { to: 'sparse' });
  const { adapter, network } = loadRun(output, { task: textGeneration }).model;
  assert.equal(adapter.parameters.length, 12);
  const program = loadSeq2Seq(model, new Random(1)).model;
  loadAdapterFolder(program, folder);
  const pair = [{ ids: [0, 6, 7, 2], targetIds: [0, 8, 2] }];
  assert.deepEqual(network.forward(network.pack(pair)).dataSync(), program.forward(program.pack(pair)).dataSync());
});

/** A folder as AdapterHub writes it: a Pfeiffer adapter and a head. */
function hub(modelClass: string, fields: Json, tensors: readonly TensorData[]): string {
  const common = {
    hidden_size: 16,
    model_class: modelClass,
    model_name: backbone,
    model_type: 'bert',
    version: 'adapters.1.1.0',
  };
  const config = {
    ...{
      mh_adapter: false,
      output_adapter: true,
      original_ln_before: true,
      original_ln_after: true,
      is_parallel: false,
    },
    ...{ residual_before_ln: true, non_linearity: 'relu', reduction_factor: 4, ln_before: false, ln_after: false },
  };
  const adapter = [0, 1].flatMap((i) => {
    const start = `bert.encoder.layer.${i}.output.adapters.own`;
    return [
      ...[weight(`${start}.adapter_down.0.weight`, 4, 16), weight(`${start}.adapter_down.0.bias`, 4)],
      ...[weight(`${start}.adapter_up.weight`, 16, 4), weight(`${start}.adapter_up.bias`, 16)],
    ];
  });
  return temporaryFolder({
    'adapter_config.json': JSON.stringify({ ...common, config, name: 'own' }),
    'adapter.safetensors': serializeSafetensors(adapter),
    'head_config.json': JSON.stringify({ ...common, config: null, name: null, ...fields }),
    'model_head.safetensors': serializeSafetensors(tensors),
  });
}

const two = [weight('classifier.weight', 2, 16), weight('classifier.bias', 2)];
const spans = [weight('qa_outputs.weight', 2, 16), weight('qa_outputs.bias', 2)];

test('an adapter of PEFT with a head for tokens has its tags from the backbone or from the options', () => {
  const own = [
    attention,
    [weight('base_model.model.classifier.weight', 2, 16), weight('base_model.model.classifier.bias', 2)],
  ];
  const model = bert({ id2label: { 0: 'O', 1: 'B-X' } });
  const named = openAdapter(peft({ task_type: 'TOKEN_CLS' }, own.flat(), model));
  assert.deepEqual([named.config.settings.task, named.config.labels], ['token-classification', ['O', 'B-X']]);
  const told = openAdapter(peft({ task_type: 'TOKEN_CLS' }, own.flat()), { labels: ['B-Y', 'O'] });
  assert.deepEqual([told.model.labels, told.warnings], [['B-Y', 'O'], []]);
});

test('classes of AdapterHub are believed', () => {
  const tagger = openAdapter(hub('BertForTokenClassification', { label2id: { O: 0, B: 1 } }, two));
  assert.deepEqual([tagger.config.settings.task, tagger.config.labels], ['token-classification', ['O', 'B']]);
  assertInputError(() => openAdapter(hub('BertForMultipleChoice', {}, two)), /its head has 2 outputs .*has 1/);
  const one = [weight('classifier.weight', 1, 16), weight('classifier.bias', 1)];
  const pooler = ['weight', 'bias'].map((kind) =>
    weight(`bert.pooler.dense.${kind}`, 16, ...(kind === 'weight' ? [16] : [])),
  );
  const chooser = openAdapter(hub('BertForMultipleChoice', { label2id: { LABEL_0: 0 } }, [...one, ...pooler]));
  assert.equal(chooser.config.settings.task, 'multiple-choice');
  assert.deepEqual(openAdapter(hub('BertForSequenceClassification', { label2id: { b: 0, a: 1 } }, two)).config.labels, [
    'b',
    'a',
  ]);
  assert.equal(openAdapter(hub('BertForQuestionAnswering', {}, spans)).config.settings.task, 'question-answering');
});

test('flexible heads of AdapterHub by their type', () => {
  const flexible = (config: Json, tensors: readonly TensorData[]) =>
    hub('BertAdapterModel', { config: { label2id: { a: 0, b: 1 }, ...config }, name: 'own' }, tensors);
  for (const head_type of ['masked_lm', 'dependency_parsing', 'causal_lm', 'ranking']) {
    assertInputError(
      () => openAdapter(flexible({ head_type, layers: 1 }, [])),
      new RegExp(`type "${head_type}" is not supported`),
    );
  }
  const tagged = [weight('heads.own.1.weight', 2, 16), weight('heads.own.1.bias', 2)];
  const several = openAdapter(flexible({ head_type: 'multilabel_classification', layers: 1 }, tagged)).config;
  assert.deepEqual(
    [several.settings.problemType, several.settings.layeredHead, several.labels],
    ['multi_label_classification', { layers: 1, activation: 'tanh', bias: true, pooler: false }, ['a', 'b']],
  );
  const tagger = openAdapter(flexible({ head_type: 'tagging', layers: 1 }, tagged));
  assert.deepEqual([tagger.config.settings.task, tagger.config.labels], ['token-classification', ['a', 'b']]);
  const qa = flexible({ head_type: 'question_answering', layers: 1 }, [
    weight('heads.own.1.weight', 2, 16),
    weight('heads.own.1.bias', 2),
  ]);
  assert.equal(openAdapter(qa).config.settings.task, 'question-answering');
  const dense = { head_type: 'classification', layers: 2, use_pooler: false, activation_function: 'tanh' };
  const tensors = [
    ...[weight('heads.own.1.weight', 16, 16), weight('heads.own.1.bias', 16)],
    ...[weight('heads.own.4.weight', 2, 16), weight('heads.own.4.bias', 2)],
  ];
  const { saved } = openAdapter(flexible(dense, tensors)).model;
  assert.ok(saved.some(({ name }) => name === 'bert.pooler.dense.weight'));
});

test('a flexible model without a head gives embeddings, unless its backbone has a head', () => {
  const folder = hub('BertAdapterModel', {}, []);
  for (const name of ['head_config.json', 'model_head.safetensors']) rmSync(join(folder, name));
  const { config, model } = openAdapter(folder);
  assert.deepEqual([config.settings.task, config.labels], ['feature-extraction', null]);
  assert.ok(model.network instanceof SentenceEncoder);
  const headed = tinyFolder({
    config: { ...tinyBert, id2label: { 0: 'no', 1: 'yes' } },
    tensors: tinyTensors(tinyBert, 2),
  });
  const classes = openAdapter(folder, { model: headed }).config;
  assert.deepEqual([classes.settings.task, classes.labels], ['text-classification', ['no', 'yes']]);
  assertInputError(
    () => openAdapter(folder, { model: join(folder, 'gone') }),
    /is for the backbone .*gone: .*Give its place with --model \(model\)/,
  );
  const trained = hub('BertForSequenceClassification', {}, []);
  for (const name of ['head_config.json', 'model_head.safetensors']) rmSync(join(trained, name));
  assertInputError(() => openAdapter(trained), /has no task head, and neither has the backbone/);
});

test('a pooler that goes with the head is in the file of a run, and in that only', async () => {
  const output = join(temporaryFolder({}), 'run');
  await convertAdapter(peft({}, [...attention, ...pooler, ...classifier]), output, { to: 'sparse' });
  const file = openSafetensors(join(output, 'adapter.safetensors'));
  assert.equal(file.names().filter((name) => name.includes('pooler')).length, 2);
  file.close();
});

test.run();
