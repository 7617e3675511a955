import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { serializeSafetensors } from '../../src/io/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { type ServedRepository, setVariables, sha256, withHub } from '../support/hub.ts';
import { parquetBytes } from '../support/parquet.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyBert, tinyFolder, tinyTensors, vocabulary } from '../support/tiny-model.ts';

const test = suite('commands: models and datasets of the hub');

const weights = serializeSafetensors(tinyTensors());
const model: ServedRepository = {
  name: 'org/tiny',
  files: {
    'config.json': JSON.stringify(tinyBert),
    'vocab.txt': `${vocabulary.join('\n')}\n`,
    'model.safetensors': weights,
  },
};

const words = { positive: ['good', 'great', 'fine', 'nice'], negative: ['bad', 'poor', 'dull', 'weak'] };
const reviews = (thing: string) => ({
  text: Object.values(words).flatMap((list) => list.map((word) => `the ${thing} is ${word}`)),
  mood: Object.values(words).flatMap((list, i) => list.map(() => BigInt(1 - i))),
});
const moods = { mood: ['negative', 'positive'] };
const dataset: ServedRepository = {
  type: 'dataset',
  name: 'org/reviews',
  files: {
    'data/train-00000-of-00002.parquet': parquetBytes(reviews('film'), moods),
    'data/train-00001-of-00002.parquet': parquetBytes(reviews('book'), moods),
    'data/validation-00000-of-00001.parquet': parquetBytes(reviews('play'), moods),
  },
};

const train = (output: string, ...more: string[]) => [
  ...['train', '--model', 'org/tiny', '--dataset', 'org/reviews', '--text', 'text', '--label', 'mood'],
  ...['--bottleneck', '4', '--epochs', '1', '--batch-size', '8', '--json', '--output', output, ...more],
];

test('a run on a model and a dataset of the hub, evaluated without a network', () =>
  withHub([model, dataset], async ({ hub }) => {
    const output = join(temporaryFolder(), 'run');
    const { metrics, settings, labels } = JSON.parse((await succeed(train(output))).stdout);
    assert.equal(settings.model, `org/tiny@${hub.commit('org/tiny')}`);
    assert.equal(settings.dataset, `org/reviews@${hub.commit('org/reviews', 'dataset')}`);
    assert.deepEqual(labels, ['negative', 'positive']);

    const requests = hub.requests.length;
    setVariables({ HF_HUB_OFFLINE: '1' });
    const evaluated = JSON.parse((await succeed(['evaluate', output, '--json'])).stdout);
    assert.deepEqual([evaluated.metrics, evaluated.examples], [metrics, 8]);
    const predicted = await succeed(['predict', output], { input: 'the film is good\n' });
    assert.match(predicted.stdout, /^(positive|negative)\t0\.\d{4}\tthe film is good\n$/);
    assert.match((await succeed(['info', 'org/tiny'])).stdout, /layers +2, 2 attention heads/);
    assert.match((await succeed(['info', output])).stdout, /data +org\/reviews@[0-9a-f]{40}, text -> mood/);
    assert.match((await succeed(['embed', '--model', 'org/tiny'], { input: 'a film\n' })).stdout, /^\[.*\]\n$/);
    assert.equal(hub.requests.length, requests);
  }));

test('SQuAD and XSum of the hub are trained on and evaluated, with the names of their commits', () => {
  const contexts = words.positive.map((word) => `the film is ${word}, and not a book.`);
  const questions = parquetBytes({
    id: contexts.map((_, i) => `q${i}`),
    title: contexts.map(() => 'films'),
    context: contexts,
    question: contexts.map(() => 'is the film good'),
    answers: words.positive.map((word) => ({ text: [word], answer_start: [12] })),
  });
  const squad: ServedRepository = {
    type: 'dataset',
    name: 'org/squad',
    files: {
      'plain_text/train-00000-of-00001.parquet': questions,
      'plain_text/validation-00000-of-00001.parquet': questions,
    },
  };
  const texts = parquetBytes({ document: ['cat and fox', 'owl and bee'], summary: ['cat', 'owl'], id: ['1', '2'] });
  const xsum: ServedRepository = {
    type: 'dataset',
    name: 'org/xsum',
    files: {
      'data/train-00000-of-00001.parquet': texts,
      'data/validation-00000-of-00001.parquet': texts,
      'data/test-00000-of-00001.parquet': texts,
    },
  };
  return withHub([squad, xsum], async ({ hub }) => {
    const folder = temporaryFolder();
    const short = ['--bottleneck', '2', '--pruning', 'none', '--epochs', '1', '--json'];
    const cases = [
      { task: 'squad', model: tinyFolder(), size: 4, metric: 'f1' },
      { task: 'xsum', model: tinyBartFolder(), size: 2, metric: 'rouge2' },
    ];
    for (const { task, model: own, size, metric } of cases) {
      const output = join(folder, task);
      const args = ['train', '--model', own, '--task', task, '--dataset', `org/${task}`, '--output', output, ...short];
      const { settings, metrics } = JSON.parse((await succeed(args)).stdout);
      assert.equal(settings.dataset, `org/${task}@${hub.commit(`org/${task}`, 'dataset')}`);
      assert.ok(Number.isFinite(metrics[metric]));
      const evaluated = JSON.parse((await succeed(['evaluate', output, '--json'])).stdout);
      assert.deepEqual(evaluated.metrics, metrics);
      assert.ok(evaluated.examples >= size);
      assert.match((await succeed(['info', output])).stdout, new RegExp(`^data +.*org/${task}@`, 'm'));
    }
  });
});

