import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Task } from '../tasks.ts';
import { type Job, timed } from './job.ts';
import { peakBytesOf } from './peak-bytes.ts';

const commandLine = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');
/** Between two looks at the memory, in milliseconds. */
const LOOK = 20;

/** The command `train`. */
export function program(task: Task & { readonly kind: 'program' }, threads: number): Job {
  const { model, data, batchSize, rank, backboneDtype = 'float32' } = task;
  const settings = {
    ...{ task: 'mrpc', model, data, adapter: 'lora', rank, pruning: 'none', epochs: 1, seed: 1 },
    ...{ 'batch-size': batchSize, 'learning-rate': 1e-3, 'max-length': 128, 'backbone-dtype': backboneDtype },
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return {
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-bench-run-'));
      const output = join(folder, 'run');
      try {
        const { seconds, result } = await timed(() => train([...options, '--output', output], threads));
        const { epoch_losses } = JSON.parse(readFileSync(join(output, 'metrics.json'), 'utf8'));
        return { seconds, value: epoch_losses[0], peakBytes: result };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Returns its peak memory, 0 where the system does not tell. @throws Error with its last line if it fails */
async function train(options: readonly string[], threads: number): Promise<number> {
  const env = { ...process.env, SPARSE_ADAPTER_THREADS: String(threads) };
  const child = spawn(process.execPath, [commandLine, 'train', ...options], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, peakBytesOf(child.pid ?? 0) ?? 0);
  }, LOOK);
  const [code] = await once(child, 'exit');
  clearInterval(timer);
  if (code !== 0) throw new Error(said.trim().split('\n').at(-1));
  return peak;
}
