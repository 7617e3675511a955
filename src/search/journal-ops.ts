import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { parseWith } from '../settings/index.ts';

/** The operations of Optuna's journal, by their codes. */
export const codes = {
  createStudy: 0,
  deleteStudy: 1,
  studyUserAttribute: 2,
  studySystemAttribute: 3,
  createTrial: 4,
  parameter: 5,
  state: 6,
  report: 7,
  trialUserAttribute: 8,
  trialSystemAttribute: 9,
} as const;

const id = v.pipe(v.number('a number'), v.integer('a whole number'));
/** Any number, NaN too. */
const number = v.custom<number>((x) => typeof x === 'number', 'a number');
const json = v.unknown();
const attribute = v.pipe(
  v.record(v.string(), json),
  v.check((fields) => Object.keys(fields).length === 1, 'an object with exactly one key'),
);
const worker = { worker_id: v.string('a text') };
const inStudy = { ...worker, study_id: id };
const ofTrial = { ...worker, trial_id: id };
const byText = (value: v.GenericSchema) => v.record(v.string(), value);

/** What a trial has at once that is created as it is. */
const whole = {
  state: v.optional(id),
  value: v.optional(v.nullable(number)),
  values: v.optional(v.nullable(v.array(number))),
  datetime_complete: v.optional(v.nullable(v.string())),
  distributions: v.optional(v.record(v.string(), v.string('a text of JSON'))),
  params: v.optional(v.record(v.string(), number)),
  user_attrs: v.optional(byText(json)),
  system_attrs: v.optional(byText(json)),
  intermediate_values: v.optional(v.record(v.string(), number)),
};

const op = <const Code extends number, const Entries extends v.ObjectEntries>(code: Code, entries: Entries) =>
  v.object({ op_code: v.literal(code), ...entries });

const operation = v.variant('op_code', [
  op(codes.createStudy, { ...worker, study_name: v.string('a text'), directions: v.array(id) }),
  op(codes.deleteStudy, inStudy),
  op(codes.studyUserAttribute, { ...inStudy, user_attr: attribute }),
  op(codes.studySystemAttribute, { ...inStudy, system_attr: attribute }),
  op(codes.createTrial, { ...inStudy, datetime_start: v.nullable(v.string()), ...whole }),
  op(codes.parameter, {
    ...ofTrial,
    param_name: v.string('a text'),
    param_value_internal: number,
    distribution: v.string('a text of JSON'),
  }),
  op(codes.state, {
    ...ofTrial,
    state: id,
    values: v.nullable(v.array(number)),
    datetime_start: v.optional(v.string()),
    datetime_complete: v.optional(v.string()),
  }),
  op(codes.report, { ...ofTrial, step: id, intermediate_value: number }),
  op(codes.trialUserAttribute, { ...ofTrial, user_attr: attribute }),
  op(codes.trialSystemAttribute, { ...ofTrial, system_attr: attribute }),
]);

/** An operation of a journal. */
export type Operation = v.InferOutput<typeof operation>;

type WithoutWorker<O> = O extends unknown ? Omit<O, 'worker_id'> : never;
/** An operation before somebody writes it. */
export type NewOperation = WithoutWorker<Operation>;

/** Python's words for numbers that JSON has none for; outside texts only, which the pattern passes over. */
const WORDS = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g;
/** Stand for them while a line is read: no number of a JSON text is one of these. */
const MARKS: Readonly<Record<string, string>> = {
  NaN: '{"__number__":"NaN"}',
  Infinity: '{"__number__":"Infinity"}',
  '-Infinity': '{"__number__":"-Infinity"}',
};
const isMark = (value: unknown): value is { readonly __number__: string } =>
  typeof value === 'object' && value !== null && '__number__' in value;

/**
 * Reads a line of a journal, as Python's `json` writes it, with NaN and Infinity; null for an operation of another version, which is
 * passed over as Optuna does.
 *
 * @throws InputError for what is no operation
 */
export function readOperation(line: string, where: string): Operation | null {
  const marked = line.replace(WORDS, (found) => MARKS[found] ?? found);
  let parsed: unknown;
  try {
    parsed = JSON.parse(marked, (_, value) => (isMark(value) ? Number(value.__number__) : value));
  } catch {
    throw new InputError(`${where} is not JSON, as a journal of Optuna has it.`);
  }
  const code = typeof parsed === 'object' && parsed !== null && 'op_code' in parsed ? parsed.op_code : null;
  if (typeof code === 'number' && !Object.values<number>(codes).includes(code)) return null;
  return parseWith(operation, parsed, where);
}

/** Returns a line without its end, numbers that JSON has no word for as Python writes them. */
export function writeOperation(operation: Operation): string {
  const text = JSON.stringify(operation, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? { __number__: String(value) } : value,
  );
  return text.replace(/\{"__number__":"(-?\w+)"\}/g, '$1');
}
