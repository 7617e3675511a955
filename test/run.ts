/**
 * Runs the files of tests whose paths below test/ match a pattern: `node test/run.ts '^models/.*\.test\.ts$'`.
 *
 * As the command of uvu does, but a suite that stops before its end fails too. uvu lets one pass in which a hook throws, or of
 * which it cannot show what went wrong. So does a file in which no suite is run.
 */
import { parse } from 'uvu/parse';

type Outcome = [errors: string | true, passed: number, skipped: number, planned: number];
type Run = () => Promise<Outcome>;

/** Files in the order in which they run: the name of each, and its suites. */
const queue: [name: string, ...suites: Run[]][] = [];
Object.assign(globalThis, { UVU_DEFER: 1, UVU_QUEUE: queue });
// It looks for them when it is loaded.
const { exec } = await import('uvu');

const unlessStopped =
  (run: Run): Run =>
  async () => {
    const [errors, passed, skipped, planned] = await run();
    if (errors !== true || passed === planned) return [errors, passed, skipped, planned];
    return [`   FAIL  the suite stopped after ${passed} of ${planned} tests\n`, passed, skipped, planned];
  };

const missing: Run = async () => ['   FAIL  no suite of this file is run\n', 0, 0, 1];

const [pattern] = process.argv.slice(2);
if (!pattern) throw new Error('Usage: node test/run.ts <pattern>');
const { suites: files } = await parse(import.meta.dirname, pattern);
if (files.length === 0) throw new Error(`No file of tests matches ${pattern}`);
for (const [index, { name, file }] of files.entries()) {
  Object.assign(globalThis, { UVU_INDEX: index });
  queue.push([name]);
  await import(`file:///${file}`);
  const [, ...suites] = queue[index];
  queue[index] = [name, ...(suites.length === 0 ? [missing] : suites.map(unlessStopped))];
}
await exec();
