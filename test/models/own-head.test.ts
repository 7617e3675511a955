import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import type { TensorData } from '../../src/io/index.ts';
import {
  type LoadClassifierOptions,
  loadClassifier,
  loadEncoder,
  loadQuestionAnswering,
  loadSeq2Seq,
} from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyBartFolder, tinyBartTensors } from '../support/tiny-bart.ts';
import { lively, tinyBert, tinyFolder, tinyRoberta, tinyTensors } from '../support/tiny-model.ts';

const test = suite('models: which head a checkpoint has is read and believed');
useBackend(test, 'reference');

type Json = Readonly<Record<string, unknown>>;

const weight = (name: string, ...shape: number[]): TensorData => ({
  name,
  dtype: 'F32',
  shape,
  data: lively(name, shape),
});

/** A checkpoint of a class with a head of so many outputs; of BERT with a pooler. */
function checkpoint(architecture: string | null, names: readonly string[] | number, fields: Json = {}): string {
  const base = architecture?.startsWith('Roberta') ? tinyRoberta : tinyBert;
  const count = typeof names === 'number' ? names : names.length;
  const config: Json = {
    ...base,
    architectures: architecture === null ? undefined : [architecture],
    ...(typeof names === 'number' ? {} : { id2label: { ...names } }),
    ...fields,
  };
  return tinyFolder({ config, tensors: tinyTensors(base, count) });
}

const own = (folder: string) => loadClassifier(folder, new Random(1));
const asked = (folder: string, options: LoadClassifierOptions) => loadClassifier(folder, new Random(1), () => options);
const wanted = ['negative', 'positive'];

/** The rows of the last layer of a head, which tell a checkpoint's from a new one. */
const isCheckpoints = ({ model }: ReturnType<typeof own>): boolean =>
  model.parameters().every(({ name, isNew }) => !isNew || !/^classifier/.test(name));

const others: readonly [string, RegExp][] = [
  ['BertForTokenClassification', /token classification/],
  ['BertForMultipleChoice', /multiple choice/],
  ['BertForMaskedLM', /masked or next tokens/],
  ['BertForPreTraining', /masked or next tokens/],
  ['BertLMHeadModel', /masked or next tokens/],
  ['BertForNextSentencePrediction', /next sentence/],
  ['BertForQuestionAnswering', /answers to questions/],
  ['BertAdapterModel', /AdapterHub/],
  ['BertModelWithHeads', /AdapterHub/],
  ['EncoderDecoderModel', /not known here/],
  ['BertForSentenceEmbedding', /not known here/],
  ['RobertaForTokenClassification', /token classification/],
  ['RobertaForCausalLM', /masked or next tokens/],
];

for (const [architecture, title] of others) {
  test(`${architecture} does not label texts, whatever its tensors are called`, () => {
    const folder = checkpoint(architecture, wanted);
    assertInputError(() => own(folder), new RegExp(architecture), title, /cannot label whole texts/);
    assertInputError(() => asked(folder, { labels: wanted, head: 'checkpoint' }), new RegExp(architecture), title);
    const loaded = asked(folder, { labels: wanted });
    assert.ok(!isCheckpoints(loaded));
    assert.equal(loaded.warnings.length, 1);
    assert.match(loaded.warnings[0], new RegExp(`${architecture}.*; not used of it: classifier\\..*; the head is new`));
  });
}

test('a tagger is an encoder like any other, and a line names what is not used of it', () => {
  const folder = checkpoint('BertForTokenClassification', ['O', 'B-PER', 'I-PER']);
  const { warnings } = loadEncoder(folder, new Random(1));
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /BertForTokenClassification.* not used of it: classifier\.bias, classifier\.weight/);
  assert.deepEqual(loadEncoder(checkpoint('BertModel', 0), new Random(1)).warnings, []);
});

test('without a class in the file, or with one that has no head, tensors tell, and a line says so', () => {
  for (const architecture of [null, 'BertModel']) {
    const loaded = own(checkpoint(architecture, ['no', 'yes']));
    assert.deepEqual(loaded.model.labels, ['no', 'yes']);
    assert.match(loaded.warnings.join(), /"classifier\.weight" is taken for .*sequence classification/);
    assertInputError(() => own(checkpoint(architecture, 0)), /has no head|names no class/, /cannot label whole texts/);
  }
  const tagger = tinyFolder({
    config: { ...tinyRoberta, architectures: undefined },
    tensors: [...tinyTensors(tinyRoberta), weight('classifier.weight', 2, 16), weight('classifier.bias', 2)],
  });
  assertInputError(() => own(tagger), /cannot label whole texts/);
});

test('a bare backbone gets a new head without a warning', () => {
  const loaded = asked(checkpoint('BertModel', 0), { labels: wanted });
  assert.deepEqual([loaded.warnings, loaded.initialized.includes('classifier.weight')], [[], true]);
});

