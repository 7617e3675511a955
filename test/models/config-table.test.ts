import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { parseEncoderConfig, parseEncoderDecoderConfig } from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { tinyBart } from '../support/tiny-bart.ts';
import { tinyBert, tinyRoberta } from '../support/tiny-model.ts';

const test = suite('models: every field of config.json is followed or refused');

type Json = Readonly<Record<string, unknown>>;

/**
 * Fields of transformers' `BertConfig`, `RobertaConfig`, `BartConfig` and `PretrainedConfig`, those of older versions too, with values
 * that ask for another computation than the default.
 */
const refused: { readonly encoder: Json; readonly bart: Json } = {
  encoder: {
    is_decoder: true,
    add_cross_attention: true,
    is_encoder_decoder: true,
    position_embedding_type: 'relative_key_query',
    tie_encoder_decoder: true,
    cross_attention_hidden_size: 16,
    pruned_heads: { 0: [1] },
    quantization_config: { bits: 4 },
    compression_config: { format: 'int' },
    adapters: { adapters: { ner: 'abc' }, config_map: {} },
    adapter_fusions: { 'a,b': {} },
    auto_map: { AutoModel: 'modeling_own.OwnModel' },
    hidden_act: 'quick_gelu',
    problem_type: 'ranking',
    architectures: 'BertModel',
    pad_token_id: 4000,
    vocab_size: '30',
    num_hidden_layers: 0,
    num_attention_heads: 3,
    type_vocab_size: 0,
    layer_norm_eps: -1,
    hidden_dropout_prob: 1,
    attention_probs_dropout_prob: -0.1,
    classifier_dropout: 2,
    max_position_embeddings: null,
    id2label: ['a', 'b'],
    label2id: 3,
    num_labels: 0,
  },
  bart: {
    is_decoder: true,
    is_encoder_decoder: false,
    add_cross_attention: true,
    tie_encoder_decoder: true,
    normalize_before: true,
    normalize_embedding: false,
    add_final_layer_norm: true,
    static_position_embeddings: true,
    add_bias_logits: true,
    do_blenderbot_90_layernorm: true,
    tie_word_embeddings: false,
    encoder_layerdrop: 0.1,
    decoder_layerdrop: 0.1,
    extra_pos_embeddings: 0,
    pruned_heads: { 0: [1] },
    quantization_config: { bits: 8 },
    adapters: { adapters: { sum: 'abc' } },
    auto_map: { AutoModelForSeq2SeqLM: 'modeling_own.Own' },
    activation_function: 'gelu_10',
    scale_embedding: 'yes',
    pad_token_id: -1,
    eos_token_id: 4000,
    decoder_start_token_id: 4000,
    d_model: 17,
    repetition_penalty: 2,
    num_beam_groups: 2,
  },
};

for (const [name, json] of [
  ['bert', tinyBert],
  ['roberta', tinyRoberta],
] as const) {
  for (const [field, value] of Object.entries(refused.encoder)) {
    test(`${name}: ${field} ${JSON.stringify(value)} is refused by name`, () => {
      const words = field === 'architectures' ? /architectures/ : new RegExp(`folder/config\\.json: .*${field}`);
      assertInputError(() => parseEncoderConfig({ ...json, [field]: value }, 'folder/config.json'), words);
    });
  }
}

for (const [field, value] of Object.entries(refused.bart)) {
  test(`bart: ${field} ${JSON.stringify(value)} is refused by name`, () => {
    const named = field === 'd_model' ? /attention_heads must be a divisor of d_model/ : new RegExp(`: ${field}`);
    assertInputError(() => parseEncoderDecoderConfig({ ...tinyBart, [field]: value }), /config\.json: /, named);
  });
}

/** Fields that Python writes and that change nothing here: the same configuration, and not a word. */
const harmless: Json = {
  ...{ is_decoder: false, add_cross_attention: false, is_encoder_decoder: false, position_embedding_type: 'absolute' },
  ...{ chunk_size_feed_forward: 3, pruned_heads: {}, tie_encoder_decoder: false, cross_attention_hidden_size: null },
  ...{ use_cache: true, torch_dtype: 'float16', dtype: 'bfloat16', transformers_version: '4.40.0', torchscript: false },
  ...{ gradient_checkpointing: false, initializer_range: 0.02, output_attentions: false, output_hidden_states: true },
  ...{ return_dict: true, use_bfloat16: false, tf_legacy_loss: false, tie_word_embeddings: true, xla_device: null },
  ...{ bos_token_id: 0, eos_token_id: 2, sep_token_id: 2, tokenizer_class: 'BertTokenizer', prefix: null },
  ...{
    _name_or_path: 'bert-base-uncased',
    finetuning_task: 'sst2',
    task_specific_params: null,
    directionality: 'bidi',
  },
  ...{ pooler_fc_size: 768, pooler_num_attention_heads: 12, pooler_num_fc_layers: 3, pooler_size_per_head: 128 },
  ...{ pooler_type: 'first_token_transform', max_length: 20, num_beams: 1, do_sample: false, temperature: 1 },
  ...{ repetition_penalty: 1, bad_words_ids: null, top_k: 50, adapters: { adapters: {}, config_map: {} } },
  ...{ auto_map: { AutoTokenizer: ['own.Tokenizer', null] }, custom_pipelines: { own: {} }, quantization_config: null },
  ...{ _attn_implementation: 'sdpa', classifier_dropout: null, problem_type: null, language: 'english' },
};

