import { InputError } from '../errors.ts';
import { type Distribution, distributionOf, externalOf } from './distribution.ts';
import { codes, type Operation } from './journal-ops.ts';
import { type Direction, lastReport, type Trial, type TrialState, trialStates } from './trial.ts';

/** The numbers of directions in the journal. */
const directions: Readonly<Record<number, Direction>> = { 1: 'minimize', 2: 'maximize' };
export const directionCode = (direction: Direction): number => (direction === 'minimize' ? 1 : 2);

/** A trial with all that a journal says of it. */
export interface StoredTrial extends Trial {
  /** Over all studies of the file. */
  readonly id: number;
  readonly distributions: ReadonlyMap<string, Distribution>;
  readonly userAttributes: ReadonlyMap<string, unknown>;
  readonly systemAttributes: ReadonlyMap<string, unknown>;
  readonly started: string | null;
  readonly ended: string | null;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : T[Key] };
type Draft = Writable<StoredTrial>;

/** A study: trials that search for the best score. */
export interface Study {
  readonly id: number;
  readonly name: string;
  /** Null for several scores at once, or none. */
  readonly direction: Direction | null;
  readonly trials: readonly StoredTrial[];
  readonly userAttributes: ReadonlyMap<string, unknown>;
  readonly systemAttributes: ReadonlyMap<string, unknown>;
}

const isOver = ({ state }: Trial): boolean => state === 'complete' || state === 'pruned' || state === 'failed';

function stateOf(code: number | undefined): TrialState {
  const state = trialStates[code ?? 0];
  if (state === undefined) throw new InputError(`There is no trial state ${code}.`);
  return state;
}

/** The parameters of a trial as they are used: a category by its value. */
export const parametersOf = ({ point, distributions }: StoredTrial) =>
  Object.fromEntries(
    [...point].map(([name, internal]) => [name, externalOf(distributions.get(name) as Distribution, internal)]),
  );

/** All studies of a journal, which its operations make one after the other. What does not fit is passed over as Optuna does. */
export class Studies {
  readonly #studies = new Map<number, Writable<Study> & { trials: Draft[] }>();
  readonly #trials = new Map<number, Draft>();
  #nextStudy = 0;
  #nextTrial = 0;

  /** The id that the next trial will have. */
  get nextTrial(): number {
    return this.#nextTrial;
  }

  /** The study of a name; null if there is none. */
  named(name: string): Study | null {
    return [...this.#studies.values()].find((study) => study.name === name) ?? null;
  }

  get names(): string[] {
    return [...this.#studies.values()].map(({ name }) => name);
  }

  /** @throws InputError for a state, a distribution or a value that there is not */
  apply(operation: Operation): void {
    switch (operation.op_code) {
      case codes.createStudy: {
        const { study_name: name, directions: all } = operation;
        if (this.named(name)) return;
        const direction = all.length === 1 ? (directions[all[0]] ?? null) : null;
        const id = this.#nextStudy++;
        const [userAttributes, systemAttributes] = [new Map<string, unknown>(), new Map<string, unknown>()];
        this.#studies.set(id, { id, name, direction, trials: [], userAttributes, systemAttributes });
        return;
      }
      case codes.deleteStudy:
        this.#studies.delete(operation.study_id);
        return;
      case codes.studyUserAttribute:
        assign(this.#studies.get(operation.study_id)?.userAttributes, operation.user_attr);
        return;
      case codes.studySystemAttribute:
        assign(this.#studies.get(operation.study_id)?.systemAttributes, operation.system_attr);
        return;
      case codes.createTrial:
        this.#create(operation);
        return;
      default:
        this.#change(operation);
        return;
    }
  }

  #create(operation: Operation & { op_code: typeof codes.createTrial }): void {
    const study = this.#studies.get(operation.study_id);
    if (!study) return;
    const distributions = Object.entries(operation.distributions ?? {}).map(
      ([name, text]) => [name, distributionOf(text)] as const,
    );
    const trial: Draft = {
      id: this.#nextTrial++,
      number: study.trials.length,
      state: stateOf(operation.state),
      value: operation.value ?? operation.values?.[0] ?? null,
      point: new Map(Object.entries(operation.params ?? {})),
      distributions: new Map(distributions),
      reports: new Map(Object.entries(operation.intermediate_values ?? {}).map(([step, x]) => [Number(step), x])),
      userAttributes: new Map(Object.entries(operation.user_attrs ?? {})),
      systemAttributes: new Map(Object.entries(operation.system_attrs ?? {})),
      started: operation.datetime_start,
      ended: operation.datetime_complete ?? null,
    };
    study.trials.push(trial);
    this.#trials.set(trial.id, trial);
  }

  #change(operation: Exclude<Operation, { study_id: number } | { op_code: typeof codes.createStudy }>): void {
    const trial = this.#trials.get(operation.trial_id);
    if (!trial || isOver(trial)) return;
    switch (operation.op_code) {
      case codes.parameter:
        trial.distributions.set(operation.param_name, distributionOf(operation.distribution));
        trial.point.set(operation.param_name, operation.param_value_internal);
        return;
      case codes.state:
        // Of two who want to run what waits, the first one does.
        if (operation.state === 0 && trial.state === 'running') return;
        trial.state = stateOf(operation.state);
        trial.value = operation.values?.[0] ?? null;
        trial.started = operation.datetime_start ?? trial.started;
        trial.ended = operation.datetime_complete ?? trial.ended;
        if (trial.state === 'pruned') trial.value ??= lastReport(trial)?.[1] ?? null;
        return;
      case codes.report:
        trial.reports.set(operation.step, operation.intermediate_value);
        return;
      case codes.trialUserAttribute:
        assign(trial.userAttributes, operation.user_attr);
        return;
      case codes.trialSystemAttribute:
        assign(trial.systemAttributes, operation.system_attr);
        return;
    }
  }
}

function assign(attributes: Map<string, unknown> | undefined, given: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(given)) attributes?.set(key, value);
}
