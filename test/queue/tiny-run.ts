import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serveJob } from '../../src/queue/child.ts';
import { type TinyJob, tinyRow } from './tiny-row.ts';

/** The process of a tiny run: it tells in a file when it begins and ends, and whether another process was at the same run. */
serveJob(async ({ id, data }, input, { onProgress, onLine, signal }) => {
  const { seed, steps, kills } = data as TinyJob;
  const { folder } = input as { readonly folder: string };
  const tell = (what: string) => appendFileSync(join(folder, 'told.txt'), `${what} ${id}\n`);
  const lock = join(folder, `${id}.lock`);
  if (existsSync(lock) && isAlive(Number(readFileSync(lock, 'utf8')))) tell('overlap');
  writeFileSync(lock, String(process.pid));
  tell('begin');
  if (kills) {
    process.kill(kills === 'worker' ? process.ppid : process.pid, 'SIGKILL');
    await new Promise(() => {});
  }
  const checkpoint = join(folder, `${id}.json`);
  let state = existsSync(checkpoint) ? JSON.parse(readFileSync(checkpoint, 'utf8')) : { step: 0, row: [] };
  onLine(`from step ${state.step}`);
  while (state.step < steps) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    state = { step: state.step + 1, row: tinyRow(seed, state.step + 1) };
    writeFileSync(`${checkpoint}.part`, JSON.stringify(state));
    renameSync(`${checkpoint}.part`, checkpoint);
    onProgress({ step: state.step });
    if (signal.aborted) return { kind: 'stopped' };
  }
  tell('end');
  rmSync(lock);
  return { kind: 'done', result: state.row };
});

function isAlive(pid: number): boolean {
  try {
    // A process that was killed and is not yet waited for answers too.
    return process.kill(pid, 0) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
