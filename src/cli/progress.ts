import { Presets, SingleBar } from 'cli-progress';
import { formatSeconds, note } from './output.ts';

/** The progress of a piece of work. */
export interface Progress {
  /** @param detail more to show, such as the loss */
  update(done: number, detail?: string): void;
  /** Ends the display; a second call does nothing. */
  stop(): void;
}

/**
 * Shows progress on standard error: a bar on a terminal, else a line now and then.
 *
 * @param start what was done earlier
 * @param format how amounts are written
 */
export function startProgress(label: string, total: number, start = 0, format: Format = String): Progress {
  const title = label.padEnd(10);
  return process.stderr.isTTY ? bar(title, total, start, format) : lines(title, total, start, format);
}

type Format = (amount: number) => string;

function bar(label: string, total: number, start: number, format: Format): Progress {
  const left = estimate(total, start);
  const size = Math.max(10, Math.min(30, (process.stderr.columns ?? 80) - 70));
  const display = new SingleBar(
    {
      format: `${label} {bar} {value}/{total} {detail}`,
      formatValue: (value, _options, type) => (type === 'value' || type === 'total' ? format(value) : String(value)),
      barsize: size,
      linewrap: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  display.start(total, start, { detail: '' });
  return {
    update: (done, detail) => display.update(done, { detail: join(detail, left(done)) }),
    stop: () => display.stop(),
  };
}

/** Time between two lines, in milliseconds. */
const INTERVAL = 10_000;

function lines(label: string, total: number, start: number, format: Format): Progress {
  const left = estimate(total, start);
  let last = performance.now();
  let shown = '';
  let current = '';
  const show = () => {
    if (current !== shown) note(current);
    shown = current;
    last = performance.now();
  };
  return {
    update: (done, detail) => {
      current = `${label} ${format(done)}/${format(total)} ${join(detail, left(done))}`;
      if (performance.now() - last >= INTERVAL) show();
    },
    stop: show,
  };
}

/** From the work done to the time left, as text; empty while nothing has been done since the start. */
export function estimate(total: number, start: number): (done: number) => string {
  const begin = performance.now();
  return (done) => {
    if (done <= start) return '';
    const perItem = (performance.now() - begin) / 1000 / (done - start);
    return done < total ? `${formatSeconds(perItem * (total - done))} left` : formatSeconds(perItem * (done - start));
  };
}

/** The parts that are there. */
export const join = (...parts: (string | undefined)[]): string => parts.filter((part) => part).join(', ');
