import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { experiments } from '../../src/experiments/definitions.ts';
import { latexTable } from '../../src/experiments/latex.ts';
import { protocols } from '../../src/experiments/protocol.ts';
import type { PlacedRun } from '../../src/experiments/stored-run.ts';
import { summarizeRuns } from '../../src/experiments/whole.ts';
import { Random } from '../../src/index.ts';
import { numericsVersion } from '../../src/queue/run-inputs.ts';

const test = suite('experiments: LaTeX');

/** Three seeds of a method on RTE, right with a chance. */
function runs(row: string, chance: number): PlacedRun[] {
  return [1, 2, 3].map((seed) => {
    const draw = new Random(`${row} ${seed}`);
    const targets = Array.from({ length: 200 }, (_, i) => i % 2);
    const predictions = targets.map((target) => (draw.uniform() < chance ? target : 1 - target));
    const accuracy = targets.filter((target, i) => target === predictions[i]).length / targets.length;
    return {
      ...{ experiment: 'table1', model: 'm', row, task: 'rte', seed, hash: `${row} ${seed}`, status: 'finished' },
      ...{ started: '2026-01-01', pruning: null, answers: { targets, predictions } },
      settings: { seed, model: 'm', learningRate: 1, epochs: 1, batchSize: 1, adapter: { kind: 'houlsby' } },
      inputs: { numerics: numericsVersion, kernels: 'k', data: 'd', model: 'm', tokenizer: 't' },
      metrics: { metrics: { accuracy }, trained_parameters: { adapter: 1, head: 1 }, backbone_parameters: 100 },
    } as unknown as PlacedRun;
  });
}

test('a table has its caption, the best mean in bold, and a star where a method differs', () => {
  const experiment = experiments.find(({ name }) => name === 'table1');
  assert.ok(experiment);
  const { grid } = protocols.definitive;
  const settings = { models: ['m'], data: '', seeds: [], grid, pooling: 'mean', backend: 'wasm' } as const;
  const known = [...runs('adapter', 0.9), ...runs('random', 0.6), ...runs('snip', 0.9)];
  const text = latexTable(summarizeRuns(experiment, known, settings));
  assert.match(
    text,
    /^\\begin\{table\}\[t\]\n\\centering\n\\begin\{tabular\}\{lrrrrrr\}\n\\toprule\nMethod & Trained & CoLA/,
  );
  assert.match(text, /\nw\/ Rand\. & 1\.00\\,\\% & -- & -- & -- & [\d.]+ \$\\pm\$ [\d.]+\$\^\{\*\}\$ & -- \\\\\n/);
  assert.match(
    text,
    /\n(Adapter|w\/ SNIP) & 1\.00\\,\\% & -- & -- & -- & \\textbf\{[\d.]+ \$\\pm\$ [\d.]+\} & -- \\\\\n/,
  );
  assert.match(text, /\nw\/ Mag\. & -- & -- & -- & -- & -- & -- \\\\\n/);
  assert.match(
    text,
    /\\caption\{Table 1: methods of pruning at a sparsity of 40 \\%, with m\. Means over 3 seeds \$\\pm\$/,
  );
  assert.match(text, /\\label\{tab:table1\}\n\\end\{table\}\n$/);
});

test.run();
