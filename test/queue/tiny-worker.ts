import { fileURLToPath } from 'node:url';
import { openQueue } from '../../src/queue/open-queue.ts';
import { work } from '../../src/queue/worker.ts';

/** A worker of tiny runs: `node tiny-worker.ts <queue> <folder> <lease in milliseconds> <processes>`. */
const [address, folder, lease, processes] = process.argv.slice(2);
if (!processes) throw new Error('Usage: node tiny-worker.ts <queue> <folder> <lease in milliseconds> <processes>');
const controller = new AbortController();
process.on('SIGTERM', () => controller.abort());
const queue = await openQueue(address, { leaseMs: Number(lease) });
await work({
  queue,
  worker: { name: `worker ${process.pid}`, version: '0', processes: Number(processes) },
  program: fileURLToPath(new URL('./tiny-run.ts', import.meta.url)),
  input: { folder },
  signal: controller.signal,
});
await queue.close();
