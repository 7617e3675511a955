/**
 * Holds the implementation against reference numbers computed with PyTorch and the Hugging Face code, see data/README.md.
 * GOLDEN_DIR names another folder of the same layout, arguments the areas that are run instead of all. Prints each failed tensor, and ends with one line of totals, in which
 * a case counts once, whatever the number of backends it runs on.
 */
import { join } from 'node:path';
import { type BackendName, type BackendOptions, setBackend } from '../../src/index.ts';
import { adapterhub } from './adapterhub.ts';
import { adapters } from './adapters.ts';
import { architectures } from './architectures.ts';
import { backbones } from './backbones.ts';
import { type Area, type Case, casesOf, mismatch, subfolders } from './framework.ts';
import { methods } from './methods.ts';
import { metrics } from './metrics.ts';
import { ops } from './ops.ts';
import { optim } from './optim.ts';
import { peft } from './peft.ts';
import { pruning } from './pruning.ts';
import { tokenizers } from './tokenizers.ts';

const areas: readonly Area[] = [
  ...[ops, backbones, architectures, adapters, pruning, optim, metrics, tokenizers],
  ...[peft, adapterhub, methods],
];
/** The areas that the command line names; none: all of them. */
const named = process.argv.slice(2);

const total = { cases: 0, tensors: 0, failed: 0 };

function fail(what: string, error: unknown): void {
  console.log(`FAILED ${what}: ${error instanceof Error ? error.stack : error}`);
}

/** The areas that a folder has; one that nothing reads is a failure. */
function areasIn(folder: string): Area[] {
  try {
    const present = subfolders(folder);
    for (const name of present) {
      if (areas.some((area) => area.name === name)) continue;
      total.failed++;
      fail(join(folder, name), 'no area has this name');
    }
    return areas.filter(({ name }) => present.includes(name));
  } catch (error) {
    total.failed++;
    fail(folder, error);
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

async function runArea(area: Area, folder: string): Promise<void> {
  const cases = casesOf(area.name, () => area.cases(folder));
  if (cases.length === 0) {
    total.failed++;
    fail(area.name, 'no case was found');
  }
  const failed = new Set<Case>();
  const ofNone = cases.filter(({ isOfNoBackend }) => isOfNoBackend);
  const others = cases.filter(({ isOfNoBackend }) => !isOfNoBackend);
  const parts: [BackendName, BackendOptions, Case[]][] = [
    ...area.backends.map(([name, options]): [BackendName, BackendOptions, Case[]] => [name, options, others]),
    ['wasm', {}, ofNone],
  ];
  for (const [backend, options, part] of parts) {
    if (part.length === 0) continue;
    await setBackend(backend, options);
    const where = `${area.name} on ${backend} ${options.dtype ?? 'float32'}`;
    const before = total.tensors;
    let failedHere = 0;
    for (const goldenCase of part) {
      if (await passes(goldenCase, where)) continue;
      failed.add(goldenCase);
      failedHere++;
    }
    console.log(`${where}: ${part.length} cases, ${total.tensors - before} tensors compared, ${failedHere} failed`);
  }
  total.cases += cases.length;
  total.failed += failed.size;
}

/** @param isWhole whether every area must be there */
async function runFolder(folder: string, isWhole: boolean): Promise<void> {
  const present = areasIn(folder);
  const chosen = (isWhole ? areas : present).filter(({ name }) => named.length === 0 || named.includes(name));
  for (const area of chosen) await runArea(area, folder);
}

if (process.env.GOLDEN_DIR) {
  await runFolder(process.env.GOLDEN_DIR, false);
} else {
  await runFolder(join(import.meta.dirname, 'data'), true);
  await runFolder(join(import.meta.dirname, 'more'), false);
}

if (total.cases === 0) {
  total.failed++;
  fail(process.env.GOLDEN_DIR ?? 'golden folder', 'no case was run');
}
console.log(`${total.cases} cases, ${total.tensors} tensors compared, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;
