import { InputError } from '../errors.ts';
import { firstDisagreement, isRecord, type Values, valueText } from '../settings/index.ts';
import type { GivenSettings } from '../training/index.ts';
import { distributionText, type Point, type SearchSpace } from './distribution.ts';
import { type HalvingOptions, judge } from './halving.ts';
import { Journal } from './journal.ts';
import { codes, type NewOperation } from './journal-ops.ts';
import { directionCode, type StoredTrial, type Study } from './study.ts';
import { type Direction, type TrialState, trialStates } from './trial.ts';

/** Names of attributes as Optuna and its dashboard know them. */
const METRIC_NAMES = 'study:metric_names';
/** The settings that all trials share. */
const SETTINGS = 'settings';
const rungName = (rung: number): string => `completed_rung_${rung}`;

const codeOf = (state: TrialState): number => trialStates.indexOf(state);

/** A time as Optuna's files have it. */
const now = (): string => new Date().toISOString().replace('Z', '000+00:00');

/** Chooses the point of a new trial, or of one that is queued; null when there is nothing left to try. */
export type Suggest = (study: Study, number: number, queued: StoredTrial | null) => Point | null;

/** One study in a journal, and what a search writes to it. Several processes can work on it. */
export class StudyFile {
  readonly metric: string;
  readonly direction: Direction;
  readonly #journal: Journal;
  readonly #name: string;

  private constructor(journal: Journal, name: string, metric: string, direction: Direction) {
    this.#journal = journal;
    this.#name = name;
    this.metric = metric;
    this.direction = direction;
  }

