import { shown } from './shown.ts';

/** Checks an argument of a function that plain JavaScript may call with anything. @throws TypeError naming function and argument */
export function checkInstance(
  call: string,
  name: string,
  value: unknown,
  type: abstract new (...values: never[]) => unknown,
): void {
  if (value instanceof type) return;
  throw new TypeError(`${call}: ${name} must be a ${type.name}, not ${shown(value)}.`);
}

/** The same for the options of a function, which may be left out. @throws TypeError naming the function */
export function checkOptions(call: string, options: unknown): void {
  if (options === undefined || (typeof options === 'object' && options !== null && !Array.isArray(options))) return;
  throw new TypeError(`${call}: options must be an object, not ${shown(options)}.`);
}
