/**
 * Holds the implementation against reference numbers computed with PyTorch and the Hugging Face code, see data/README.md.
 * GOLDEN_DIR names another folder of the same layout. Prints each failed tensor, and ends with one line of totals.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setBackend } from '../../src/index.ts';
import { adapters } from './adapters.ts';
import { backbones } from './backbones.ts';
import { type Compare, maxError } from './framework.ts';
import { metrics } from './metrics.ts';
import { ops } from './ops.ts';
import { optim } from './optim.ts';
import { pruning } from './pruning.ts';

const folder = process.env.GOLDEN_DIR ?? join(import.meta.dirname, 'data');
if (!existsSync(folder)) {
  console.error(`The golden folder ${folder} does not exist.`);
  process.exit(1);
}

const total = { cases: 0, tensors: 0, failed: 0 };
const skipped = new Map<string, string[]>();

for (const area of [ops, backbones, adapters, pruning, optim, metrics]) {
  const cases = area.cases(folder);
  for (const { name, missing } of cases) {
    if (missing) skipped.set(missing, [...(skipped.get(missing) ?? []), `${area.name}/${name}`]);
  }
  for (const [backend, options] of area.backends) {
    await setBackend(backend, options);
    const where = `${area.name} on ${backend} ${options.dtype ?? 'float32'}`;
    const before = { ...total };
    for (const { name, missing, run } of cases) {
      if (missing) continue;
      let failures = 0;
      const compare: Compare = (tensor, got, expected, tolerance) => {
        total.tensors++;
        const error = got && expected ? maxError(got, expected) : Number.POSITIVE_INFINITY;
        if (error <= tolerance) return;
        failures++;
        const why = got ? (expected ? `error ${error}` : 'nothing to compare with') : 'not computed';
        console.log(`FAILED ${where}: ${name}: ${tensor}: ${why}, tolerance ${tolerance}`);
      };
      try {
        await run(compare);
      } catch (error) {
        failures++;
        console.log(`FAILED ${where}: ${name}: ${error instanceof Error ? error.stack : error}`);
      }
      total.cases++;
      if (failures > 0) total.failed++;
    }
    const count = (key: keyof typeof total) => total[key] - before[key];
    console.log(`${where}: ${count('cases')} cases, ${count('tensors')} tensors compared, ${count('failed')} failed`);
  }
}

for (const [feature, names] of skipped) console.log(`skipped, as ${feature} is not built yet: ${names.join(', ')}`);
const skippedCount = [...skipped.values()].reduce((sum, names) => sum + names.length, 0);
if (total.cases === 0) console.log('No case was found: that is a failure.');
console.log(`${total.cases} cases, ${total.tensors} tensors compared, ${total.failed} failed, ${skippedCount} skipped`);
process.exitCode = total.failed > 0 || total.cases === 0 ? 1 : 0;
