/**
 * A page that answers: it classifies one text by a model like BERT in float32, whose tokenizer it reads from the files of a
 * model folder. Argument: the bundle for browsers.
 */
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import type * as Bundle from '../../src/browser.ts';

const bundle: typeof Bundle = await import(pathToFileURL(process.argv[2]).href);
const { parseEncoderConfig, SequenceClassifier } = bundle.models;
const { readTokenizerFiles, Tokenizer, wordPieceDefinition } = bundle.text;

const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'cafe', '##s', 'good', '!'].join('\n');
const config = {
  model_type: 'bert',
  vocab_size: 9,
  hidden_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  intermediate_size: 16,
  max_position_embeddings: 16,
  type_vocab_size: 2,
};
const files: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'config.json': config,
  'tokenizer.json': wordPieceDefinition(vocabulary, {}, 'vocab.txt'),
  'tokenizer_config.json': { tokenizer_class: 'BertTokenizer', do_lower_case: true },
};
const { definition, settings } = readTokenizerFiles({
  label: 'the page',
  has: (name) => Object.hasOwn(files, name),
  pathOf: (name) => name,
  text: (name) => JSON.stringify(files[name]),
  bytes: (name) => new TextEncoder().encode(JSON.stringify(files[name])),
  json: (name) => files[name],
});
const tokenizer = new Tokenizer(definition, settings);
const encoding = tokenizer.encode('GOOD Cafés!');
assert.deepEqual(encoding.ids, [2, 7, 5, 6, 8, 3]);

await bundle.setBackend('wasm', { threads: 1 });
const root = bundle.nn.ParameterPath.root(new bundle.Random(1));
const model = new SequenceClassifier(root, parseEncoderConfig(config), { labels: ['bad', 'good'] });
const [prediction] = await bundle.inference.predict(model, [encoding]);
assert.equal(prediction.probabilities?.length, 2);
