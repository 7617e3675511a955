import { InputError } from '../errors.ts';
import type { JobQueue, QueueTerms } from './job-queue.ts';
import { isRedisAddress } from './redis-connection.ts';
import { RedisQueue } from './redis-queue.ts';
import { SqliteQueue } from './sqlite-queue.ts';

/**
 * Opens a queue.
 *
 * @param address the path of a file for the processes of one machine, or `redis://host:port` for any number of machines, with TLS
 *   `rediss://`; its password is in the environment, as SPARSE_ADAPTER_QUEUE_PASSWORD
 * @throws InputError if it cannot be used
 */
export async function openQueue(address: string, terms?: QueueTerms): Promise<JobQueue> {
  if (isRedisAddress(address)) return RedisQueue.open(address, terms);
  if (/^\w+:\/\//.test(address))
    throw new InputError('--queue (queue) must be redis://host:port, or rediss:// with TLS, or the path of a file.');
  return SqliteQueue.open(address, terms);
}
