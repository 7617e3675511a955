/** The stored form of a run of a sweep, as a schema. */
import * as v from 'valibot';
import {
  finiteNumber,
  listOf,
  namedValues,
  nonEmptyText,
  nonNegative,
  oneOf,
  openFields,
  orNone,
  strictFields,
  text,
  type ValueOf,
  wholeNumber,
} from '../settings/index.ts';
import { pruneReport, type RunSettings, runMetrics, storedSettings } from '../training/index.ts';
import { runInputs } from './inputs.ts';

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
  metrics: v.optional(orNone(runMetrics), null),
  pruning: v.optional(orNone(pruneReport), null),
  /** On the rows that judge, rounded; null for tasks without single answers. */
  answers: v.optional(orNone(strictFields({ targets: listOf(finiteNumber), predictions: listOf(finiteNumber) })), null),
  error: v.optional(orNone(text), null),
};
/** What is stored of its place. */
export const placeFields = { experiment: text, model: text, row: text, task: text, seed: wholeNumber };

/** A run of the store. */
export type StoredRun = ValueOf<typeof storedRun>;
export const storedRun = openFields(runFields);

/** The place of a run in a table. One run can be for several places: the dense adapter of table 1 is that of table 3. */
export type RunPlace = { readonly [Key in keyof typeof placeFields]: ValueOf<(typeof placeFields)[Key]> };
export type PlacedRun = RunPlace & StoredRun;
