/** The program of a worker thread that answers requests; kernels/serve/build.ts makes it one text too, for programs that are bundled. */
import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../errors.ts';
import { setBackend } from '../tensor/set-backend.ts';
import { errorFields } from './answer-errors.ts';
import type { Answerer } from './answerer.ts';
import { openAnswerer } from './open-answerer.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';

const { spec, threads } = workerData as WorkerStart;
const tell = (message: FromWorker): void => parentPort?.postMessage(message);

/** What ends the computing of the message with this id. */
const ends = new Map<number, AbortController>();

async function reply(answerer: Answerer, message: Exclude<ToWorker, { cancel: number }>): Promise<void> {
  const { id } = message;
  try {
    if ('requests' in message) {
      tell({ id, outcomes: await answerer.answer(message.requests, ends.get(id)?.signal) });
    } else {
      const done = await answerer.control?.(message.command);
      if (!done) throw new InputError('This model has no adapters that can be changed.');
      tell({ id, reply: done });
    }
  } catch (error) {
    tell({ id, error: errorFields(error) });
  } finally {
    ends.delete(id);
  }
}

/** Above 0: after what answers others, such as the thread of the caller. */
const NICENESS = 10;

/** Lets the caller's thread run as soon as it has something to do. Only Linux has a priority for each thread. */
function makeWay(): void {
  if (process.platform === 'linux') setPriority(Math.max(getPriority(), NICENESS));
}

async function start(): Promise<void> {
  // Before there are other threads that compute, which have the priority of the one that starts them.
  makeWay();
  await setBackend('wasm', { threads });
  const answerer = await openAnswerer(spec);
  let last = Promise.resolve();
  parentPort?.on('message', (message: ToWorker) => {
    if ('cancel' in message) {
      ends.get(message.cancel)?.abort();
      return;
    }
    ends.set(message.id, new AbortController());
    last = last.then(() => reply(answerer, message));
  });
  tell({ ready: true });
}

start().catch((error) => {
  tell({ failed: errorFields(error) });
  parentPort?.close();
});
