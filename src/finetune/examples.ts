import type { TaskTypes } from '../training/index.ts';
import type { PretrainedModel } from './pretrained.ts';
import { type DataOptions, readItems, refuseReadOnce, type TrainingData } from './read.ts';

/** Examples to train on, encoded: once, or anew for each epoch where a program gives them one by one. */
export class EpochItems<T extends TaskTypes> {
  readonly #model: PretrainedModel<T>;
  readonly #data: TrainingData;
  readonly #options: DataOptions;

  /** @throws InputError for an iterator that gives its rows once, where there are more epochs than one */
  constructor(model: PretrainedModel<T>, data: TrainingData, { epochs, ...options }: DataOptions & { epochs: number }) {
    refuseReadOnce(data, epochs);
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
