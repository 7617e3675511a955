import { nonEmptyText, oneOf, option, positiveInteger, wholeNumberIn } from '../../settings/index.ts';
import { queueSettings } from '../queue-options.ts';
import { limitSettings } from './limits.ts';

/** Settings of a server beside its models and its token. */
export const serverSettings = {
  host: option(nonEmptyText, {
    description: 'address to listen on; other machines reach only others than this',
    placeholder: '<address>',
    default: '127.0.0.1',
  }),
  port: option(wholeNumberIn(0, 65_535), {
    description: 'port to listen on; 0: one that is free',
    placeholder: '<port>',
    default: 8080,
  }),
  adapters: option(nonEmptyText, {
    description: 'folder with the adapters that may be loaded at run time, and with it that any is unloaded',
    placeholder: '<folder>',
  }),
  model: option(nonEmptyText, {
    description: 'where the backbone is now, if it is not where the runs say',
    placeholder: '<model>',
  }),
  workers: option(positiveInteger, {
    description: 'threads that each have all models and answer',
    placeholder: '<count>',
    default: 1,
  }),
  log: option(oneOf(['json', 'none']), {
    description: 'a line of JSON on standard error for each request, or nothing',
    placeholder: '<form>',
    default: 'json',
  }),
  ...queueSettings,
  ...limitSettings,
};
