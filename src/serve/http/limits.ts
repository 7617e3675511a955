import { option, positiveInteger, positiveNumber } from '../../settings/index.ts';

/** Limits of what a server takes on at one time. */
export const limitSettings = {
  maxBody: option(positiveInteger, {
    description: 'bytes of the body of a request, at most',
    placeholder: '<bytes>',
    default: 1_048_576,
  }),
  maxInputs: option(positiveInteger, {
    description: 'inputs of a request, at most',
    placeholder: '<count>',
    default: 64,
  }),
  maxCharacters: option(positiveInteger, {
    description: 'characters of a text, at most',
    placeholder: '<count>',
    default: 100_000,
  }),
  maxAdapters: option(positiveInteger, {
    description: 'adapters that are loaded, at most',
    placeholder: '<count>',
    default: 1024,
  }),
  timeLimit: option(positiveNumber, {
    description: 'seconds from the head of a request to its answer, at most',
    placeholder: '<seconds>',
    default: 30,
  }),
};

/** Limits of a server: bytes, counts, UTF-16 code units and seconds. */
export type Limits = { readonly [Key in keyof typeof limitSettings]: number };

/** The longest that a timer waits. */
const LONGEST_MS = 2 ** 31 - 1;

/** The time limit as timers take it: whole milliseconds. */
export const timeLimitMs = ({ timeLimit }: Limits): number => Math.min(LONGEST_MS, Math.ceil(1000 * timeLimit));
