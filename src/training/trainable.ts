import { isHeadParameter } from '../models/heads.ts';
import type { Parameter } from '../nn/index.ts';

const keptIn = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, parameter) => sum + parameter.keptCount(), 0);

/** The parameters that training updates, and how many weights they were when it was asked. */
export class Trainable {
  readonly parameters: readonly Parameter[];
  /** Trained weights of the task head alone, and of all else; pruned ones do not count. */
  readonly counts: { readonly adapter: number; readonly head: number };
  /** All weights of the model, frozen ones too; pruned ones do not count. */
  readonly total: number;

  /** @param all those of the model */
  constructor(all: readonly Parameter[]) {
    this.parameters = all.filter(({ trainable }) => trainable);
    this.counts = {
      adapter: keptIn(this.parameters.filter((parameter) => !isHeadParameter(parameter))),
      head: keptIn(this.parameters.filter(isHeadParameter)),
    };
    this.total = keptIn(all);
  }

  /** All trained weights. */
  get count(): number {
    return this.counts.adapter + this.counts.head;
  }

  /** Returns a line such as `trainable: 1,234 of 12,345,678 parameters (0.01 %)`. */
  toString(): string {
    const text = (count: number) => count.toLocaleString('en-US');
    const percent = ((100 * this.count) / this.total).toFixed(2);
    return `trainable: ${text(this.count)} of ${text(this.total)} parameters (${percent} %)`;
  }
}
