import * as v from 'valibot';
import { type AdapterSettings, adapterFamilies } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { camelCase, expectationOf, factsOf, formOf, kebabCase, type Option, parseWith } from '../settings/index.ts';
import { type GivenSettings, settingTable } from '../training/index.ts';
import {
  type Category,
  type Distribution,
  externalOf,
  type Point,
  type SearchSpace,
  valuesOf,
} from './distribution.ts';

/** What a search tries of a setting, as a JSON file has it: values, or a range. */
export type SpaceSpec =
  | readonly Category[]
  | { readonly low: number; readonly high: number; readonly log?: boolean; readonly step?: number };

const spec = v.union(
  [
    v.pipe(v.array(v.union([v.string(), v.number(), v.boolean()])), v.minLength(1)),
    v.strictObject({
      low: v.number(),
      high: v.number(),
      log: v.optional(v.boolean()),
      step: v.optional(v.number()),
    }),
  ],
  'a list of values, or a range { low, high, log, step }',
);

/** The setting that a parameter is: of a run, or of its adapter. */
interface Searched {
  /** `learningRate`, `adapter.bottleneck`: what Optuna shows. */
  readonly path: string;
  readonly option: Option<unknown>;
}

/** The option of a setting, of a run or of an adapter. @throws InputError for one that there is not, or that cannot be searched */
function searched(name: string): Searched {
  const key = camelCase(name.replace(/^adapter\./, ''));
  const table = settingTable() as Readonly<Record<string, Option<unknown>>>;
  if (Object.hasOwn(table, key) && !name.startsWith('adapter.')) {
    const option = table[key];
    if (factsOf(option).isStored === false) throw new InputError(`${name} does not change what is learnt.`);
    return { path: key, option };
  }
  const family = adapterFamilies().find(({ options }) => Object.hasOwn(options, key));
  if (!family) throw new InputError(`'${name}' is no setting that can be searched; train --help lists the settings.`);
  return { path: `adapter.${key}`, option: family.options[key] as Option<unknown> };
}

const isAccepted = (option: Option<unknown>, value: unknown): boolean => v.safeParse(option, value).success;

const refused = (name: string, option: Option<unknown>, value: unknown): InputError =>
  new InputError(`${name} does not accept ${value}. It must be ${expectationOf(option)}.`);

/** A number between two that is no whole one; null where there is none. */
const between = (low: number, high: number): number | null => (high > low ? low + (high - low) / Math.PI : null);

function rangeOf(
  name: string,
  option: Option<unknown>,
  { low, high, log = false, step }: Exclude<SpaceSpec, readonly Category[]>,
): Distribution {
  const fail = (what: string) => new InputError(`The range of ${name}, from ${low} to ${high}, ${what}.`);
  if (!Number.isFinite(low) || !Number.isFinite(high) || low >= high) throw fail('must rise');
  if (log && low <= 0) throw fail('is logarithmic and must be above 0');
  if (log && step !== undefined) throw fail('is logarithmic and has no step');
  for (const end of [low, high]) {
    if (!isAccepted(option, end)) throw refused(name, option, end);
  }
  const middle = between(low, high);
  const isWhole = middle !== null && !isAccepted(option, middle);
  if (step !== undefined && !(step > 0 && step <= high - low)) throw fail('has a step that is not in it');
  if (isWhole && step !== undefined && !Number.isInteger(step))
    throw fail('is one of whole numbers, and so is its step');
  // Optuna wants the last value at a step.
  const last = step === undefined ? high : low + Math.floor((high - low) / step + 1e-9) * step;
  return { kind: isWhole ? 'int' : 'float', low, high: last, log, step: isWhole ? (step ?? 1) : (step ?? null) };
}

/** A range is one of numbers: the texts of other settings may have colons in them. */
const NUMBER = String.raw`\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*`;
const RANGE = new RegExp(`^(?:(log):)?${NUMBER}:${NUMBER}(?::${NUMBER})?$`, 'i');

