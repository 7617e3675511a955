import {
  type GivenOf,
  nonNegative,
  option,
  parseGiven,
  positiveInteger,
  type SettingsOf,
  withDefaults,
} from '../settings/index.ts';

/** Settings of a queue of requests. */
export const queueSettings = {
  maxBatch: option(positiveInteger, {
    description: 'requests that are computed together, at most',
    placeholder: '<count>',
    default: 32,
  }),
  maxWait: option(nonNegative, {
    description: 'milliseconds that a request waits for others while a model is free; 0: for those that come with it',
    placeholder: '<milliseconds>',
    default: 0,
  }),
  maxQueue: option(positiveInteger, {
    description: 'requests that may wait; more are refused',
    placeholder: '<count>',
    default: 1024,
  }),
};

/** Options of a queue of requests, as they are given. */
export type GivenQueueOptions = GivenOf<typeof queueSettings>;

/** Options of a queue of requests, with defaults. */
export type QueueOptions = SettingsOf<typeof queueSettings>;

/** Returns all options. @throws InputError for a name or a value that does not fit */
export const queueOptions = (given: GivenQueueOptions): QueueOptions =>
  withDefaults(queueSettings, parseGiven(queueSettings, given, 'queue'), {}) as QueueOptions;
