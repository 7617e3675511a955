import type { Job } from './job-queue.ts';

/** What a worker sends to the process of a job: the job with what the worker gives to all, or that it is to stop. */
export type ToChild = { readonly kind: 'job'; readonly job: Job; readonly input: unknown } | { readonly kind: 'stop' };

/** How the process of a job ended: with a result, without having begun as it is not the one to do it, or since it was to stop. */
export type JobEnd =
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'stopped' };

/** What the process of a job sends back. */
export type FromChild =
  | { readonly kind: 'progress'; readonly progress: unknown }
  | { readonly kind: 'line'; readonly line: string }
  | JobEnd;

/** What a job can tell while it is worked on. */
export interface JobEvents {
  readonly onProgress: (progress: unknown) => void;
  readonly onLine: (line: string) => void;
  /** Aborted when it is to stop. */
  readonly signal: AbortSignal;
}

/** Works on the one job that the worker sends. The process ends with its worker, so that nobody works on what another one has by then. */
export function serveJob(work: (job: Job, input: unknown, events: JobEvents) => Promise<JobEnd>): void {
  const send = (message: FromChild, sent: () => void = () => {}) => process.send?.(message, undefined, undefined, sent);
  const controller = new AbortController();
  process.on('disconnect', () => process.exit());
  // A terminal sends Ctrl-C to all; the worker says what is to be done.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('message', (message: ToChild) => {
    if (message.kind === 'stop') return controller.abort();
    const events: JobEvents = {
      onProgress: (progress) => send({ kind: 'progress', progress }),
      onLine: (line) => send({ kind: 'line', line }),
      signal: controller.signal,
    };
    work(message.job, message.input, events)
      .then((end) => send(end, () => process.disconnect()))
      // The worker reads it on standard error.
      .catch((error) => {
        console.error(error);
        process.exit(1);
      });
  });
}
