import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { serializeSafetensors } from '../../src/io/index.ts';
import { readRunConfig } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { tinyBert, tinyFolder, tinyRoberta, tinyTensors } from '../support/tiny-model.ts';

const test = suite('commands: what a checkpoint says of its head');

type Json = Readonly<Record<string, unknown>>;

const checkpoint = (labels: readonly string[], fields: Json = {}, base: Json = tinyBert) =>
  tinyFolder({
    config: { ...base, architectures: ['BertForSequenceClassification'], id2label: { ...labels }, ...fields },
    tensors: tinyTensors(base, labels.length),
  });

const texts = [
  'the film is good',
  'the book is dull',
  'a very long story',
  'the play is weak',
  'not bad',
  'a new film',
];
const input = `${texts.join('\n')}\n`;
const documents = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const warnings = (stderr: string) => stderr.split('\n').filter((line) => line.startsWith('warning: '));

test('predict refuses a checkpoint that labels something else by the name of its class', async () => {
  const chooser = checkpoint(['a', 'b'], { architectures: ['BertForMultipleChoice'] });
  const { code, stderr, stdout } = await sparseAdapter(['predict', '--model', chooser], { input });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^error: .*BertForMultipleChoice.*multiple choice.*\n$/);
});

test('an untouched model is right about its own answers, in whatever order the data name the classes', async () => {
  const model = checkpoint(['zebra', 'ant']);
  const { stdout } = await succeed(['predict', '--model', model, '--json'], { input });
  const rows = documents(stdout).map(({ text, label }) => `${text},${label}\n`);
  const folder = temporaryFolder({ 'own.csv': `text,label\n${rows.join('')}x,ant\ny,zebra\n` });
  const data = join(folder, 'own.csv');
  const output = join(folder, 'run');
  const options = ['--text', 'text', '--label', 'label', '--adapter', 'houlsby', '--bottleneck', '4', '--epochs', '1'];
  const trained = await succeed([
    ...['train', '--model', model, '--data', data, '--eval-data', data, ...options, '--learning-rate', '1e-12'],
    ...['--pruning', 'none', '--output', output, '--json'],
  ]);
  const [, few, ...more] = warnings(trained.stderr);
  assert.match(few, /One class is never predicted/);
  assert.deepEqual(more, []);
  assert.match(trained.stderr, /the head of the checkpoint is used, its outputs are zebra, ant\./);
  assert.deepEqual(readRunConfig(output).labels, ['zebra', 'ant']);
  // Two rows have made-up labels, of which the model gives the same one to both or is right or wrong on both.
  const own = (await succeed(['predict', output, '--json'], { input })).stdout;
  assert.deepEqual(
    documents(own).map(({ label }) => label),
    documents(stdout).map(({ label }) => label),
  );
  const { accuracy } = JSON.parse(trained.stdout).metrics;
  assert.ok(accuracy >= rows.length / (rows.length + 2), String(accuracy));
  const again = JSON.parse((await succeed(['evaluate', output, '--json'])).stdout);
  assert.equal(again.metrics.accuracy, accuracy);
});

test('a head of three classes for a task of two is replaced with one line; insisted on it is an error', async () => {
  const model = checkpoint(['contradiction', 'neutral', 'entailment']);
  const folder = temporaryFolder({ 'two.csv': 'text,label\na film,good\na book,bad\na play,good\n' });
  const args = [
    ...['prune', '--model', model, '--data', join(folder, 'two.csv'), '--text', 'text', '--label', 'label'],
    ...['--bottleneck', '4', '--pruning', 'random'],
  ];
  const { stderr } = await succeed(args);
  assert.equal(warnings(stderr).filter((line) => !line.startsWith('warning: no validation split: ')).length, 1);
  assert.match(stderr, /3 classes contradiction, neutral, entailment.*2 classes bad, good.*the head is new/);
  const refused = await sparseAdapter([...args, '--no-ignore-mismatched-sizes']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /error: .*its head is for the 3 classes/);
});