test('--resume knows the model by the name that was given', () =>
  withHub([model, dataset], async () => {
    const output = join(temporaryFolder(), 'run');
    const signal = { after: 'pruned', name: 'SIGINT' } as const;
    const stopped = await sparseAdapter(train(output, '--epochs', '300'), { signal });
    assert.equal(stopped.code, 130, stopped.stderr);
    const other = await sparseAdapter(['train', '--resume', '--output', output, '--model', 'org/other']);
    assert.match(other.stderr, /--model org\/other cannot be combined with --resume: the stopped run has org\/tiny@/);
    const info = JSON.parse((await succeed(['info', output, '--json'])).stdout);
    assert.match(info.settings.model, /^org\/tiny@[0-9a-f]{40}$/);
    setVariables({ HF_HUB_OFFLINE: '1' });
    await succeed(['train', '--resume', '--output', output, '--model', 'org/tiny', '--dataset', 'org/reviews']);
  }));

test('download: prints where the files are, and gets the newest', () =>
  withHub([model, dataset], async ({ hub, folder }) => {
    const first = JSON.parse((await succeed(['download', 'org/tiny', '--json'])).stdout);
    assert.deepEqual(first, {
      name: `org/tiny@${hub.commit('org/tiny')}`,
      folder: join(folder('models--org--tiny'), 'snapshots', hub.commit('org/tiny')),
    });
    hub.replace({ ...model, files: { ...model.files, 'config.json': JSON.stringify({ ...tinyBert, new: true }) } });
    const second = JSON.parse((await succeed(['download', 'org/tiny', '--json'])).stdout);
    assert.notEqual(second.name, first.name);
    const { stdout } = await succeed(['download', '--dataset', 'org/reviews']);
    assert.match(stdout, /^name +org\/reviews@.*\n(.*\n)*train +.*train-00000.*\ntrain +.*train-00001.*\nevaluation +/);
  }));

test('two processes at a time download a file once', () =>
  withHub([model], async ({ hub, folder }) => {
    hub.faults.set('model.safetensors', { slow: 100 });
    await Promise.all([1, 2, 3].map(() => succeed(['download', 'org/tiny'])));
    assert.equal(hub.sentBytes.get('model.safetensors'), weights.length);
    const blob = join(folder('models--org--tiny'), 'blobs', sha256(weights));
    assert.deepEqual(new Uint8Array(readFileSync(blob)), weights);
  }));

test('a process that is killed leaves nothing that counts, and the next one goes on', () =>
  withHub([model], async ({ hub, folder }) => {
    hub.faults.set('model.safetensors', { stallAfter: 5000, times: 1 });
    setVariables({ HF_HUB_DOWNLOAD_TIMEOUT: '60' });
    const unfinished = join(folder('models--org--tiny'), 'blobs', `${sha256(weights)}.incomplete`);
    const killWhen = () => statSync(unfinished, { throwIfNoEntry: false })?.size === 5000;
    const killed = await sparseAdapter(['download', 'org/tiny'], { killWhen });
    assert.equal(killed.code, null);
    assert.ok(!existsSync(join(folder('models--org--tiny'), 'snapshots')));
    await succeed(['info', 'org/tiny']);
    assert.equal(hub.sentBytes.get('model.safetensors'), weights.length);
  }));

test('one line for what goes wrong', () =>
  withHub([model, dataset], async () => {
    let count = 0;
    const unused = () => `unused-${count++}`;
    const cases: [string[], number, RegExp][] = [
      [['info', 'org/none'], 1, /neither a folder nor an installed npm package, and http.* has no model org\/none/],
      [['download'], 2, /name a model, or a --dataset/],
      [['download', 'org/tiny', '--subset', 'x'], 2, /--subset goes with --dataset/],
      [train(unused(), '--data', 'x.csv'), 2, /--data cannot be combined with --dataset/],
      [train(unused(), '--eval-data', 'x.csv'), 2, /--eval-data has no effect without --data/],
      [
        train(unused(), '--dataset', 'reviews'),
        2,
        /'--dataset <org\/name>' argument 'reviews' is invalid\. It must be org\/name or/,
      ],
      [train(unused(), '--subset', 'x'), 1, /org\/reviews has no part 'x'/],
      [train(unused(), '--task', 'rte'), 2, /--text has no effect with --task rte, whose files and columns are known/],
      [train(unused(), '--task', 'squad', '--eval-data', 'x.json'), 2, /--eval-data has no effect without --data/],
      [train(unused(), '--task', 'xsum'), 2, /--text has no effect with --task xsum/],
      [train(unused(), '--target', 'mood'), 2, /--label has no effect with --target mood/],
      [['evaluate', 'nowhere'], 1, /nowhere has no sparse-adapter\.json/],
    ];
    await Promise.all(
      cases.map(async ([args, code, message]) => {
        const outcome = await sparseAdapter(args);
        const errors = outcome.stderr.split('\n').filter((line) => line.startsWith('error: '));
        assert.equal(outcome.code, code, outcome.stderr);
        assert.equal(errors.length, 1, outcome.stderr);
        assert.match(errors[0], message);
      }),
    );
  }));

test.run();