const sentiment = ['positive', 'negative', 'neutral'];
const kept: readonly [string, readonly string[], readonly string[], readonly string[], RegExp | null][] = [
  ['in another order', sentiment, ['negative', 'neutral', 'positive'], sentiment, null],
  ['in another case', sentiment, ['Neutral', 'Positive', 'Negative'], ['Positive', 'Negative', 'Neutral'], /case/],
  ['by number', sentiment, ['2', '0', '1'], ['0', '1', '2'], /numbers, taken for 'positive', 'negative', 'neutral'/],
  ['of no name', ['LABEL_0', 'LABEL_1'], ['b', 'a'], ['b', 'a'], /names no classes.* 'b', 'a' in this order/],
  ['numbers of no name', ['LABEL_0', 'LABEL_1'], ['1', '0'], ['0', '1'], /names no classes/],
];
for (const [title, names, data, result, assumed] of kept) {
  test(`classes ${title} keep the head, in its own order`, () => {
    for (const architecture of ['BertForSequenceClassification', 'RobertaForSequenceClassification']) {
      const folder = checkpoint(architecture, names);
      for (const head of ['auto', 'checkpoint'] as const) {
        const loaded = asked(folder, { labels: data, head });
        assert.deepEqual(loaded.model.labels, result);
        assert.ok(isCheckpoints(loaded));
        assert.equal(loaded.warnings.length, 1);
        assert.match(loaded.warnings[0], /the head of the checkpoint is used/);
        if (assumed) assert.match(loaded.warnings[0], assumed);
        else assert.doesNotMatch(loaded.warnings[0], /\(/);
      }
    }
  });
}

const unfit: readonly [string, string, readonly string[] | number, Json, LoadClassifierOptions, RegExp][] = [
  ['three classes for two', 'Bert', sentiment, {}, { labels: wanted }, /3 classes .* the 2 classes negative, positive/],
  ['other names', 'Roberta', ['spam', 'ham'], {}, { labels: wanted }, /spam, ham, the data have .* negative, positive/],
  ['classes for a number', 'Bert', wanted, {}, { labels: null }, /the data have a number/],
  ['a number for classes', 'Bert', ['LABEL_0'], {}, { labels: wanted }, /its head is for a number/],
  [
    'several numbers for one',
    'Bert',
    wanted,
    { problem_type: 'regression' },
    { labels: null },
    /its head is for numbers/,
  ],
  ['several labels', 'Bert', wanted, { problem_type: 'multi_label_classification' }, { labels: wanted }, /at once/],
  ['the mean of the tokens', 'Bert', wanted, {}, { labels: wanted, pooling: 'mean' }, /first token .* mean/],
  [
    'more names than outputs',
    'Bert',
    2,
    { id2label: { ...sentiment } },
    { labels: sentiment },
    /names 3 classes, .* 2/,
  ],
];
for (const [title, family, names, fields, options, reason] of unfit) {
  test(`a head that does not fit (${title}) gives place to a new one, unless it is insisted on`, () => {
    const folder = checkpoint(`${family}ForSequenceClassification`, names, fields);
    const loaded = asked(folder, options);
    assert.ok(!isCheckpoints(loaded));
    assert.deepEqual(loaded.model.labels, options.labels);
    assert.equal(loaded.warnings.length, 1);
    assert.match(loaded.warnings[0], reason);
    assert.match(loaded.warnings[0], /not used of it: .*classifier\.\S+.*; the head is new/);
    assertInputError(() => asked(folder, { ...options, head: 'checkpoint' }), reason);
    assert.deepEqual(asked(folder, { ...options, head: 'new' }).warnings, []);
  });
}

test('a head with a part missing is none', () => {
  const tensors = tinyTensors(tinyBert, 2).filter(({ name }) => !name.includes('pooler'));
  const config = { ...tinyBert, architectures: ['BertForSequenceClassification'] };
  assertInputError(() => own(tinyFolder({ config, tensors })), /no tensor "bert\.pooler\.dense\.weight"/);
});

test('how outputs are read follows problem_type', () => {
  const head = (names: readonly string[], problem_type?: string) => {
    const { model } = own(checkpoint('BertForSequenceClassification', names, { problem_type }));
    return [model.problem, model.labels, model.outputs];
  };
  assert.deepEqual(head(wanted), ['single_label_classification', wanted, wanted]);
  const many = 'multi_label_classification';
  assert.deepEqual(head(wanted, many), [many, wanted, wanted]);
  assert.deepEqual(head(['one'], many), [many, ['one'], ['one']]);
  assert.deepEqual(head(wanted, 'regression'), ['regression', null, wanted]);
  assert.deepEqual(head(['LABEL_0']), ['regression', null, ['LABEL_0']]);
  assertInputError(() => head(['a'], 'single_label_classification'), /single_label_classification .* single output/);
});

test('a model for questions has the head for that, or a new one and a line', () => {
  const qa = (architecture: string, more: readonly TensorData[], head?: 'checkpoint') =>
    loadQuestionAnswering(
      tinyFolder({ config: { ...tinyBert, architectures: [architecture] }, tensors: [...tinyTensors(), ...more] }),
      new Random(1),
      undefined,
      { head },
    );
  const two = [weight('qa_outputs.weight', 2, 16), weight('qa_outputs.bias', 2)];
  const three = [weight('qa_outputs.weight', 3, 16), weight('qa_outputs.bias', 3)];
  assert.deepEqual(qa('BertForQuestionAnswering', two).initialized, []);
  for (const [architecture, more, reason] of [
    ['BertForQuestionAnswering', three, /3 outputs where a start and an end/],
    ['BertForTokenClassification', two, /BertForTokenClassification/],
    ['BertForQuestionAnswering', [], /no tensor "qa_outputs\.weight"/],
  ] as const) {
    const { initialized, warnings } = qa(architecture, more);
    assert.deepEqual(initialized, ['qa_outputs.weight', 'qa_outputs.bias']);
    assert.match(warnings.join('\n'), reason);
    assertInputError(() => qa(architecture, more, 'checkpoint'), reason);
  }
});

test('a BART with another head does not generate, but may be trained to', () => {
  const folder = tinyBartFolder([...tinyBartTensors(), weight('classification_head.out_proj.weight', 3, 16)], {
    architectures: ['BartForSequenceClassification'],
  });
  assert.match(loadSeq2Seq(folder, new Random(1)).warnings.join(), /BartForSequenceClassification/);
  const insist = () => loadSeq2Seq(folder, new Random(1), undefined, { head: 'checkpoint' });
  assertInputError(insist, /BartForSequenceClassification.* this needs a head that generates text/);
});

test('layers that the file tells nothing of are refused, fewer and more', () => {
  for (const num_hidden_layers of [1, 3]) {
    const folder = tinyFolder({ config: { ...tinyBert, num_hidden_layers }, tensors: tinyTensors() });
    for (const load of [() => loadEncoder(folder, new Random(1)), () => asked(folder, { labels: wanted })]) {
      assertInputError(load, num_hidden_layers === 1 ? /layer 1 .* num_hidden_layers is 1/ : /no tensor .*layer\.2/);
    }
  }
  for (const [field, layer] of [
    ['encoder_layers', /layer 1 .*encoder_layers is 1/],
    ['decoder_layers', /layer 1 .*decoder_layers is 1/],
  ] as const) {
    assertInputError(() => loadSeq2Seq(tinyBartFolder(undefined, { [field]: 1 }), new Random(1)), layer);
  }
});

test('weights of a backbone that have no place here are refused by name', () => {
  for (const name of [
    'bert.encoder.layer.0.attention.self.distance_embedding.weight',
    'bert.encoder.layer.1.crossattention.self.query.weight',
    'bert.embeddings.rotary.weight',
    'embeddings.word_embeddings.weight_scale',
  ]) {
    const folder = tinyFolder({ tensors: [...tinyTensors(), weight(name, 2, 2)] });
    assertInputError(() => loadEncoder(folder, new Random(1)), new RegExp(name.replaceAll('.', '\\.')));
  }
});

test('adapters inside a checkpoint are refused by name', () => {
  for (const name of [
    'bert.encoder.layer.0.output.adapters.ner.adapter_down.0.weight',
    'bert.encoder.layer.0.attention.self.query.loras.ner.lora_A',
    'bert.encoder.layer.0.attention.self.query.lora_A.default.weight',
    'bert.encoder.layer.0.attention.self.query.base_layer.weight',
    'bert.prefix_tuning.prefix_tunings.ner.self_prefix.wte.weight',
    'bert.invertible_adapters.ner.F.0.weight',
    'base_model.model.bert.embeddings.LayerNorm.weight',
  ]) {
    const folder = tinyFolder({ tensors: [...tinyTensors(), weight(name, 2, 2)] });
    const words = new RegExp(`${name.replaceAll('.', '\\.')}" is of an adapter`);
    assertInputError(() => loadEncoder(folder, new Random(1)), words);
    assertInputError(() => asked(folder, { labels: wanted }), words);
  }
});

test('what a checkpoint has beside its own head is told', () => {
  const extra = ['adapter_stack.0.down.weight', 'bert.pooler.LayerNorm.weight'];
  const tensors = [...tinyTensors(tinyBert, 3), ...extra.map((name) => weight(name, 2, 2))];
  const config = { ...tinyBert, architectures: ['BertForSequenceClassification'], num_labels: 3 };
  const { warnings } = own(tinyFolder({ config, tensors }));
  assert.match(warnings.join(), /not used of it: adapter_stack\.0\.down\.weight, bert\.pooler\.LayerNorm\.weight\.$/);
  assert.deepEqual(own(tinyFolder({ config, tensors: tensors.slice(0, -2) })).warnings, []);
});

test('an adapter beside the weights of a model is refused by name', () => {
  const folder = checkpoint('BertForSequenceClassification', wanted);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'adapter_config.json'), '{"peft_type": "LORA"}');
  assertInputError(() => own(folder), /adapter_config\.json/);
});

test.run();
