import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { main, snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { readEvents } from '../support/tensorboard.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: reproduce and results');

const model = tinyFolder();
const data = tinyGlue({ train: 24, dev: 8 });
const folder = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);

const sweep = (output: string, ...more: string[]) => [
  ...['reproduce', 'table1', '--model', model, '--data', data, '--output', at(output), '--tasks', 'mrpc,stsb'],
  ...['--bottleneck', '8', '--learning-rate', '0.01', '--full-learning-rate', '0.001', '--epochs', '15'],
  ...['--batch-size', '6', '--seeds', '2', '--evaluations', '3', '--checkpoint-seconds', '0', ...more],
];

interface Exported {
  readonly hash: string;
  readonly status: string;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly pruning: unknown;
}

const linesOf = (text: string): Exported[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** The results that must not depend on how often a sweep was killed. */
async function exported(output: string): Promise<unknown[]> {
  const { stdout } = await succeed(['results', '--output', at(output), '--format', 'jsonl']);
  return linesOf(stdout).map(({ hash, status, metrics, pruning }) => {
    const { seconds: _, tokens_per_second: __, ...numbers } = metrics;
    return { hash, status, numbers, pruning };
  });
}

/** Kills a command as soon as some runs have ended and the next one has left a checkpoint. */
async function kill(args: readonly string[], output: string, ended: number): Promise<void> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, SPARSE_ADAPTER_SIMD256: '0' },
    stdio: 'ignore',
  });
  const closed = new Promise<NodeJS.Signals | null>((resolve) => child.on('close', (_, signal) => resolve(signal)));
  const runs = () => (existsSync(at(output, 'runs')) ? readdirSync(at(output, 'runs')) : []);
  const having = (file: string) => runs().filter((run) => existsSync(at(output, 'runs', run, file)));
  // A checkpoint that was not there a moment ago is of a run that has just begun.
  let seen = having('checkpoint.safetensors');
  const isReady = () => {
    const earlier = seen;
    seen = having('checkpoint.safetensors');
    return having('metrics.json').length >= ended && seen.some((run) => !earlier.includes(run));
  };
  while (child.exitCode === null && !isReady()) await new Promise((resolve) => setTimeout(resolve, 2));
  child.kill('SIGKILL');
  assert.equal(await closed, 'SIGKILL');
}

test('a sweep killed twice in the middle of a run ends with the numbers of one that was not', async () => {
  const [whole] = await Promise.all([succeed(sweep('whole')), kill(sweep('parts'), 'parts', 3)]);
  const csv = (await succeed(['results', '--output', at('parts'), '--format', 'csv'])).stdout;
  const interrupted = (parse(csv, { columns: true }) as Record<string, string>[]).map(({ status }) => status);
  assert.ok(interrupted.includes('running'));
  assert.ok(interrupted.filter((status) => status === 'finished').length >= 2);
  await kill(sweep('parts'), 'parts', 8);

  const rest = await succeed(sweep('parts', '--json'));
  const { status, runs, known, failed, table } = JSON.parse(rest.stdout);
  assert.deepEqual([status, runs, failed], ['finished', 28, 0]);
  assert.ok(known >= 7 && known < 28, `${known}`);
  assert.match(rest.stderr, /28\/28 {2}w\/ GraSP, STS-B, seed 2: -?[\d.]+, /);
  assert.deepEqual(await exported('parts'), await exported('whole'));
  assert.equal((await exported('parts')).length, 28);
  for (const name of ['table.csv', 'table.md', 'table.tex', 'figure.svg', 'figure.png']) {
    assert.deepEqual(readFileSync(at('parts', 'table1', name)), readFileSync(at('whole', 'table1', name)), name);
  }
  assert.match(whole.stdout, /w\/ SNIP .* ± /);
  assert.deepEqual(table.head.slice(0, 5), ['Method', 'Trained', 'MRPC', 'STS-B', 'Avg.']);

  // The runs that were killed went on from a checkpoint, and their event files say where.
  const folders = readdirSync(at('parts', 'tensorboard')).map((name) => at('parts', 'tensorboard', name));
  const wentOn = folders.filter((run) => readdirSync(run).length > 1);
  assert.ok(wentOn.length >= 1 && wentOn.length <= 2, `${wentOn.length}`);
  for (const run of wentOn) {
    const events = readdirSync(run)
      .sort()
      .map((name) => readEvents(readFileSync(join(run, name))));
    const start = events.flat().find(({ sessionStatus }) => sessionStatus === 1);
    assert.ok(start && start.step > 0);
  }
});

