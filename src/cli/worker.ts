import { availableParallelism, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { path } from '../data/index.ts';
import { openQueue, titleOf, type WorkerEvents, work } from '../queue/index.ts';
import { positiveInteger } from '../settings/index.ts';
import { UsageError } from './errors.ts';
import { interruptedCode, interruptSignal } from './interrupt.ts';
import { note } from './output.ts';
import { pluginFiles } from './plugins.ts';
import { queueOption } from './queue-options.ts';
import { listParserOf, parserOf } from './setting-options.ts';
import { version } from './versions.ts';

interface Flags {
  readonly queue?: string;
  readonly processes: number;
  readonly data?: readonly string[];
  readonly artifacts: string;
  readonly untilEmpty?: boolean;
}

/** What a worker gives to the process of each run. */
export interface RunInput {
  readonly data: readonly string[];
  readonly artifacts: string;
  readonly plugins: readonly string[];
}

/** The program of these processes. */
const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './worker-run.ts' : './worker-run.js', import.meta.url),
);

export function describeWorker(command: Command): void {
  command
    .description('Run what reproduce and sweep put into a queue, until it is told to stop.')
    .usage('--queue <address> [options]')
    .addOption(queueOption('where runs are taken from'))
    .addOption(
      new Option('--processes <count>', 'runs at once, each in a process of its own')
        .argParser(parserOf(positiveInteger))
        .default(availableParallelism(), 'one for each core'),
    )
    .addOption(
      new Option(
        '--data <folder,...>',
        'folders below which data and models lie that are elsewhere on the machine that asks for them',
      ).argParser(listParserOf(path)),
    )
    .addOption(
      new Option('--artifacts <folder>', 'folder of the runs; a run goes on elsewhere where machines share it')
        .argParser(parserOf(path))
        .default(join('runs', 'worker')),
    )
    .addOption(new Option('--until-empty', 'end once no job is left: start it after the command that adds them'))
    .addHelpText(
      'after',
      `
A run that was given to a worker of another version, with other kernels, or without the data of the run, is refused, and left to others. On
Ctrl-C runs leave a checkpoint and go back to the queue. With the output folder of reproduce as --artifacts its report has the masks.

Examples:
  $ sparse-adapter reproduce table1 --data ./glue --output results --queue queue.sqlite &
  $ sparse-adapter worker --queue queue.sqlite --artifacts results
  $ SPARSE_ADAPTER_QUEUE_PASSWORD=... sparse-adapter worker --queue rediss://queue.example.org --data ./data`,
    );
}

export async function worker(command: Command): Promise<void> {
  const { queue: address, processes, data = [], artifacts, untilEmpty } = command.opts<Flags>();
  if (address === undefined) throw new UsageError('--queue is missing: the queue from which runs are taken.');
  const queue = await openQueue(address);
  const signal = interruptSignal(() =>
    note('stopping: runs leave a checkpoint and go back; Ctrl-C again quits at once'),
  );
  const folders = { data: data.map((folder) => resolve(folder)), artifacts: resolve(artifacts) };
  const input: RunInput = { ...folders, plugins: pluginFiles(process.argv.slice(2)) };
  try {
    const own = { name: `${hostname()}/${process.pid}`, version, processes };
    note(`${own.name} takes runs from ${queue.address}, ${processes} at once`);
    await work({ ...{ queue, worker: own, program, input, signal, untilEmpty }, events });
  } finally {
    await queue.close();
  }
  if (signal.aborted) process.exitCode = interruptedCode(signal);
}

const events: WorkerEvents = {
  onClaim: (lease) => note(`${titleOf(lease.job)}: ${lease.attempt > 1 ? `try ${lease.attempt}` : 'begun'}`),
  onLine: (lease, line) => note(`${titleOf(lease.job)}: ${line}`),
  onEnd: (lease, what) => note(`${titleOf(lease.job)}: ${what}`),
};
