import { Option } from 'commander';
import { type JobQueue, openQueue } from '../queue/index.ts';
import { nonEmptyText } from '../settings/index.ts';
import { parserOf } from './setting-options.ts';

/** The option of commands whose runs workers run. */
export const queueOption = (
  description = 'workers run what is to be run: a file that processes of this machine share',
) => new Option('--queue <file>', description).argParser(parserOf(nonEmptyText));

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
