import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Machine } from '../../benchmarks/machine.ts';
import { firstDifference, type Measurement, measure } from '../../benchmarks/measure.ts';
import { writeFirstPairs } from '../../benchmarks/pairs-folder.ts';
import type { Context } from '../../benchmarks/part.ts';
import { stepsPerBatch } from '../../benchmarks/parts/scoring.ts';
import { type PartName, partNames, parts } from '../../benchmarks/parts.ts';
import type { Results } from '../../benchmarks/results.ts';
import { toMarkdown } from '../../benchmarks/table.ts';
import { targetTable } from '../../benchmarks/targets.ts';
import type { ModelTask } from '../../benchmarks/tasks.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { tiny } from './tiny-plan.ts';

// The workers would measure first which kernels are faster.
process.env.SPARSE_ADAPTER_SIMD256 = '0';

const test = suite('benchmarks: suite');
const context: Context = { plan: tiny, peers: new Set(['ours-int8']), threads: 2, data: null, onMeasure: () => {} };
const effort = tiny.step.effort;
const measured = new Map<PartName, Measurement[]>();

for (const name of partNames) {
  test(`${name} measures and shows what it measured`, async () => {
    const measurements = await parts[name].measure(context);
    measured.set(name, measurements);
    for (const { runners } of measurements) {
      for (const { label, error, ready, seconds, values, peakBytes, linearBytes } of runners) {
        assert.equal(error, undefined, label);
        assert.match(ready?.about ?? '', /^(1 thread|2 threads), 128-bit kernels/);
        assert.ok(seconds.length > 0 && seconds.every((s) => s > 0), label);
        assert.ok(values.every(Number.isFinite), label);
        assert.ok(peakBytes > (linearBytes ?? Number.POSITIVE_INFINITY), label);
      }
    }
    const tables = parts[name].tables(measurements);
    assert.ok(tables.length > 0);
    for (const { head, rows, notes } of tables) {
      assert.ok(rows.length > 0);
      assert.deepEqual([...new Set(rows.map(({ length }) => length))], [head.length]);
      assert.ok(!rows.flat().includes('NaN'));
      assert.deepEqual(notes, []);
    }
  });
}

test('a training step makes the loss smaller, a forward pass gives the same again', () => {
  const [forward, train] = (measured.get('step') ?? []).map(({ runners: [{ values }] }) => values);
  assert.equal(new Set(forward).size, 1);
  assert.ok(train.length >= 3 && train.every((loss, i) => i === 0 || loss < train[i - 1]), train.join(' '));
});

test('the epoch covers every batch once, after one turn of warm-up', () => {
  const [{ runners }] = measured.get('epoch') ?? [];
  runners.forEach(({ task, seconds }, i) => {
    assert.ok(task.kind === 'train');
    // The first one has a turn before each turn of the others.
    const turns = i === 0 ? seconds.length / (runners.length - 1) : seconds.length;
    assert.equal(turns * task.perRun, task.batches.length);
    assert.deepEqual(task.batches.flat().sort(), [...tiny.epoch.lengths].sort());
  });
  const [, sorted] = runners.map(({ task }) => ('batches' in task ? task.batches : []));
  assert.deepEqual(sorted.map((batch) => batch.toString()).sort(), ['2,2', '3,3', '4,4', '5']);
});

test('with and without cache the same tokens are written', () => {
  const [step, ...texts] = measured.get('generation') ?? [];
  const losses = step.runners[0].values;
  assert.ok(
    losses.every((loss, i) => i === 0 || loss < losses[i - 1]),
    losses.join(' '),
  );
  assert.equal(texts.length, 2);
  for (const { runners } of texts) {
    const values = new Map(runners.map(({ label, values }) => [label, new Set(values)]));
    for (const held of ['', ', int8']) {
      assert.equal(values.get(`greedy${held}`)?.size, 1);
      assert.deepEqual(values.get(`greedy without cache${held}`), values.get(`greedy${held}`));
      assert.equal(values.get(`2 beams${held}`)?.size, 1);
    }
  }
});

test('scores are counted in training steps per batch', () => {
  const [measurement] = measured.get('scoring') ?? [];
  const [train, snip] = measurement.runners.map((runner, i) => ({
    ...runner,
    seconds: [4],
    ratios: i === 0 ? [] : [5],
  }));
  assert.equal(stepsPerBatch({ name: '', runners: [train, snip] }, 'ours', 'snip'), 2.5);
});

const machine: Machine = {
  ...{ cpu: 'a processor', cores: 1, memoryBytes: 1, platform: '', node: '', v8: '', loadBefore: 0, date: '' },
};
const resultsOn = (machine: Machine): Results =>
  Object.fromEntries([...measured].map(([name, m]) => [name, { machine, plan: 'tiny', measurements: m }]));

test('the targets are compared with what was measured', () => {
  const results = resultsOn(machine);
  const rows = new Map(targetTable(results).rows.map(([text, , value, met]) => [text, { value, met }]));
  assert.match(rows.get('SNIP: training steps per batch')?.value ?? '', /^\d/);
  assert.deepEqual(rows.get('MiniLM step: jax-js / ours'), { value: '–', met: '–' });
  for (const { met } of rows.values()) assert.ok(['yes', 'no', '–'].includes(met));
});

