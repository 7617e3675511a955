/**
 * Runs the files of tests whose paths below test/ match a pattern: `node test/run.ts '^models/.*\.test\.ts$'`. With
 * `--processes 2` two processes share the files, each taking the next one when it is done with one.
 *
 * As the command of uvu does, but a suite that stops before its end fails too. uvu lets one pass in which a hook throws, or of
 * which it cannot show what went wrong. So does a file in which no suite is run.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'uvu/parse';

type Outcome = [errors: string | true, passed: number, skipped: number, planned: number];
type Run = () => Promise<Outcome>;

/** Slowest files that are named at the end. */
const SHOWN = 10;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { processes: { type: 'string', default: '1' } },
});
const [pattern] = positionals;
if (!pattern) throw new Error('Usage: node test/run.ts <pattern> [--processes <n>]');
const { suites } = await parse(import.meta.dirname, pattern);
const files = suites.map(({ name }) => name);
if (files.length === 0) throw new Error(`No file of tests matches ${pattern}`);

/** What the tests of each file took. */
const seconds = new Map<string, number>();

/** Lets processes run the files, and shows what each prints when it is done with a file. */
async function share(count: number): Promise<void> {
  const children = Array.from({ length: count }, () =>
    fork(import.meta.filename, process.argv.slice(2), { silent: true }),
  );
  await Promise.all(children.map(serve));
}

async function serve(child: ChildProcess): Promise<void> {
  let printed: Buffer[] = [];
  const show = () => {
    process.stdout.write(Buffer.concat(printed));
    printed = [];
  };
  child.stdout?.on('data', (bytes: Buffer) => printed.push(bytes));
  child.stderr?.on('data', (bytes: Buffer) => printed.push(bytes));
  child.on('message', () => {
    show();
    child.send({ file: files.shift() ?? null });
  });
  const [code] = await once(child, 'close');
  show();
  if (code !== 0) process.exitCode = 1;
}

/** Asks the process that shares the files out for the next one. */
async function askedFor(): Promise<string | null> {
  process.send?.('next');
  const [{ file }] = (await once(process, 'message')) as [{ readonly file: string | null }];
  return file;
}

async function runFiles(next: () => Promise<string | null>): Promise<void> {
  /** Files in the order in which they run: the name of each, and its suites. */
  const queue: [name: string, ...suites: Run[]][] = [];
  Object.assign(globalThis, { UVU_DEFER: 1, UVU_QUEUE: queue });
  // It looks for them when it is loaded.
  const { exec } = await import('uvu');

  /** Loads the next file after those in the queue, which is walked meanwhile. */
  const load: Run = async () => {
    const name = await next();
    if (name === null) return ['', 0, 0, 0];
    Object.assign(globalThis, { UVU_INDEX: queue.length });
    const index = queue.push([name]) - 1;
    try {
      await import(`file:///${join(import.meta.dirname, name)}`);
      const [, ...own] = queue[index];
      queue[index] = [
        name,
        ...(own.length === 0 ? [failing('no suite of this file is run')] : own.map((run) => timed(name, run))),
      ];
    } catch (error) {
      queue[index] = [name, failing(`it cannot be loaded: ${error instanceof Error ? error.stack : error}`)];
    }
    queue[index].push(load);
    return ['', 0, 0, 0];
  };
  await load();
  await exec();
  const slowest = [...seconds].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
  if (files.length > SHOWN) console.log(slowest.map(([name, time]) => `  ${time.toFixed(1)} s  ${name}`).join('\n'));
  if (process.send) process.disconnect();
}

const failing =
  (why: string): Run =>
  async () => [`   FAIL  ${why}\n`, 0, 0, 1];

/** The same, which fails where it stops before its end. */
const timed =
  (name: string, run: Run): Run =>
  async () => {
    const start = performance.now();
    const [errors, passed, skipped, planned] = await run();
    seconds.set(name, (seconds.get(name) ?? 0) + (performance.now() - start) / 1000);
    if (errors !== true || passed === planned) return [errors, passed, skipped, planned];
    return [`   FAIL  the suite stopped after ${passed} of ${planned} tests\n`, passed, skipped, planned];
  };

if (values.processes !== '1' && !process.send) await share(Number(values.processes));
else await runFiles(process.send ? askedFor : async () => files.shift() ?? null);
