import { isHeadParameter } from '../models/heads.ts';
import type { Parameter } from '../nn/index.ts';

const keptIn = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, parameter) => sum + parameter.keptCount(), 0);

/** The parameters that training updates. */
export class Trainable {
  readonly parameters: readonly Parameter[];
  readonly #all: readonly Parameter[];

  /** @param all those of the model */
  constructor(all: readonly Parameter[]) {
    this.#all = all;
    this.parameters = all.filter(({ trainable }) => trainable);
  }

  /** The number of weights that are trained; pruned ones do not count. */
  get count(): number {
    return keptIn(this.parameters);
  }

  /** The same of the task head alone, and of all else. */
  get counts(): { readonly adapter: number; readonly head: number } {
    return {
      adapter: keptIn(this.parameters.filter((parameter) => !isHeadParameter(parameter))),
      head: keptIn(this.parameters.filter(isHeadParameter)),
    };
  }

  /** The number of all weights of the model, frozen ones too; pruned ones do not count. */
  get total(): number {
    return keptIn(this.#all);
  }

  /** Returns a line such as `trainable: 1,234 of 12,345,678 parameters (0.01 %)`. */
  toString(): string {
    const text = (count: number) => count.toLocaleString('en-US');
    const percent = ((100 * this.count) / this.total).toFixed(2);
    return `trainable: ${text(this.count)} of ${text(this.total)} parameters (${percent} %)`;
  }
}
