import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Failure, Ready, Sample, WorkerInput } from './tasks.ts';

/**
 * A peer at work on one task, in a process of its own: neither memory nor threads of peers meet. Between its turns it is halted,
 * as idle threads of some libraries spin for a while, which would slow the next peer down.
 */
export class WorkerProcess {
  readonly ready: Ready;
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #log: Log;

  /** @throws Error with what the worker wrote if it cannot do the task */
  static async start(command: readonly string[], input: WorkerInput): Promise<WorkerProcess> {
    const [program, ...args] = command;
    const child = spawn(program, [...args, JSON.stringify(input)], { stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
    const log = new Log(input.onOutput ? [child.stderr] : [child.stdout, child.stderr]);
    await Promise.race([once(child, 'spawn'), once(child, 'error').then(([error]) => Promise.reject(error))]);
    child.stdin.on('error', () => {});
    const lines: Interface = createInterface({ input: input.onOutput ? child.stdout : (child.stdio[3] as Readable) });
    const answers = lines[Symbol.asyncIterator]();
    const ready: Ready = await read(answers, log);
    const worker = new WorkerProcess(child, answers, log, ready);
    worker.#signal('SIGSTOP');
    return worker;
  }

  private constructor(child: ChildProcess, answers: AsyncIterator<string>, log: Log, ready: Ready) {
    this.#process = child;
    this.#answers = answers;
    this.#log = log;
    this.ready = ready;
  }

  /** One run of the task. @throws Error with what the worker wrote if it failed */
  async run(): Promise<Sample> {
    this.#signal('SIGCONT');
    this.#process.stdin?.write('run\n');
    const sample: Sample = await read(this.#answers, this.#log);
    this.#signal('SIGSTOP');
    return sample;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#signal('SIGCONT');
    this.#process.stdin?.end();
    await exit;
  }

  /** Windows has no such signals: there the processes continue. */
  #signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    if (process.platform !== 'win32') this.#process.kill(name);
  }
}

async function read<T extends Ready | Sample>(answers: AsyncIterator<string>, log: Log): Promise<T> {
  const { done, value } = await answers.next();
  if (done) throw new Error(log.lastLine());
  const answer: T | Failure = JSON.parse(value);
  if ('error' in answer) throw new Error(answer.error);
  return answer;
}

/** The output of a process: where it ended without an answer, the last line says why. */
class Log {
  static readonly #length = 2000;
  #text = '';

  constructor(streams: readonly Readable[]) {
    for (const stream of streams) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        this.#text = (this.#text + chunk).slice(-Log.#length);
      });
    }
  }

  lastLine(): string {
    return this.#text.trim().split('\n').at(-1) || 'the process ended without a word';
  }
}
