import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { suite } from 'uvu';
import { snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: convert');

const folder = reviewFolder();
const model = tinyFolder();
const at = (...names: string[]) => join(folder, ...names);
const texts = { input: 'the film is good\nthe play is bad' };

test.before(async () => {
  await succeed([
    ...['train', '--model', model, '--data', at('train.csv'), '--eval-data', at('dev.csv'), '--text', 'text'],
    ...['--label', 'mood', '--adapter', 'lora', '--rank', '2', '--epochs', '1', '--output', at('run')],
  ]);
});

test('from a run to PEFT and back, with the same predictions', async () => {
  const { stdout } = await succeed(['convert', at('run'), '--to', 'peft', '--output', at('peft'), '--json']);
  const { to, adapter, files, warnings } = JSON.parse(stdout);
  assert.deepEqual([to, adapter.kind, warnings.length], ['peft', 'lora', 1]);
  assert.match(warnings[0], /name no classes/);
  assert.deepEqual(Object.keys(files), ['adapter_config.json', 'adapter_model.safetensors', 'sparse-adapter-run.json']);
  assert.equal(files['adapter_model.safetensors'], readFileSync(at('peft', 'adapter_model.safetensors')).length);

  await succeed(['convert', at('peft'), '--to', 'sparse', '--output', at('back')]);
  const [first, second] = await Promise.all(
    ['run', 'back'].map((name) => succeed(['predict', at(name), '--json'], texts)),
  );
  assert.equal(second.stdout, first.stdout);
});

test('an adapter from elsewhere: the options say what its files do not, and info what is known', async () => {
  await succeed([
    'convert',
    at('run'),
    '--to',
    'peft',
    '--output',
    at('named'),
    '--backbone-name',
    'bert-base-uncased',
  ]);
  const config = JSON.parse(readFileSync(at('named', 'adapter_config.json'), 'utf8'));
  assert.equal(config.base_model_name_or_path, 'bert-base-uncased');
  const foreign = reviewFolder({
    'adapter_config.json': JSON.stringify(config),
    'adapter_model.safetensors': readFileSync(at('named', 'adapter_model.safetensors')),
  });
  const to = (output: string) => ['convert', foreign, '--to', 'sparse', '--output', at(output)];
  const unnamed = await succeed([...to('unnamed'), '--model', model]);
  assert.match(unnamed.stderr, /^warning: .* does not name its classes: they are LABEL_0, LABEL_1/m);
  await succeed([...to('known'), '--model', model, '--labels', 'negative, positive', '--max-length', '16']);

  const [first, second] = await Promise.all(
    ['run', 'known'].map((name) => succeed(['predict', at(name), '--json'], texts)),
  );
  assert.equal(second.stdout, first.stdout);
  const data = ['--data', at('dev.csv'), '--text', 'text', '--label', 'mood'];
  const about = await succeed(['info', at('known')]);
  assert.match(about.stdout, /data +not known: rows of a program, or trained elsewhere/);
  assert.match(about.stdout, /method +lora 2\n/);
  const { stdout } = await succeed(['evaluate', at('known'), ...data, '--json']);
  assert.equal(JSON.parse(stdout).examples, 8);
});

test('a merged checkpoint is a model for every command', async () => {
  await succeed(['convert', at('run'), '--to', 'huggingface', '--output', at('merged')]);
  const { stdout } = await succeed(['info', at('merged')]);
  assert.match(stdout, /own head +negative, positive/);
  const [own, merged] = await Promise.all([
    succeed(['predict', at('run')], texts),
    succeed(['predict', '--model', at('merged')], texts),
  ]);
  const answers = (text: string) => text.split('\n').map((line) => line.split('\t')[0]);
  assert.deepEqual(answers(merged.stdout), answers(own.stdout));
});

test('a folder for transformers.js, of which a later one leaves no file', async () => {
  const to = ['convert', at('run'), '--to', 'onnx', '--output', at('onnx')];
  const { stdout } = await succeed([...to, '--json']);
  const graphs = ['onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_quantized.onnx'];
  const around = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
  assert.deepEqual(Object.keys(JSON.parse(stdout).files), [...around, ...graphs]);
  const files = () =>
    [...snapshot(at('onnx')).keys()]
      .filter((name) => !name.includes('.sparse-adapter'))
      .map((name) => relative(at('onnx'), name))
      .sort();
  assert.deepEqual(files(), [...around, ...graphs].sort());
  const { id2label, problem_type } = JSON.parse(readFileSync(at('onnx', 'config.json'), 'utf8'));
  assert.deepEqual([id2label, problem_type], [{ 0: 'negative', 1: 'positive' }, 'single_label_classification']);
  const tokenizer = JSON.parse(readFileSync(at('onnx', 'tokenizer_config.json'), 'utf8'));
  assert.equal(tokenizer.tokenizer_class, 'BertTokenizer');
  await succeed([...to, '--dtype', 'q8', '--overwrite']);
  assert.deepEqual(files(), [...around, 'onnx/model_quantized.onnx'].sort());
});

test('wrong commands say what is wrong, and write nothing', async () => {
  const before = snapshot(folder);
  const cases: [string[], number, RegExp][] = [
    [[at('run'), '--to', 'keras', '--output', at('x')], 2, /'keras' is invalid.* Allowed choices are peft, adapterhub/],
    [[at('run'), '--to', 'onnx', '--output', at('x'), '--dtype', 'q4'], 1, /--dtype .*fp32, fp16, q8, not "q4"/],
    [[at('run'), '--to', 'peft', '--output', at('x'), '--dtype', 'q8'], 1, /--dtype .*no effect with peft as --to/],
    [[at('run'), '--to', 'onnx', '--output', at('x'), '--name', 'a'], 1, /--name .*no effect with onnx as --to/],
    [
      [at('run'), '--to', 'sparse', '--output', at('x'), '--backbone-name', 'a'],
      1,
      /--backbone-name .*no effect with sparse/,
    ],
    [[at('run'), '--to', 'peft'], 2, /required option '-o, --output <folder>'/],
    [[at('run'), '--to', 'peft', '--output', at('x'), '--labels', 'a'], 2, /two names or more/],
    [[at('nothing'), '--to', 'peft', '--output', at('x')], 1, /There is no .*nothing; give the folder of an adapter/],
    [[at('run'), '--to', 'peft', '--output', at('run')], 1, /holds an earlier output/],
  ];
  const foreign = await sparseAdapter(['predict', at('peft')]);
  assert.match(foreign.stderr, /it is an adapter of another library; take it over with convert --to sparse/);
  for (const [args, code, message] of cases) {
    const outcome = await sparseAdapter(['convert', ...args]);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, message);
    assert.equal(outcome.stdout, '');
  }
  assert.deepEqual(snapshot(folder), before);
});

test.run();
