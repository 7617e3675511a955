import { Option } from 'commander';
import { type JobQueue, openQueue } from '../queue/index.ts';
import { nonEmptyText } from '../settings/index.ts';
import { parserOf } from './setting-options.ts';

/** The option of commands that use a queue. */
export const queueOption = (what: string): Option =>
  new Option(
    '--queue <address>',
    `${what}: a file that processes of this machine share, or redis://host:port`,
  ).argParser(parserOf(nonEmptyText));

/** The same, of commands whose runs may be run by others. */
export const runsQueueOption = (): Option => queueOption('put the runs into a queue, from which workers take them');

/** What a command says that was stopped. */
export const stoppedNote = (queue: string | undefined): string =>
  queue === undefined
    ? 'stopped; the same command continues it'
    : 'stopped; the workers go on with what is in the queue, and the same command collects it';

/** Does work with a queue, if one is given. @throws InputError if it cannot be used */
export async function withQueue<T>(
  address: string | undefined,
  use: (queue: JobQueue | null) => Promise<T>,
): Promise<T> {
  const queue = address === undefined ? null : await openQueue(address);
  try {
    return await use(queue);
  } finally {
    await queue?.close();
  }
}