test('several labels at once: all above one half, with their probabilities', async () => {
  const names = Array.from({ length: 24 }, (_, i) => `feeling ${i}`);
  const model = checkpoint(names, { problem_type: 'multi_label_classification' });
  const [json, lines] = await Promise.all([
    succeed(['predict', '--model', model, '--json'], { input }),
    succeed(['predict', '--model', model], { input }),
  ]);
  const answers = documents(json.stdout);
  for (const { labels, probabilities, logits } of answers) {
    for (const name of names) {
      assert.ok(Math.abs(probabilities[name] - 1 / (1 + Math.exp(-logits[name]))) < 1e-12);
      assert.equal(labels.includes(name), probabilities[name] > 0.5);
    }
  }
  assert.ok(new Set(answers.map(({ labels }) => labels.join())).size > 1, 'texts with different labels');
  for (const [i, line] of lines.stdout.trimEnd().split('\n').entries()) {
    const { labels, probabilities } = answers[i];
    const shown = labels.map((name: string) => probabilities[name].toFixed(4));
    assert.equal(line, `${labels.join(', ') || '-'}\t${shown.join(', ') || '-'}\t${texts[i]}`);
  }
});

test('regression with several outputs answers with all of them', async () => {
  const model = checkpoint(['valence', 'arousal'], { problem_type: 'regression' });
  const [json, lines] = await Promise.all([
    succeed(['predict', '--model', model, '--json'], { input }),
    succeed(['predict', '--model', model], { input }),
  ]);
  const [{ values, logits }] = documents(json.stdout);
  assert.deepEqual(values, { valence: logits[0], arousal: logits[1] });
  assert.equal(lines.stdout.split('\n')[0], `valence ${logits[0]}, arousal ${logits[1]}\t${texts[0]}`);
});

test('a model with one token type reads pairs of a tokenizer that has two, and says so', async () => {
  const base = { ...tinyRoberta, pad_token_id: 0 };
  const model = checkpoint(['no', 'yes'], { architectures: ['RobertaForSequenceClassification'] }, base);
  writeFileSync(join(model, 'tokenizer_config.json'), '{"tokenizer_class": "BertTokenizer"}');
  const pairs = ['predict', '--model', model, '--json'];
  const { stdout, stderr } = await succeed(pairs, { input: 'the film\tis good\n' });
  assert.equal(documents(stdout)[0].textPair, 'is good');
  assert.equal(warnings(stderr).length, 1);
  assert.match(stderr, /one token type .*type_vocab_size 1/);
});

test('a padding token that differs is told in one line', async () => {
  const model = checkpoint(['no', 'yes'], { pad_token_id: 3 });
  const { stderr } = await succeed(['predict', '--model', model], { input });
  assert.equal(warnings(stderr).length, 1);
  assert.match(stderr, /padding token is 0 in the tokenizer and 3 in config\.json/);
});

test('info tells the class of a checkpoint, and whether its head is for texts', async () => {
  const info = async (model: string) => (await succeed(['info', model])).stdout;
  const tagger = checkpoint(['O', 'B-PER'], { architectures: ['BertForTokenClassification'] });
  assert.match(await info(tagger), /class +BertForTokenClassification: .*token classification.*\nown head +none/);
  const many = checkpoint(['joy', 'fear'], { problem_type: 'multi_label_classification' });
  assert.match(await info(many), /own head +joy, fear \(multi_label_classification\)/);
});

test('generate, questions and embed read the class too', async () => {
  const model = checkpoint(['a', 'b'], { architectures: ['BertForMultipleChoice'] });
  const question = ['predict', '--model', model, '--question', 'who?', '--context', 'the film'];
  const [answers, vectors, texts] = await Promise.all([
    sparseAdapter(question),
    sparseAdapter(['embed', '--model', model], { input }),
    sparseAdapter(['generate', '--model', model], { input }),
  ]);
  assert.equal(answers.code, 1);
  assert.match(answers.stderr, /BertForMultipleChoice.*multiple choice/);
  assert.equal(vectors.code, 0);
  assert.match(vectors.stderr, /BertForMultipleChoice.* not used of it: classifier/);
  assert.equal(texts.code, 1);
  assert.match(texts.stderr, /model_type "bert" is not supported; it must be bart/);
});

test('weights that are damaged beside a good class are still an error of their own', async () => {
  const config = { ...tinyBert, architectures: ['BertForSequenceClassification'] };
  const folder = tinyFolder({ config, tensors: [], files: { 'model.safetensors': serializeSafetensors([]) } });
  const { code, stderr } = await sparseAdapter(['info', folder]);
  assert.equal(code, 1);
  assert.match(stderr, /there is no tensor/);
});

test.run();
