import { EventWriter, fileError } from '../io/index.ts';
import type { LoopEvents } from './loop.ts';

interface Told extends LoopEvents {
  readonly onWarning?: (message: string) => void;
}

/**
 * Adds TensorBoard's events to the callbacks of a run: loss, learning rate and speed of each step, and the scores. Where they cannot
 * be written any more that is told once, and the run goes on.
 *
 * @param folder of this run: TensorBoard shows each folder as a run of its own
 * @param step the steps that are done
 * @throws InputError if the folder cannot be written
 */
export function withEventLog<Events extends Told>(events: Events, folder: string, step: number): Events {
  let writer: EventWriter | null = attempt(folder, () => new EventWriter(folder, step));
  const write = (at: number, values: Readonly<Record<string, number>>) => {
    const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
    try {
      attempt(folder, () => writer?.scalars(at, Object.fromEntries(finite)));
    } catch (error) {
      writer = null;
      events.onWarning?.(`no more events for TensorBoard: ${(error as Error).message}`);
    }
  };
  return {
    ...events,
    onStep: (progress) => {
      const { loss, learningRate, tokensPerSecond } = progress;
      write(progress.step, { loss, learning_rate: learningRate, tokens_per_second: tokensPerSecond });
      events.onStep?.(progress);
    },
    onScored: (scored) => {
      const tagged = Object.entries(scored.metrics).map(([name, value]) => [`eval/${name}`, value]);
      write(scored.step, Object.fromEntries(tagged));
      events.onScored?.(scored);
    },
  };
}

function attempt<Result>(folder: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw fileError(`Cannot write events for TensorBoard to ${folder}`, error);
  }
}