  /**
   * Opens a study, or makes it.
   *
   * @param settings those that all trials share
   * @throws InputError if it is about another score or has other settings, and for a journal that cannot be read or written
   */
  static async open(
    path: string,
    name: string,
    metric: string,
    direction: Direction,
    settings: GivenSettings,
  ): Promise<StudyFile> {
    const file = new StudyFile(new Journal(path), name, metric, direction);
    await file.#journal.write((studies) => {
      const known = studies.named(name);
      if (known) file.#checkSame(known);
      return known ? [] : [{ op_code: codes.createStudy, study_name: name, directions: [directionCode(direction)] }];
    });
    await file.#journal.write(() => {
      const { id: study_id, systemAttributes, userAttributes } = file.study;
      const system_attr = { [METRIC_NAMES]: [metric] };
      const user_attr = { [SETTINGS]: settings };
      return [
        ...(systemAttributes.has(METRIC_NAMES) ? [] : [{ op_code: codes.studySystemAttribute, study_id, system_attr }]),
        ...(userAttributes.has(SETTINGS) ? [] : [{ op_code: codes.studyUserAttribute, study_id, user_attr }]),
      ];
    });
    file.#checkSettings(settings);
    return file;
  }

  /** Scores of trials with other settings cannot be compared. */
  #checkSettings(given: GivenSettings): void {
    const stored = this.study.userAttributes.get(SETTINGS) as Values;
    const own: Values = { ...given };
    // Both ways: a setting may be on one side only.
    const { key } = firstDisagreement(own, stored) ?? firstDisagreement(stored, own) ?? {};
    if (key === undefined) return;
    const [had, has] = [stored, own].map((settings) => at(settings, key));
    throw new InputError(
      `The study ${this.#name} in ${this.#journal.path} was begun with ${key}: ${had}, not ${has}; its trials would not be comparable: name another study or folder.`,
    );
  }

  #checkSame({ direction, systemAttributes }: Study): void {
    const names = systemAttributes.get(METRIC_NAMES);
    const about = Array.isArray(names) ? names.join(', ') : this.metric;
    if (direction === this.direction && about === this.metric) return;
    throw new InputError(
      `The study ${this.#name} in ${this.#journal.path} is to ${direction ?? 'balance'} ${about}, not to ${this.direction} ${this.metric}: name another study or folder.`,
    );
  }

  /** The study as it was when the file was read last. */
  get study(): Study {
    return this.#journal.studies.named(this.#name) as Study;
  }

  /** Reads what others have written. */
  refresh(): Study {
    this.#journal.refresh();
    return this.study;
  }

  /**
   * Begins the trial that was queued first, or a new one, with a point that may depend on all trials there are.
   *
   * @param most trials that the study may have
   * @returns null when there is nothing left to try
   */
  async begin(space: SearchSpace, most: number, suggest: Suggest): Promise<StoredTrial | null> {
    let begun: number | null = null;
    await this.#journal.write((studies) => {
      const { id: study_id, trials } = this.study;
      const queued = trials.find(({ state }) => state === 'waiting') ?? null;
      if (!queued && trials.length >= most) return [];
      const number = queued?.number ?? trials.length;
      const point = suggest(this.study, number, queued);
      if (!point) return [];
      begun = number;
      const trial_id = queued?.id ?? studies.nextTrial;
      const first: NewOperation = queued
        ? { op_code: codes.state, trial_id, state: codeOf('running'), values: null, datetime_start: now() }
        : { op_code: codes.createTrial, study_id, datetime_start: now() };
      const parameters = [...space].map(([param_name, distribution]): NewOperation => {
        const own = {
          param_value_internal: point.get(param_name) as number,
          distribution: distributionText(distribution),
        };
        return { op_code: codes.parameter, trial_id, param_name, ...own };
      });
      return [first, ...parameters];
    });
    return begun === null ? null : this.study.trials[begun];
  }

  /** Notes a score of a trial that runs. @returns whether successive halving ends it */
  async report(
    { id: trial_id, number }: StoredTrial,
    step: number,
    value: number,
    halving: HalvingOptions | null,
  ): Promise<boolean> {
    let isPruned = false;
    await this.#journal.write(() => {
      const report: NewOperation = { op_code: codes.report, trial_id, step, intermediate_value: value };
      if (!halving) return [report];
      const { trials } = this.study;
      const rungs = rungsOf(trials.filter((trial) => trial.number !== number));
      const judged = judge(step, value, reachedBy(trials[number]).length, rungs, this.direction, halving);
      isPruned = judged.isPruned;
      const reached = judged.reached.map((rung): NewOperation => {
        return { op_code: codes.trialSystemAttribute, trial_id, system_attr: { [rungName(rung)]: value } };
      });
      return [report, ...reached];
    });
    return isPruned;
  }

  /** Ends a trial. @param attributes what else is to be known of it */
  async end(
    { id: trial_id }: StoredTrial,
    state: 'complete' | 'pruned' | 'failed',
    value: number | null,
    attributes: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await this.#journal.write(() => [
      ...Object.entries(attributes).map(([key, given]): NewOperation => {
        return { op_code: codes.trialUserAttribute, trial_id, user_attr: { [key]: given } };
      }),
      {
        op_code: codes.state,
        trial_id,
        state: codeOf(state),
        values: value === null ? null : [value],
        datetime_complete: now(),
      },
    ]);
  }
}

/** A setting as it is written, or one of an adapter, `adapter.rank`. */
function at(settings: Values, key: string): string {
  const value = key.split('.').reduce<unknown>((inner, name) => (isRecord(inner) ? inner[name] : undefined), settings);
  return value === undefined ? 'no value' : valueText(value);
}

/** The scores with which a trial reached rungs, from the first one on. */
function reachedBy({ systemAttributes }: StoredTrial): number[] {
  const scores: number[] = [];
  for (let rung = 0; systemAttributes.has(rungName(rung)); rung++)
    scores.push(Number(systemAttributes.get(rungName(rung))));
  return scores;
}

function rungsOf(trials: readonly StoredTrial[]): number[][] {
  const rungs: number[][] = [];
  for (const trial of trials) {
    for (const [rung, score] of reachedBy(trial).entries()) rungs[rung] = [...(rungs[rung] ?? []), score];
  }
  return rungs;
}
