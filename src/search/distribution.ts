import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { parseWith } from '../settings/index.ts';

/** A value of a category. */
export type Category = string | number | boolean | null;

/** Numbers between two, all of them or those at steps from the lower one; with `log` each factor is as likely as any other. */
export interface NumberRange {
  readonly kind: 'float' | 'int';
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  /** Null: any number. Of whole numbers it is one or more. */
  readonly step: number | null;
}

/** One of several values, which have no order. */
export interface Categories {
  readonly kind: 'categorical';
  readonly choices: readonly Category[];
}

/** The values of a parameter that a search tries. */
export type Distribution = NumberRange | Categories;

/** The distributions of a search by the name of the parameter. */
export type SearchSpace = ReadonlyMap<string, Distribution>;

/** Parameters by name, in internal form: a number as it is, a category by its index. */
export type Point = ReadonlyMap<string, number>;

/** The value that an internal one stands for. */
export const externalOf = (distribution: Distribution, internal: number): Category =>
  distribution.kind === 'categorical' ? distribution.choices[internal] : internal;

/** All values of a distribution in internal form; null where there is no end of them. */
export function valuesOf(distribution: Distribution): number[] | null {
  if (distribution.kind === 'categorical') return distribution.choices.map((_, i) => i);
  const { low, high, step } = distribution;
  return step === null
    ? null
    : Array.from({ length: Math.floor((high - low) / step + 1e-9) + 1 }, (_, i) => low + i * step);
}

/** Rounds to the nearest whole number, halves to the even one, as NumPy does. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The nearest value at a step, within the ends. */
export function stepped({ low, high, step }: NumberRange, x: number): number {
  if (step === null) return Math.min(high, Math.max(low, x));
  return Math.min(high, Math.max(low, low + roundHalfEven((x - low) / step) * step));
}

const number = v.number('a number');
const stored = v.variant('name', [
  v.object({
    name: v.literal('FloatDistribution'),
    attributes: v.object({ low: number, high: number, log: v.boolean(), step: v.nullable(number) }),
  }),
  v.object({
    name: v.literal('IntDistribution'),
    attributes: v.object({ low: number, high: number, log: v.boolean(), step: number }),
  }),
  v.object({
    name: v.literal('CategoricalDistribution'),
    attributes: v.object({ choices: v.array(v.union([v.string(), number, v.boolean(), v.null()])) }),
  }),
]);

/** Returns a distribution as Optuna's files have it, a text of JSON. */
export function distributionText(distribution: Distribution): string {
  if (distribution.kind === 'categorical') {
    return JSON.stringify({ name: 'CategoricalDistribution', attributes: { choices: distribution.choices } });
  }
  const { kind, step, low, high, log } = distribution;
  const name = kind === 'int' ? 'IntDistribution' : 'FloatDistribution';
  return JSON.stringify({ name, attributes: { step, low, high, log } });
}

/** Reads a distribution of Optuna's files. @throws InputError for what is none */
export function distributionOf(text: string, what = 'distribution'): Distribution {
  const { name, attributes } = parseWith(stored, jsonOf(text, what), what);
  if (name === 'CategoricalDistribution') return { kind: 'categorical', choices: attributes.choices };
  return { kind: name === 'IntDistribution' ? 'int' : 'float', ...attributes };
}

function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(`${what} is not JSON: ${text}`);
  }
}
