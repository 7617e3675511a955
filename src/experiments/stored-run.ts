/** The stored form of a run of a sweep, as a schema. */
import * as v from 'valibot';
import { runInputs } from '../queue/run-inputs.ts';
import { outcomeFields } from '../queue/run-outcome.ts';
import {
  listOf,
  namedValues,
  nonEmptyText,
  nonNegative,
  oneOf,
  openFields,
  orNone,
  text,
  type ValueOf,
  wholeNumber,
} from '../settings/index.ts';
import { type RunSettings, storedSettings } from '../training/index.ts';

/** `running` is also what a run is whose process was killed. */
export const statuses = ['finished', 'failed', 'stopped', 'running'] as const;
export type RunStatus = (typeof statuses)[number];

/** What is stored of a run. */
export const runFields = {
  hash: nonEmptyText,
  status: oneOf(statuses),
  settings: storedSettings as v.GenericSchema<unknown, RunSettings>,
  inputs: runInputs,
  versions: namedValues(text),
  command: listOf(text),
  /** ISO 8601. */
  started: text,
  ended: v.optional(orNone(text), null),
  /** Wall time in seconds, of attempts that were not killed. */
  seconds: nonNegative,
  ...outcomeFields,
};
/** What is stored of its place. */
export const placeFields = { experiment: text, model: text, row: text, task: text, seed: wholeNumber };

/** A run of the store. */
export type StoredRun = ValueOf<typeof storedRun>;
export const storedRun = openFields(runFields);

/** The place of a run in a table. One run can be for several places: the dense adapter of table 1 is that of table 3. */
export type RunPlace = { readonly [Key in keyof typeof placeFields]: ValueOf<(typeof placeFields)[Key]> };
export type PlacedRun = RunPlace & StoredRun;
