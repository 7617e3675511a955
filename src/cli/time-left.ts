import type { Cell, StoredRun } from '../experiments/index.ts';

/** Estimates the time left of a sweep: runs last as long as others of their cell, else of their model and task, else any. */
export class TimeLeft {
  readonly #runsLeft: Map<Cell, number>;
  readonly #finished: { readonly cell: Cell; readonly seconds: number }[] = [];
  /** Hashes of runs. */
  readonly #counted = new Set<string>();

  /** @param runs how many runs each cell has */
  constructor(runs: Iterable<readonly [Cell, number]>) {
    this.#runsLeft = new Map(runs);
  }

  /** Records a run that ended, each once; the time of a failed run says nothing about others. */
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
