import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { load } from '../../src/finetune/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { retrievalFolder } from '../support/retrieval.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: embeddings');

const model = tinyFolder();
const beir = retrievalFolder();
const folder = temporaryFolder({
  'pairs.csv': 'one,other,score,wrong\nthe film,a good film,5,a bad book\nthe book,a dull book,1,the film\n',
  'lines.txt': 'the film is good\nthe book is dull\nthe play\n',
});
const path = (name: string) => join(folder, name);
const quick = ['--model', model, '--max-length', '16', '--epochs', '1', '--bottleneck', '2', '--batch-size', '2'];
const train = (...args: readonly string[]) => ['train', ...quick, '--pruning', 'none', ...args];
const own = ['--task', 'feature-extraction', '--data', path('pairs.csv'), '--text', 'one,other'];
const vectorsIn = (text: string): number[][] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a retrieval set is trained on and judged by; the run embeds texts, into .npy and JSON lines too', async () => {
  const run = path('beir');
  const trained = await succeed(train('--task', 'beir', '--data', beir, '--output', run));
  assert.match(trained.stderr, /loss +contrastive, with the other pairs of a batch as negatives/);
  assert.match(trained.stdout, /ndcg@10 +\d\.\d{4}\n *mrr@10 /);
  const evaluated = await succeed(['evaluate', run, '--json']);
  const { metrics } = JSON.parse(readFileSync(join(run, 'metrics.json'), 'utf8'));
  assert.deepEqual(JSON.parse(evaluated.stdout).metrics, metrics);
  assert.deepEqual(Object.keys(metrics), ['ndcg@10', 'mrr@10', 'recall@1', 'recall@10', 'recall@100']);

  const { stdout } = await succeed(['embed', run, '--input', path('lines.txt')]);
  const embedder = await load(run, { task: 'feature-extraction' });
  const expected = await embedder.embed(['the film is good', 'the book is dull', 'the play']);
  vectorsIn(stdout).forEach((vector, i) => {
    assert.deepEqual(Float32Array.from(vector), Float32Array.from(expected[i]));
  });

  const npy = path('vectors.npy');
  const written = await succeed(['embed', run, '--input', path('lines.txt'), '--normalize', '--output', npy]);
  assert.deepEqual([written.stdout, written.stderr], ['', `3 vectors in ${npy}\n`]);
  const bytes = readFileSync(npy);
  assert.equal(bytes.toString('latin1', 0, 6), '\x93NUMPY');
  assert.match(
    bytes.toString('latin1', 10, 128),
    /^{'descr': '<f4', 'fortran_order': False, 'shape': \(3, 16\), } +\n$/,
  );
  const first = Float32Array.from({ length: 16 }, (_, i) => bytes.readFloatLE(128 + 4 * i));
  assert.ok(Math.abs(Math.hypot(...first) - 1) < 1e-6);
  assert.equal(bytes.length, 128 + 3 * 16 * 4);

  const again = await sparseAdapter(['embed', run, '--input', path('lines.txt'), '--output', npy]);
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /vectors\.npy is there already; replace it with --overwrite/);
  const lines = path('vectors.jsonl');
  await succeed(['embed', run, '--input', path('lines.txt'), '--output', lines]);
  assert.equal(readFileSync(lines, 'utf8'), stdout);
  assert.ok(!readdirSync(folder).some((name) => name.endsWith('.tmp')));
});

test('scored pairs and triples of a table are trained on and judged, by a retrieval set too', async () => {
  const [scored, triples] = [path('scored'), path('triples')];
  const both = ['--eval-data', path('pairs.csv')];
  const told = await succeed(train(...own, '--label', 'score', ...both, '--output', scored));
  assert.match(told.stderr, /loss +squared difference of cosine and score .*; scores 1 to 5, scaled to 0 to 1\n/);
  assert.match(told.stdout, /spearman .*\n *pearson /);
  const more = await succeed(train(...own, '--negative', 'wrong', '--eval-data', beir, '--output', triples));
  assert.match(more.stderr, /loss +contrastive, with the other pairs of a batch and the negatives/);
  assert.match(more.stdout, /ndcg@10/);
  for (const run of [scored, triples]) {
    const { stdout } = await succeed(['evaluate', run, '--data', beir, '--json']);
    assert.ok('mrr@10' in JSON.parse(stdout).metrics);
  }
  const { stdout } = await succeed([
    'evaluate',
    triples,
    '--data',
    path('pairs.csv'),
    '--text',
    'one,other',
    '--label',
    'score',
    '--json',
  ]);
  assert.deepEqual(Object.keys(JSON.parse(stdout).metrics), ['spearman', 'pearson']);
});

const refused: readonly [readonly string[], RegExp][] = [
  [train(...own.slice(0, -1), 'one'), /--text names one column; embeddings need two/],
  [train(...own, '--label', 'score', '--negative', 'wrong'), /--negative cannot be combined with --label/],
  [train(...own, '--target', 'wrong'), /--target has no effect/],
  [train('--task', 'beir', '--data', folder), /has no qrels\/train\.tsv/],
  [train(...own, '--label', 'wrong'), /'a bad book' in column 'wrong' is not a number/],
  [['embed', '--model', model, '--output', 'x.txt'], /must end in \.npy or \.jsonl/],
  [['embed'], /name the folder of a run, or with --model/],
  [
    ['embed', '--model', model, '--input', path('lines.txt'), '--output', path('lines.txt'), '--overwrite'],
    /--output \S+ is the file of --input; name another one/,
  ],
  [['embed', '--model', model, '--overwrite'], /--overwrite goes with --output/],
];

test('what cannot be done is said in one line', async () => {
  for (const [args, message] of refused) {
    const { code, stderr } = await sparseAdapter(args);
    assert.notEqual(code, 0);
    assert.match(stderr, message);
    assert.equal(
      stderr
        .trimEnd()
        .split('\n')
        .filter((line) => line.startsWith('error')).length,
      1,
    );
  }
  assert.ok(!existsSync('x.txt'));
});

test.run();
