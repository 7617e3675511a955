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

/** The names of the options of a function, all of them. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true };

/**
 * The same for the options of a function, which may be left out.
 *
 * @param known the names that there are; by default they are not checked
 * @throws TypeError naming the function, and the option that it does not have
 */
export function checkOptions<Options extends object>(
  call: string,
  options: Options | undefined,
  known?: OptionNames<Options>,
): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${call}: options must be an object, not ${shown(options)}.`);
  }
  const other = known && Object.entries(options).find(([name, value]) => !(name in known) && value !== undefined);
  if (other) {
    throw new TypeError(`${call}: unknown option ${shown(other[0])}; there are: ${Object.keys(known).join(', ')}.`);
  }
}
