/**
 * Holds the implementation against reference numbers computed with PyTorch and the Hugging Face code, see data/README.md.
 * GOLDEN_DIR names another folder of the same layout. Prints each failed tensor, and ends with one line of totals, in which
 * a case counts once, whatever the number of backends it runs on.
 */
import { join } from 'node:path';
import { setBackend } from '../../src/index.ts';
import { adapters } from './adapters.ts';
import { backbones } from './backbones.ts';
import { type Area, type Case, mismatch, subfolders } from './framework.ts';
import { metrics } from './metrics.ts';
import { ops } from './ops.ts';
import { optim } from './optim.ts';
import { pruning } from './pruning.ts';

const areas: readonly Area[] = [ops, backbones, adapters, pruning, optim, metrics];
const ownFolder = join(import.meta.dirname, 'data');
const folder = process.env.GOLDEN_DIR ?? ownFolder;

const total = { cases: 0, tensors: 0, failed: 0 };

function fail(what: string, error: unknown): void {
  console.log(`FAILED ${what}: ${error instanceof Error ? error.stack : error}`);
}

/** Every area with its cases; a folder that no area reads, or in which an area finds no case, is a failure. */
function discover(): [Area, Case[]][] {
  try {
    const present = subfolders(folder);
    const unknown = present.filter((name) => !areas.some((area) => area.name === name));
    // Our own copy is whole; another folder may hold some of the areas only.
    const wanted = areas.filter(({ name }) => folder === ownFolder || present.includes(name));
    for (const name of unknown) {
      total.failed++;
      fail(join(folder, name), 'no area has this name');
    }
    return wanted.map((area) => [area, casesOf(area)]);
  } catch (error) {
    total.failed++;
    fail(folder, error);
    return [];
  }
}

function casesOf(area: Area): Case[] {
  try {
    const cases = area.cases(folder);
    if (cases.length === 0) throw new Error('no case was found');
    return cases;
  } catch (error) {
    total.failed++;
    fail(area.name, error);
    return [];
  }
}

/** Compares one case with its reference numbers. @returns whether all agreed */
async function passes({ name, run }: Case, where: string): Promise<boolean> {
  const before = total.tensors;
  let passed = true;
  try {
    await run((tensor, got, expected, tolerance) => {
      total.tensors++;
      const wrong = mismatch(got, expected, tolerance);
      if (wrong === null) return;
      passed = false;
      fail(`${where}: ${name}: ${tensor}`, wrong);
    });
    if (total.tensors === before) throw new Error('nothing was compared');
  } catch (error) {
    passed = false;
    fail(`${where}: ${name}`, error);
  }
  return passed;
}

for (const [area, cases] of discover()) {
  const failed = new Set<Case>();
  for (const [backend, options] of area.backends) {
    await setBackend(backend, options);
    const where = `${area.name} on ${backend} ${options.dtype ?? 'float32'}`;
    const before = total.tensors;
    let failedHere = 0;
    for (const goldenCase of cases) {
      if (await passes(goldenCase, where)) continue;
      failed.add(goldenCase);
      failedHere++;
    }
    console.log(`${where}: ${cases.length} cases, ${total.tensors - before} tensors compared, ${failedHere} failed`);
  }
  total.cases += cases.length;
  total.failed += failed.size;
}

if (total.cases === 0) {
  total.failed++;
  fail(folder, 'no case was run');
}
console.log(`${total.cases} cases, ${total.tensors} tensors compared, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
