import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import { loadEncoder, loadSeq2Seq, randomWeights } from '../../src/models/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { animalFolder } from '../support/animals.ts';
import { snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { tinyBart, tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyBert, tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: models of random weights');

const withoutWeights = (folder: string) => {
  rmSync(join(folder, 'model.safetensors'));
  return folder;
};
const bart = withoutWeights(tinyBartFolder());
const outputs = temporaryFolder();

test('init writes a model that loads whole, with the distribution of Hugging Face', async () => {
  const output = join(outputs, 'bart');
  const made = JSON.parse((await succeed(['init', bart, '--output', output, '--seed', '3', '--json'])).stdout);
  const { model, initialized, ignored } = loadSeq2Seq(output, new Random(1));
  assert.deepEqual([initialized, ignored], [[], []]);
  const values = new Map(model.parameters().map(({ name, value }) => [name, Array.from(value.dataSync())]));
  assert.equal(
    made.parameters,
    [...values.values()].reduce((sum, { length }) => sum + length, 0),
  );
  const moment = (numbers: readonly number[]) => Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0) / numbers.length);
  const drawn = [...values].filter(([name]) => /(proj|fc\d)\.weight$/.test(name)).flatMap(([, numbers]) => numbers);
  assert.ok(Math.abs(moment(drawn) - 0.02) < 0.001, `${moment(drawn)}`);
  for (const [name, numbers] of values) {
    if (name.endsWith('bias'))
      assert.ok(
        numbers.every((x) => x === 0),
        name,
      );
    if (/layer_?norm.*\.weight$/.test(name))
      assert.ok(
        numbers.every((x) => x === 1),
        name,
      );
  }
  const table = values.get('model.shared.weight') ?? [];
  const { d_model, pad_token_id } = model.config;
  const padding = table.slice(pad_token_id * d_model, (pad_token_id + 1) * d_model);
  assert.ok(padding.every((x) => x === 0));
  assert.ok(moment(table) > 0.01);
});

test('the same seed gives the same file, another one another file; an earlier output stays unless told', async () => {
  const folder = withoutWeights(tinyFolder());
  const output = join(outputs, 'bert');
  const weights = () => readFileSync(join(output, 'model.safetensors'), 'hex');
  await succeed(['init', folder, '--output', output, '--seed', '1']);
  const first = weights();
  assert.deepEqual(loadEncoder(output, new Random(1)).initialized, []);

  const before = snapshot(output);
  const refused = await sparseAdapter(['init', folder, '--output', output, '--seed', '2']);
  assert.deepEqual([refused.code, snapshot(output)], [1, before]);
  assert.match(refused.stderr, /holds an earlier output.*--overwrite/);
  await succeed(['init', folder, '--output', output, '--seed', '2', '--overwrite']);
  assert.notEqual(weights(), first);
  await succeed(['init', folder, '--output', output, '--seed', '1', '--overwrite']);
  assert.equal(weights(), first);
});

test('a model is trained from scratch, and writes', async () => {
  const data = animalFolder();
  const model = join(outputs, 'new');
  const run = join(outputs, 'run');
  await succeed(['init', bart, '--output', model]);
  const args = ['--data', join(data, 'train.jsonl'), '--text', 'document', '--target', 'summary', '--output', run];
  const options = [
    '--adapter',
    'full',
    '--pruning',
    'none',
    '--epochs',
    '12',
    '--learning-rate',
    '0.01',
    '--validation-split',
    '0',
    '--json',
  ];
  const { metrics, epoch_losses: losses } = JSON.parse(
    (await succeed(['train', '--model', model, ...args, ...options])).stdout,
  );
  assert.equal(metrics, null);
  assert.ok(losses[0] > 2.5 && losses[11] < losses[0] - 1, losses.join(' '));
  await succeed(['generate', run], { input: 'cat and fox\n' });
});

test('without weights a model is still an error, and another deviation too', async () => {
  const data = animalFolder();
  const table = ['--data', join(data, 'train.jsonl'), '--text', 'document', '--target', 'summary'];
  const trained = await sparseAdapter(['train', '--model', bart, ...table, '--output', join(outputs, 'none')]);
  assert.equal(trained.code, 1);
  assert.match(trained.stderr, /has no weights; put model\.safetensors there/);

  const other = withoutWeights(tinyBartFolder());
  writeFileSync(join(other, 'config.json'), JSON.stringify({ ...tinyBart, init_std: 0.1 }));
  const refused = await sparseAdapter(['init', other, '--output', join(outputs, 'other')]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^error: config\.json: init_std 0\.1 is not supported; it must be 0\.02\.$/m);
});

test('sizes that no memory holds are refused before anything is made', async () => {
  const sizes = { vocab_size: 1e9, num_hidden_layers: 1e9, max_position_embeddings: 1e12 };
  for (const [name, value] of Object.entries(sizes)) {
    await assertRejectsInput(
      async () => randomWeights({ ...tinyBert, hidden_size: 64, [name]: value }, new Random(1)),
      new RegExp(`config.json: ${name} ${value} makes weights of .* GiB, and there are 4.0; lower it`),
    );
  }
  const layers = { ...tinyBart, decoder_layers: 1e9 };
  await assertRejectsInput(async () => randomWeights(layers, new Random(1)), /decoder_layers 1000000000 makes weights/);
});

test.run();
