import type { JobQueue, QueueTerms } from './job-queue.ts';
import { SqliteQueue } from './sqlite-queue.ts';

/**
 * Opens a queue.
 *
 * @param address the path of a file for the processes of one machine
 * @throws InputError if it cannot be used
 */
export const openQueue = (address: string, terms?: QueueTerms): Promise<JobQueue> => SqliteQueue.open(address, terms);