test('two sweeps with one folder share the runs', async () => {
  const both = await Promise.all([succeed(sweep('shared', '--json')), succeed(sweep('shared', '--json'))]);
  const counts = both.map(({ stdout }) => JSON.parse(stdout));
  for (const { status, runs, failed } of counts) assert.deepEqual([status, runs, failed], ['finished', 28, 0]);
  const own = counts.map(({ runs, known }) => runs - known);
  assert.equal(own[0] + own[1], 28);
  assert.ok(Math.min(...own) > 0, `${own}`);
  const byHash = (runs: unknown[]) => (runs as Exported[]).sort((a, b) => (a.hash < b.hash ? -1 : 1));
  assert.deepEqual(byHash(await exported('shared')), byHash(await exported('whole')));
  assert.deepEqual(readFileSync(at('shared', 'table1', 'table.md')), readFileSync(at('whole', 'table1', 'table.md')));
});

test('results are listed, chosen and exported', async () => {
  const results = (...args: string[]) => succeed(['results', '--output', at('whole'), ...args]);
  const listed = await results('--row', 'snip', '--task', 'stsb');
  assert.match(listed.stdout, /table1 +snip +[\w-]+ +STS-B +1 +finished +-?\d+\.\d\d/);
  assert.match(listed.stderr, /^2 runs/m);

  const text = (await results('--experiment', 'table1', '--format', 'csv')).stdout;
  const csv = parse(text, { columns: true }) as Record<string, string>[];
  assert.equal(csv.length, 28);
  const [row] = csv.filter((run) => run.row === 'grasp' && run.task === 'mrpc');
  assert.deepEqual(
    [row.status, row.adapter, row.pruning, row.sparsity, row.learning_rate, row.epochs, row.batch_size],
    ['finished', 'houlsby', 'grasp', '0.4', '0.01', '15', '6'],
  );
  assert.match(row.metrics, /^accuracy=[\d.]+ f1=[\d.]+$/);
  assert.equal(Number(row.kept), Number(row.prunable) - Math.floor(0.4 * Number(row.prunable) + 0.5));

  const markdown = (await results('--row', 'snip', '--seed', '2', '--format', 'markdown')).stdout.trimEnd().split('\n');
  assert.equal(markdown.length, 2 + 2);
  assert.equal(new Set(markdown.map((line) => line.split(' | ').length)).size, 1);
  const latex = (await results('--row', 'snip', '--format', 'latex')).stdout;
  assert.match(latex, /^\\begin\{tabular\}\{l(r+)\}\n\\toprule\n/);
  assert.match(latex, /learning\\_rate/);
  assert.equal((await results('--status', 'failed')).stderr.trim(), '0 runs');
});

test('results of another machine are taken over, and reproduce finds them done', async () => {
  const { stdout: exported } = await succeed(['results', '--output', at('whole'), '--format', 'jsonl']);
  writeFileSync(at('whole.jsonl'), exported);
  const imported = await succeed(['results', '--output', at('together'), '--import', at('whole.jsonl')]);
  assert.match(imported.stderr, /^28 runs imported, 0 known before, 0 left out as they had not ended/m);
  const { status, runs, known } = JSON.parse((await succeed(sweep('together', '--json'))).stdout);
  assert.deepEqual([status, runs, known], ['finished', 28, 28]);
  for (const name of ['table.csv', 'table.md', 'table.tex', 'figure.svg', 'figure.png']) {
    assert.deepEqual(readFileSync(at('together', 'table1', name)), readFileSync(at('whole', 'table1', name)), name);
  }
  const { stdout: back } = await succeed(['results', '--output', at('together'), '--format', 'jsonl']);
  assert.equal(back, exported);
  assert.ok(!exported.includes(folder) && !exported.includes(data), 'paths of the machine');
  const again = await succeed(['results', '--output', at('together'), '--import', at('whole', 'results.sqlite')]);
  assert.match(again.stderr, /^0 runs imported, 28 known before/m);
});

