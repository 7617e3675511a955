import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { type PlannedRun, type SweepEvents, scoreIn, taskTitle } from '../experiments/index.ts';
import { formatSeconds, note } from './output.ts';

/** Time between two lines about the same run where there is no terminal, in milliseconds. */
const INTERVAL = 30_000;

/**
 * What a sweep shows on standard error: on a terminal a bar for the run and one for the sweep, else lines; with both a line for each
 * run that ended.
 */
export class SweepDisplay {
  readonly #total: number;
  readonly #bars: MultiBar | null;
  readonly #sweep: SingleBar | null;
  #run: SingleBar | null = null;
  #label = '';
  /** What was said already: runs on the same data have the same warnings. */
  readonly #warned = new Set<string>();
  /** Of the runs that were run here. */
  readonly #durations: number[] = [];
  #start = performance.now();
  #lastLine = performance.now();

  /** @param total the number of runs */
  constructor(total: number) {
    this.#total = total;
    const format = '{label} {bar} {value}/{total} {detail}';
    const options = { format, barsize: 24, linewrap: true, stream: process.stderr, clearOnComplete: true };
    this.#bars = process.stderr.isTTY ? new MultiBar(options, Presets.shades_classic) : null;
    this.#sweep = this.#bars?.create(total, 0, { label: 'sweep'.padEnd(28), detail: '' }) ?? null;
  }

  readonly events: SweepEvents = {
    onRun: (planned) => {
      this.#label = labelOf(planned);
      this.#start = performance.now();
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
        const perStep = (performance.now() - this.#start) / 1000 / step;
        this.#progress(
          `loss ${loss.toFixed(4)}, ${formatSeconds(perStep * (totalSteps - step))} left`,
          step,
          totalSteps,
        );
      },
      onEvaluate: (done, total) => this.#progress('evaluating', done, total),
    },
    onRunEnd: (planned, number, stored, known) => {
      if (!known) this.#durations.push((performance.now() - this.#start) / 1000);
      const left = this.#left(number);
      this.#sweep?.update(number, { detail: left });
      const score = scoreIn(stored, planned.cell.task);
      const result = stored.error?.split('\n')[0] ?? (score === null ? stored.status : (100 * score).toFixed(2));
      const facts = known ? ['known'] : [formatSeconds(stored.seconds), ...(left ? [left] : [])];
      const label = `${stored.status === 'failed' ? 'failed: ' : ''}${labelOf(planned)}`;
      this.#line(`${number}/${this.#total}  ${label}: ${[result, ...facts].join(', ')}`);
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

  /** The time left, if the other runs take as long as those so far. */
  #left(done: number): string {
    if (this.#durations.length === 0 || done >= this.#total) return '';
    const each = this.#durations.reduce((sum, seconds) => sum + seconds, 0) / this.#durations.length;
    return `${formatSeconds(each * (this.#total - done))} left`;
  }
}

const labelOf = ({ cell: { row, task }, seed }: PlannedRun): string => `${row.title}, ${taskTitle(task)}, seed ${seed}`;
