import { InputError } from '../errors.ts';
import type { TaskTypes } from '../training/index.ts';
import type { PretrainedModel } from './pretrained.ts';
import { type DataOptions, isReadOnce, readItems, type TrainingData } from './read.ts';

/** Examples to train on, encoded: once, or anew for each epoch where a program gives them one by one. */
export class EpochItems<T extends TaskTypes> {
  readonly #model: PretrainedModel<T>;
  readonly #data: TrainingData;
  readonly #options: DataOptions;

  /** @throws InputError for an iterator that gives its rows once, where there are more epochs than one */
  constructor(model: PretrainedModel<T>, data: TrainingData, { epochs, ...options }: DataOptions & { epochs: number }) {
    if (epochs > 1 && isReadOnce(data)) {
      throw new InputError(
        `data gives its rows once only, and there are ${epochs} epochs; give an array, or an object whose [Symbol.asyncIterator] begins anew each time.`,
      );
    }
    this.#model = model;
    this.#data = data;
    this.#options = options;
  }

  /** Whether every epoch reads them anew. */
  get areReopened(): boolean {
    return typeof this.#data === 'object' && !Array.isArray(this.#data);
  }

  read(): Promise<T['item'][]> {
    return readItems(this.#model, this.#data, this.#options);
  }
}
