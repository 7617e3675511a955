import { InputError } from '../errors.ts';
import type { OutputFolder } from '../io/index.ts';
import type { Parameter } from '../nn/index.ts';
import { type CheckpointFacts, saveCheckpoint } from './checkpoint.ts';
import type { KeptWeights } from './kept-weights.ts';
import { stopwatch } from './stopwatch.ts';
import type { Trainer } from './trainer.ts';

/** What the checkpoints of a run are made of. */
export interface CheckpointSource {
  readonly output: OutputFolder;
  /** Of this moment. */
  facts(): CheckpointFacts;
  readonly parameters: readonly Parameter[];
  readonly trainer: Trainer<unknown>;
  /** Null: the last weights are those of the run. */
  readonly kept: KeptWeights | null;
  readonly onWarning?: (message: string) => void;
}

/**
 * The checkpoints that a run leaves as it goes. One that cannot be written is told once and is no error: the run can still finish, and
 * the last one stays.
 */
export class RunCheckpoints {
  readonly #source: CheckpointSource;
  #savedStep: number | null;
  #isWarned = false;
  #since = stopwatch();

  /** @param savedStep the step of this run's checkpoint in the folder; null if it has left none there */
  constructor(source: CheckpointSource, savedStep: number | null) {
    this.#source = source;
    this.#savedStep = savedStep;
  }

  /** The step of this run's last checkpoint in the folder; null if there is none. */
  get savedStep(): number | null {
    return this.#savedStep;
  }

  /** Saves a checkpoint if so much time has passed since the last attempt. */
  async saveAfter(seconds: number): Promise<void> {
    if (this.#since() < seconds) return;
    await this.#save(false);
    this.#since = stopwatch();
  }

  /** Saves the checkpoint with which a run stops; it may take the space that was kept for the result. */
  saveLast(): Promise<void> {
    return this.#save(true);
  }

  async #save(isLast: boolean): Promise<void> {
    const { output, facts, parameters, trainer, kept, onWarning } = this.#source;
    if (isLast && this.#savedStep === trainer.step) return;
    try {
      const options = { isLast, kept: kept?.values };
      await saveCheckpoint(output, facts(), parameters, await trainer.state(), options);
      this.#savedStep = trainer.step;
      this.#isWarned = false;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (isLast || !this.#isWarned) onWarning?.(`no checkpoint after step ${trainer.step}: ${error.message}`);
      this.#isWarned = true;
    }
  }
}
