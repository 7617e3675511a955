import { median } from '../statistics.ts';
import { milliseconds, type Table, times } from '../table.ts';
import { timed } from '../workers/job.ts';

/** Times of several engines for the same work. */
export interface Comparison {
  readonly title: string;
  readonly columns: readonly string[];
  /** Pairs of columns whose quotient is shown. */
  readonly ratios: readonly (readonly [over: string, under: string])[];
  readonly rows: readonly Row[];
}

export interface Row {
  readonly name: string;
  /** By column. */
  readonly seconds: Readonly<Record<string, number>>;
}

export type Timed = () => Promise<number>;

/** Seconds of `run`, which waits for what it computed. */
export const secondsOf =
  (run: () => unknown): Timed =>
  async () =>
    (await timed(run)).seconds;

/** The medians of runs in turns, after one that warms up. */
export async function inTurns(runs: readonly Timed[], rounds: number): Promise<number[]> {
  const seconds = runs.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, run] of runs.entries()) {
      const own = await run();
      if (round >= 0) seconds[i].push(own);
    }
  }
  return seconds.map(median);
}

export function tableOf({ title, columns, ratios, rows }: Comparison): Table {
  return {
    title: `${title}, in milliseconds`,
    head: ['', ...columns, ...ratios.map(([over, under]) => `${over} to ${under}`)],
    rows: rows.map(({ name, seconds }) => [
      name,
      ...columns.map((column) => milliseconds(seconds[column])),
      ...ratios.map(([over, under]) => times(seconds[over] / seconds[under])),
    ]),
    notes: [],
  };
}