test('a dry run shows the plan and writes nothing', async () => {
  const { stdout, stderr } = await succeed(sweep('nothing', '--dry-run', '--seeds', '3'));
  assert.match(stdout, /grasp +w\/ GraSP +houlsby +grasp +1/);
  assert.match(stderr, /42 runs on mrpc, stsb/);
  assert.ok(!existsSync(at('nothing')));
});

test('with failed runs the command fails, after it has written the others', async () => {
  const args = sweep('failing', '--methods', 'full', '--full-learning-rate', '1e30', '--tasks', 'rte', '--seeds', '1');
  const { code, stdout, stderr } = await sparseAdapter(args);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /failed: Fine-Tune, RTE, seed 1: .*lower the learning rate/);
  assert.match(stderr, /1 of 1 runs, 0 of them known before, 1 failed/);
  assert.match(stdout, /Fine-Tune +– +–/);
});

test('wrong usage and wrong input are answered with one line', async () => {
  const noDatabase = 'this is some text and no database, however long it may be\n';
  writeFileSync(at('results.sqlite'), noDatabase);
  const damaged = temporaryFolder({ 'results.sqlite': noDatabase });
  const before = snapshot(folder);
  const cases: [args: string[], code: number, message: RegExp][] = [
    [['reproduce', 'table9', '--data', data], 2, /'table9' is no experiment; there are table1, table2/],
    [['reproduce', 'table1'], 2, /--data is missing: the folder with the GLUE data/],
    [['reproduce'], 2, /missing required argument 'experiment'/],
    [sweep('x', '--tasks', 'rte,qqp'), 2, /It must be of cola, mrpc, stsb, rte, xsum, squad/],
    [sweep('x', '--tasks', 'squad'), 1, /table1 has no task 'squad'; it has cola, mrpc, stsb, rte/],
    [['reproduce', 'table2', '--model', model, '--data', data, '--tasks', 'xsum'], 1, /can do XSum: it takes a BART/],
    [['reproduce', 'table2', '--model', model, '--data', data, '--tasks', 'squad'], 1, /has no folder squad/],
    [['results', '--output', at('x'), '--import', at('results.sqlite')], 1, /results\.sqlite is no export of results/],
    [
      ['results', '--import', at('a.json'), '--row', 'snip'],
      2,
      /--row chooses among runs that are there; import first/,
    ],
    [sweep('x', '--protocol', 'best'), 2, /Allowed choices are definitive/],
    [sweep('x', '--methods', 'snap'), 1, /table1 has no method 'snap'; it has full, adapter/],
    [sweep('x', '--learning-rate', '1e-3,'), 2, /It must be values with commas between them/],
    [sweep('x', '--learning-rate', '1e-3,fast'), 2, /It must be a number above 0/],
    [sweep('x', '--model', 'no-such-model'), 1, /no-such-model/],
    [sweep('x', '--data', temporaryFolder()), 1, /MRPC/],
    [[...sweep('x'), '--output', folder], 1, /holds "failing", which is not an earlier output/],
    [[...sweep('x'), '--output', damaged], 1, /results\.sqlite as a database of results/],
    [['results', '--output', at('none')], 1, /none holds no results: give the --output folder of reproduce/],
    [['results', '--output', folder], 1, /results\.sqlite as a database of results/],
    [['results', '--format', 'xml'], 2, /Allowed choices are table, jsonl, csv, markdown, latex/],
  ];
  await Promise.all(
    cases.map(async ([args, code, message]) => {
      const outcome = await sparseAdapter(args);
      assert.equal(outcome.code, code, `${args.join(' ')}\n${outcome.stderr}`);
      assert.match(outcome.stderr, message);
    }),
  );
  const after = [...snapshot(folder).keys()].filter((path) => !path.startsWith(at('x')));
  assert.deepEqual(after, [...before.keys()]);
});

test.run();