for (const json of [tinyBert, tinyRoberta]) {
  test(`${json.model_type}: what changes nothing is passed over without a word`, () => {
    const [plain, config] = [json, { ...json, ...harmless }].map((fields) => parseEncoderConfig(fields));
    assert.deepEqual(config, plain);
    assert.deepEqual(config.warnings, []);
  });
}

test('fields that no table knows are named in one line, as is a prefix of pipelines', () => {
  const strange = { alibi_starting_size: 512, rope_theta: 10_000, unused: null, prefix: 'summarize: ' };
  for (const { warnings } of [
    parseEncoderConfig({ ...tinyBert, ...strange }),
    parseEncoderDecoderConfig({ ...tinyBart, ...strange }),
  ]) {
    assert.equal(warnings.length, 2);
    assert.match(warnings[0], /^config\.json: .*not followed: alibi_starting_size 512, rope_theta 10000\.$/);
    assert.match(warnings[1], /prefix "summarize: "/);
  }
});

test('a class of another model type contradicts the file', () => {
  const named = (architecture: string, json: Json) => () =>
    parseEncoderConfig({ ...json, architectures: [architecture] }).stated.kind;
  assertInputError(named('RobertaForSequenceClassification', tinyBert), /architectures .* class of model_type bert/);
  assertInputError(named('BartForConditionalGeneration', tinyRoberta), /architectures .* model_type roberta/);
  assert.equal(named('XLMRobertaForTokenClassification', tinyRoberta)(), 'token-classification');
  assert.equal(named('TFBertForMultipleChoice', tinyBert)(), 'multiple-choice');
  assert.equal(named('BertForSentenceEmbedding', tinyBert)(), 'other');
  assert.equal(named('EncoderDecoderModel', tinyBert)(), 'other');
});

test('class names: gaps, names that are there twice and contradictions are errors that name the file', () => {
  const labels = (fields: Json) => parseEncoderConfig({ ...tinyBert, ...fields }, 'm/config.json').labels;
  const wrong: [Json, RegExp][] = [
    [{ id2label: { 0: 'a', 2: 'b' } }, /id2label has 2 names, but one is of class 2/],
    [{ id2label: { 0: 'a', '00': 'b' } }, /id2label has two names for class 0/],
    [{ id2label: { 0: 'a', 1: 'a' } }, /id2label has the class name "a" twice/],
    [{ id2label: { one: 'a' } }, /id2label .*"one"/],
    [{ id2label: { 0: 'a', 1: null } }, /id2label null .* a name/],
    [{ id2label: { 0: 'a', 1: 'b' }, label2id: { a: 1, b: 0 } }, /class 0 is "a" in id2label and "b" in label2id/],
    [{ id2label: { 0: 'a', 1: 'b' }, label2id: { a: 0 } }, /class 1 is "b" in id2label and missing in label2id/],
    [{ id2label: { 0: 'a', 1: 'b' }, num_labels: 3 }, /num_labels is 3, but id2label names 2/],
    [{ label2id: { a: 0, b: 0 } }, /label2id has two names for class 0/],
    [{ id2label: { 4294967296: 'a' } }, /id2label has 1 names, but one is of class 4294967296/],
  ];
  for (const [fields, message] of wrong) assertInputError(() => labels(fields), /^m\/config\.json: /, message);
  assert.deepEqual(labels({ label2id: { b: 0, a: 1 } }), ['b', 'a']);
  assert.deepEqual(labels({ id2label: { 0: 'b', 1: 'a' }, label2id: { b: 0, a: 1 }, num_labels: 2 }), ['b', 'a']);
});

test('default names on one side leave the names of the other, and a line says so', () => {
  const names = { 0: 'neg', 1: 'pos' };
  for (const fields of [
    { id2label: names, label2id: { LABEL_0: 0, LABEL_1: 1 } },
    { id2label: { 0: 'LABEL_0', 1: 'LABEL_1' }, label2id: { neg: 0, pos: 1 } },
  ]) {
    const { labels, warnings } = parseEncoderConfig({ ...tinyBert, ...fields });
    assert.deepEqual(labels, ['neg', 'pos']);
    assert.match(warnings[0], /default names/);
  }
});

test.run();
