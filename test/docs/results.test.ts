import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import {
  type PaperTaskName,
  pairedTTest,
  readExport,
  sampleMean,
  scoreIn,
  standardDeviation,
} from '../../src/experiments/index.ts';
import { repository } from './project.ts';

const test = suite('docs: results');

const text = readFileSync(join(repository, 'docs/results.md'), 'utf8');

/** Accuracies in percent by row, in the order of the seeds. */
async function scores(experiment: string, task: PaperTaskName): Promise<Map<string, number[]>> {
  const runs = await readExport(join(repository, 'docs/results', `${experiment}.json`));
  const own = runs.filter((run) => run.experiment === experiment && run.task === task);
  return new Map(
    [...new Set(own.map(({ row }) => row))].map((row) => {
      const found = own.filter((run) => run.row === row).sort((a, b) => a.seed - b.seed);
      assert.deepEqual(
        found.map(({ seed }) => seed),
        [1, 2, 3],
        `${experiment}, ${row}, ${task}`,
      );
      return [row, found.map((run) => 100 * (scoreIn(run, task) ?? Number.NaN))];
    }),
  );
}

const spread = (values: readonly number[]) =>
  `${sampleMean(values).toFixed(1)} ± ${standardDeviation(values)?.toFixed(1)}`;

function against(values: readonly number[], dense: readonly number[]): string {
  const { difference, p } = pairedTTest(values, dense);
  return `${difference < 0 ? '−' : '+'}${Math.abs(difference).toFixed(1)} (p = ${p?.toFixed(3)})`;
}

const titles: Readonly<Record<string, string>> = {
  full: 'full fine-tuning',
  adapter: 'dense adapter',
  random: 'random',
  magnitude: 'magnitude',
  er: 'Erdős–Rényi',
  snip: 'SNIP',
  grasp: 'GraSP',
};

test('table 1 is what its raw rows give', async () => {
  const [mrpc, rte] = [await scores('table1', 'mrpc'), await scores('table1', 'rte')];
  assert.deepEqual([...mrpc.keys()].sort(), Object.keys(titles).sort());
  for (const [row, title] of Object.entries(titles)) {
    const [a, b] = [mrpc, rte].map((task) => task.get(row) ?? []);
    const both = a.map((score, i) => (score + b[i]) / 2);
    const [denseA, denseB] = [mrpc, rte].map((task) => task.get('adapter') ?? []);
    const tests = ['full', 'adapter'].includes(row) ? ['', ''] : [against(a, denseA), against(b, denseB)];
    const line = text.split('\n').find((candidate) => candidate.startsWith(`| ${title} | `) && candidate.includes('±'));
    const [, , , ...cells] = line?.split('|').map((cell) => cell.trim()) ?? [];
    assert.deepEqual(cells.slice(0, 5), [...[a, b, both].map(spread), ...tests], title);
  }
});

test('figure 2 is what its raw rows give', async () => {
  const rte = await scores('figure2', 'rte');
  assert.equal(rte.size, 5);
  const dense = rte.get('adapter') ?? [];
  for (const [row, values] of rte) {
    const sparsity = row === 'adapter' ? 0 : Number(row.slice(1));
    const cells = [spread(values), row === 'adapter' ? '' : against(values, dense)];
    assert.ok(text.includes(`| ${sparsity} % | ${cells.join(' | ')} |`.replace('|  |', '| |')), `${row}: ${cells}`);
  }
});

test.run();