/** Reads what a text stands for: `0.2,0.4`, `8:64:8`, `log:1e-5:1e-2`. */
function specOf(text: string): SpaceSpec {
  const [, log, ...numbers] = RANGE.exec(text) ?? [];
  if (numbers.length === 0) return text.split(',').map((part) => part.trim());
  const [low, high, step] = numbers.map((part) => (part === undefined ? undefined : Number(part)));
  return { low: low as number, high: high as number, log: log !== undefined, ...(step !== undefined && { step }) };
}

function distributionFor(name: string, { path, option }: Searched, given: SpaceSpec): Distribution {
  if (!('low' in given)) {
    const form = formOf(path, option);
    const choices = given.map((value): Category => {
      if (typeof value !== 'string') {
        if (!isAccepted(option, value)) throw refused(name, option, value);
        return value;
      }
      const parsed = parsedText(name, form, value);
      // A kind of adapter, or a list, is what its text says.
      return ['string', 'number', 'boolean'].includes(typeof parsed) ? (parsed as Category) : value;
    });
    if (new Set(choices).size < choices.length) throw new InputError(`${name} has a value twice.`);
    return { kind: 'categorical', choices };
  }
  return rangeOf(name, option, given);
}

function parsedText(name: string, form: ReturnType<typeof formOf>, text: string): unknown {
  try {
    return form.parse(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const range = text.includes(':') ? ' A range is low:high, low:high:step or log:low:high, of numbers.' : '';
    throw new InputError(`${name} does not accept '${text}'. ${error.message}${range}`);
  }
}

/**
 * Returns the space of a search.
 *
 * @param given by setting, in any case (`learning-rate`, `learningRate`, `bottleneck`): values or ranges, also as texts, `0.2,0.4`,
 *   `8:64:8` or `log:1e-5:1e-2`
 * @throws InputError for a setting that there is not, a value that it does not accept, and a range that is none
 */
export function searchSpace(given: Readonly<Record<string, string | SpaceSpec>>): SearchSpace {
  const space = new Map<string, Distribution>();
  for (const [name, value] of Object.entries(given)) {
    const setting = searched(name);
    if (space.has(setting.path)) throw new InputError(`${kebabCase(name)} is searched twice.`);
    const read = typeof value === 'string' ? specOf(value) : parseWith(spec, value, name);
    space.set(setting.path, distributionFor(name, setting, read));
  }
  if (space.size === 0)
    throw new InputError('A search needs a setting with values to try: --search (space) learning-rate=log:1e-4:1e-2.');
  return space;
}

/** The adapter of settings as an object: a name is its kind. */
function adapterIn({ adapter }: GivenSettings): AdapterSettings {
  if (typeof adapter === 'object') return adapter;
  return { kind: adapter ?? (factsOf(settingTable().adapter).default as AdapterSettings).kind };
}

/** Returns the settings of a trial: those that all share, with its own in them. */
export function settingsAt(shared: GivenSettings, space: SearchSpace, point: Point): GivenSettings {
  const settings: Record<string, unknown> = { ...shared };
  const options: Record<string, unknown> = {};
  for (const [path, distribution] of space) {
    const value = externalOf(distribution, point.get(path) as number);
    const { option } = searched(path);
    if (path.startsWith('adapter.')) options[path.slice('adapter.'.length)] = value;
    else
      settings[path] =
        typeof value === 'string' && !isAccepted(option, value) ? formOf(path, option).parse(value) : value;
  }
  if (Object.keys(options).length === 0) return settings as GivenSettings;
  return { ...settings, adapter: { ...adapterIn(settings as GivenSettings), ...options } } as GivenSettings;
}

/** All points of a space of values; null if one of its ranges has no steps. */
export function gridOf(space: SearchSpace): Point[] | null {
  let points: Point[] = [new Map()];
  for (const [name, distribution] of space) {
    const values = valuesOf(distribution);
    if (values === null) return null;
    points = points.flatMap((point) => values.map((value) => new Map([...point, [name, value]])));
  }
  return points;
}
