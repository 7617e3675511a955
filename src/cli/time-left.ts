import type { Cell, StoredRun } from '../experiments/index.ts';

/** How long the rest of a sweep takes. A run is taken to last as long as others of its cell, else of its model and task, else any. */
export class TimeLeft {
  readonly #runsLeft: Map<Cell, number>;
  readonly #finished: { readonly cell: Cell; readonly seconds: number }[] = [];
  /** Hashes of runs. */
  readonly #counted = new Set<string>();

  /** @param runs how many runs each cell has */
  constructor(runs: Iterable<readonly [Cell, number]>) {
    this.#runsLeft = new Map(runs);
  }

  /** Takes note of a run, be it an old or a new one, once; how long a failed one took says nothing of others. */
  add(cell: Cell, { hash, status, seconds }: Pick<StoredRun, 'hash' | 'status' | 'seconds'>): void {
    if (this.#counted.has(hash)) return;
    this.#counted.add(hash);
    if (status === 'finished') this.#finished.push({ cell, seconds });
    this.#runsLeft.set(cell, (this.#runsLeft.get(cell) ?? 0) - 1);
  }

  /** Null while no run has finished. */
  get seconds(): number | null {
    if (this.#finished.length === 0) return null;
    let total = 0;
    for (const [cell, left] of this.#runsLeft) total += left * this.#usual(cell);
    return total;
  }

  #usual({ model, task, row }: Cell): number {
    const sameTask = this.#finished.filter(({ cell }) => cell.model === model && cell.task === task);
    const sameCell = sameTask.filter(({ cell }) => cell.row === row);
    const nearest = [sameCell, sameTask, this.#finished].find((runs) => runs.length > 0) ?? [];
    return nearest.reduce((sum, { seconds }) => sum + seconds, 0) / nearest.length;
  }
}
