import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import {
  type Lookup,
  type PlannedRun,
  type SweepEvents,
  type SweepPlan,
  scoreIn,
  taskTitle,
} from '../experiments/index.ts';
import { formatSeconds, note } from './output.ts';
import { estimate, join } from './progress.ts';
import { TimeLeft } from './time-left.ts';

/** Time between two lines about the same run where there is no terminal, in milliseconds. */
const INTERVAL = 30_000;

/**
 * Shows the progress of a sweep on standard error: on a terminal a bar for the run and one for the sweep, else lines; with both a
 * line for each run that ended.
 */
export class SweepDisplay {
  readonly #total: number;
  readonly #bars: MultiBar | null;
  readonly #sweep: SingleBar | null;
  #run: SingleBar | null = null;
  #label = '';
  /** Warnings shown already: runs on the same data have the same ones. */
  readonly #warned = new Set<string>();
  readonly #timeLeft: TimeLeft;
  #isWaiting = false;
  /** Runs that are run at once. */
  #atOnce = 1;
  /** Of the run, from its first step here. */
  #left: ((step: number) => string) | null = null;
  #lastLine = performance.now();

  /** @param lookup gives the runs that will not be run again */
  constructor(plan: SweepPlan, lookup: Lookup) {
    this.#total = plan.size;
    this.#timeLeft = new TimeLeft(plan.cells.map((cell) => [cell, plan.runsOf(cell)]));
    for (const cell of plan.cells) {
      for (const { hash } of [...plan.search(cell, lookup), ...plan.result(cell, lookup)]) {
        const stored = lookup(hash);
        if (stored?.status === 'finished') this.#timeLeft.add(cell, stored);
      }
    }
    const format = '{label} {bar} {value}/{total} {detail}';
    const options = { format, barsize: 24, linewrap: true, stream: process.stderr, clearOnComplete: true };
    this.#bars = process.stderr.isTTY ? new MultiBar(options, Presets.shades_classic) : null;
    this.#sweep = this.#bars?.create(this.#total, 0, { label: 'sweep'.padEnd(28), detail: '' }) ?? null;
  }

  readonly events: SweepEvents = {
    onWait: () => {
      if (!this.#isWaiting) this.#line('waiting for runs that another command is at');
      this.#isWaiting = true;
    },
    onQueue: ({ active, workers }) => {
      this.#atOnce = Math.max(1, active);
      if (workers === 0 && !this.#isWaiting) this.#line('no worker is at the queue: start sparse-adapter worker');
      this.#isWaiting = workers === 0;
    },
    onRun: (planned) => {
      this.#isWaiting = false;
      this.#label = labelOf(planned);
      this.#left = null;
      if (this.#run) this.#bars?.remove(this.#run);
      this.#run = this.#bars?.create(1, 0, { label: this.#label.padEnd(28), detail: 'loading' }) ?? null;
    },
    run: {
      onWarning: (message) => {
        if (!this.#warned.has(message)) this.#line(`warning: ${message}`);
        this.#warned.add(message);
      },
      onPruning: (done, total) => this.#progress('pruning', done, total),
      onStep: ({ step, totalSteps, loss }) => {
        this.#left ??= estimate(totalSteps, step);
        this.#progress(join(`loss ${loss.toFixed(4)}`, this.#left(step)), step, totalSteps);
      },
      onEvaluate: (done, total) => this.#progress('evaluating', done, total),
    },
    onRunEnd: (planned, number, stored, known) => {
      this.#timeLeft.add(planned.cell, stored);
      const seconds = this.#timeLeft.seconds;
      const left = number < this.#total && seconds !== null ? `${formatSeconds(seconds / this.#atOnce)} left` : '';
      this.#sweep?.update(number, { detail: left });
      const score = scoreIn(stored, planned.cell.task);
      const result = stored.error?.split('\n')[0] ?? (score === null ? stored.status : (100 * score).toFixed(2));
      const label = `${stored.status === 'failed' ? 'failed: ' : ''}${labelOf(planned)}`;
      this.#line(
        `${number}/${this.#total}  ${label}: ${known ? join(result, 'known') : join(result, formatSeconds(stored.seconds), left)}`,
      );
    },
  };

  interrupt(): void {
    this.stop();
    note('stopping after this step; Ctrl-C again quits at once');
  }

  stop(): void {
    this.#bars?.stop();
  }

  #progress(detail: string, done: number, total: number): void {
    this.#run?.setTotal(total);
    this.#run?.update(done, { detail });
    if (this.#bars || performance.now() - this.#lastLine < INTERVAL) return;
    this.#lastLine = performance.now();
    note(`  ${this.#label}: ${done}/${total} ${detail}`);
  }

  /** A line above the bars. */
  #line(text: string): void {
    this.#lastLine = performance.now();
    if (this.#bars) this.#bars.log(`${text}\n`);
    else note(text);
  }
}

const labelOf = ({ cell: { row, task }, seed }: PlannedRun): string => `${row.title}, ${taskTitle(task)}, seed ${seed}`;