test('a figure says its processor, and a target of other processors is not set', () => {
  const textsOn = (instructions: Machine['instructions']) =>
    targetTable(resultsOn({ ...machine, instructions })).rows.map(([text]) => text);
  const against = (peer: string) => `MiniLM step: int8 / PyTorch, ${peer}`;
  const [wide, narrow, bfloat16] = ['tuned, with AVX-512', 'tuned, without AVX-512', 'bfloat16 autocast'].map(against);
  const setOn = (instructions: Machine['instructions']) =>
    textsOn(instructions).filter((text) => [wide, narrow, bfloat16].includes(text));
  assert.deepEqual(setOn(['avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16']), [wide, bfloat16]);
  assert.deepEqual(setOn(['avx2', 'avx512f', 'avx512_vnni']), [wide]);
  assert.deepEqual(setOn(['avx2']), [narrow]);
  assert.deepEqual(setOn(null), []);
  for (const [, , value, , processor] of targetTable(resultsOn(machine)).rows) {
    assert.equal(processor, value === '–' ? '–' : 'a processor');
  }
});

const modelTask: ModelTask = tiny.step.workloads[0];

test('a backbone in 8 bits computes something else than float32, and not far from it', () => {
  for (const { runners } of measured.get('step') ?? []) {
    const [float32, int8] = runners;
    assert.equal(int8.peer, 'ours-int8');
    assert.notEqual(int8.values[0], float32.values[0]);
    assert.equal(firstDifference(int8.values, float32.values, 1e-3), null);
  }
});

test('results differ from a tolerance on, absolute below 1 and relative above', () => {
  assert.equal(firstDifference([0.51, 101], [0.5, 100, 7], 0.011), null);
  assert.equal(firstDifference([0.51, 101], [0.5, 100], 0.009), 0);
  assert.equal(firstDifference([0.5, 102], [0.5, 100], 0.015), 1);
  assert.equal(firstDifference([Number.NaN], [0], 1), 0);
});

test('a runner that fails or computes something else is left out, with the reason', async () => {
  const runner = { label: 'first', peer: 'ours', threads: 1, task: { kind: 'forward', ...modelTask } } as const;
  const impossible = { ...modelTask, model: { ...modelTask.model, heads: 3 } };
  const { runners } = await measure('', [runner, { ...runner, task: { kind: 'forward', ...impossible } }], effort);
  assert.equal(runners[0].error, undefined);
  assert.equal(runners[0].seconds.length, effort.rounds);
  assert.match(runners[1].error ?? '', /num_attention_heads/);
  assert.deepEqual(runners[1].seconds, []);
});

test('from the files on, each part of an epoch is timed', async () => {
  const header = 'Quality\t#1 ID\t#2 ID\t#1 String\t#2 String';
  const rows = Array.from({ length: 4 }, (_, i) => `${i % 2}\t1\t2\tIt rains today .\tToday is a ${i} day .`);
  const data = temporaryFolder({ 'MRPC/train.tsv': `${[header, ...rows].join('\n')}\n` });
  const task = { kind: 'end-to-end', data, batchSize: 2, bottleneck: 4, sparsity: 0.4 } as const;
  const once = { warmUp: { rounds: 0, seconds: 0 }, rounds: 1, seconds: 1 };
  const { runners } = await measure('', [{ label: '', peer: 'ours', threads: 1, task }], once);
  const [{ error, parts: seconds = {}, seconds: whole }] = runners;
  assert.equal(error, undefined);
  assert.deepEqual(Object.keys(seconds), ['read', 'load model', 'tokenise', 'prune', 'train']);
  const total = Object.values(seconds).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(total - whole[0]) < 1e-9);
});

test('of a folder of pairs the first ones are written, and all to evaluate on', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => `1\t${i}\t${i}\tA .\tB ${i} .`);
  const table = (count: number) => `\uFEFFheader\r\n${rows(count).join('\r\n')}\r\n`;
  const data = temporaryFolder({ 'MRPC/train.tsv': table(5), 'MRPC/dev.tsv': table(3) });
  const linesOf = (folder: string, name: string) =>
    readFileSync(join(folder, 'MRPC', `${name}.tsv`), 'utf8')
      .trimEnd()
      .split('\n')
      .slice(1);
  for (const [count, kept] of [
    [2, 2],
    [null, 5],
  ] as const) {
    const folder = temporaryFolder();
    writeFirstPairs(data, count, folder);
    assert.deepEqual(linesOf(folder, 'train'), rows(kept));
    assert.deepEqual(linesOf(folder, 'dev'), rows(3));
  }
});

test('a program that fails is left out with its last line', async () => {
  const task = { kind: 'program', model: temporaryFolder(), data: temporaryFolder(), batchSize: 2, rank: 2 } as const;
  const once = { warmUp: { rounds: 0, seconds: 0 }, rounds: 1, seconds: 1 };
  const { runners } = await measure('', [{ label: '', peer: 'ours', threads: 1, task }], once);
  assert.match(runners[0].error ?? '', /config\.json|MRPC/);
});

test('a table is written in Markdown', () => {
  const table = { title: 'T', head: ['a', 'b'], rows: [['1', '2']], notes: ['n'] };
  assert.equal(toMarkdown(table), '**T**\n\n| a | b |\n| --- | ---: |\n| 1 | 2 |\n\nn');
});

test.run();
