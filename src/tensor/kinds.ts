import type { Shape } from '../backends/backend.ts';
import { Random } from '../random/random.ts';
import { formatShape } from './shape.ts';
import { type SparseMatrix, SparsePattern } from './sparse.ts';
import { Tensor } from './tensor.ts';

/** Int32Array by a name of its own: TypeScript writes that of the library with a parameter, which versions before 5.7 lack. */
export interface Integers extends Int32Array {}

/** A kind of argument. The type and the check of a value of it are said once, here. */
export interface Kind<T> {
  /** The accepted values in words, for an error. */
  readonly expected: string;
  /** Whether `value` is one; called for every argument of every operation. */
  readonly is: (value: unknown) => boolean;
  /** Returns the error for a wrong value; by default, that it is not what is expected. */
  readonly problem?: (name: string, value: unknown) => string;
  /** It may be left out. */
  readonly optional?: boolean;
  /** `is` for a value that has not been left out, of an optional kind. */
  readonly isGiven?: (value: unknown) => boolean;
  /**
   * In place of `is` before a call, where it costs less: it may accept more, if the function itself throws for all that `is`
   * refuses, whatever error it is.
   */
  readonly isRoughly?: (value: unknown) => boolean;
  /** Never there: it carries the type. */
  readonly type?: T;
}
export interface OptionalKind<T> extends Kind<T> {
  readonly optional: true;
}
/** A tensor or what can stand for one: a function that takes it first is a method of tensors too. */
export interface SelfKind<T> extends Kind<T> {
  readonly isSelf: true;
}
export type TypeOf<K> = K extends Kind<infer T> ? T : never;

const LONGEST = 40;

/** A value in a few words. */
export function show(value: unknown): string {
  const cut = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text);
  if (value instanceof Tensor) return `a tensor ${formatShape(value.shape)}`;
  if (typeof value === 'string') return cut(JSON.stringify(value));
  if (typeof value === 'bigint') return cut(`${value}n`);
  if (typeof value === 'function') return 'a function';
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value))
    return `the array [${cut(value.map((item) => (Array.isArray(item) ? '[...]' : show(item))).join(', '))}]`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** Returns the error of `value`, in one sentence without its end. */
export function problemOf(kind: Kind<unknown>, name: string, value: unknown): string {
  return kind.problem?.(name, value) ?? `${name} must be ${kind.expected}, not ${show(value)}`;
}

/** As `kind`, or left out. */
export const optional = <T>(kind: Kind<T>): OptionalKind<T> => ({
  ...kind,
  is: (value) => value === undefined || kind.is(value),
  isGiven: kind.is,
  optional: true,
});

/** As `kind`, or null, or left out. */
export const orNull = <T>(kind: Kind<T>): OptionalKind<T | null> =>
  optional<T | null>({ ...kind, is: (value) => value === null || kind.is(value) });

/** The check of a kind for values that are not undefined, and whether a value may be that. */
export const checkOf = (kind: Kind<unknown>): [is: (value: unknown) => boolean, mayLack: boolean] => [
  kind.isRoughly ?? kind.isGiven ?? kind.is,
  kind.optional ?? false,
];

const isLive = (value: unknown): boolean => value instanceof Tensor && !value.isDisposed;
const isNumber = (value: unknown): boolean => typeof value === 'number';

/** The sentence about a freed tensor, without its end. */
function freed(x: Tensor): string {
  try {
    x.assertAlive();
    return 'alive';
  } catch (error) {
    return (error as Error).message.replace(/\.$/, '');
  }
}

function problemOfTensor(expected: string) {
  return (name: string, value: unknown): string => {
    if (value instanceof Tensor) return `${name}: ${freed(value)}`;
    const foreign = typeof value === 'object' && value?.constructor?.name === 'Tensor';
    return `${name} must be ${expected}, not ${foreign ? 'a tensor of another copy of sparse-adapter' : show(value)}`;
  };
}

export const tensor: SelfKind<Tensor> = {
  expected: 'a tensor',
  isSelf: true,
  is: isLive,
  problem: problemOfTensor('a tensor'),
};

const OPERAND = 'a tensor or a number';
/** A tensor, or a number that stands for a constant of any shape. */
export const operand: SelfKind<Tensor | number> = {
  expected: OPERAND,
  isSelf: true,
  is: (value) => isLive(value) || isNumber(value),
  problem: problemOfTensor(OPERAND),
};

export const pattern: Kind<SparsePattern> = {
  expected: 'a SparsePattern',
  is: (value) => value instanceof SparsePattern && !value.places.isDisposed,
  problem: (name, value) =>
    `${name}${value instanceof SparsePattern ? `: ${freed(value.places)}` : ` must be a SparsePattern, not ${show(value)}`}`,
};

const isSparseMatrix = (value: unknown): boolean =>
  isObject(value) && pattern.is(Reflect.get(value, 'pattern')) && isLive(Reflect.get(value, 'values'));

const SPARSE = 'a sparse matrix { pattern, values }';
/** A matrix without its zeros. */
export const sparseMatrix: Kind<SparseMatrix> = {
  expected: SPARSE,
  is: (value) => isSparseMatrix(value) && keptFit(value as SparseMatrix),
  problem: (name, value) => problemOfMatrix(name, value, SPARSE),
};

/** A matrix with all its numbers, or without its zeros. */
export const matrix: Kind<Tensor | SparseMatrix> = {
  expected: `a tensor or ${SPARSE}`,
  is: (value) => isLive(value) || sparseMatrix.is(value),
  problem: (name, value) => problemOfMatrix(name, value, `a tensor or ${SPARSE}`),
};

const keptFit = ({ pattern: { kept }, values }: SparseMatrix): boolean => values.rank === 1 && values.shape[0] === kept;

function problemOfMatrix(name: string, value: unknown, expected: string): string {
  if (isSparseMatrix(value)) {
    const { pattern: own, values } = value as SparseMatrix;
    return `${name}: values ${formatShape(values.shape)} are not the ${own.kept} that the pattern keeps`;
  }
  const own: unknown = isObject(value) ? Reflect.get(value, 'pattern') : null;
  if (!(own instanceof SparsePattern)) return problemOfTensor(expected)(name, value);
  return pattern.is(own)
    ? problemOf(tensor, `${name}.values`, Reflect.get(value as object, 'values'))
    : problemOf(pattern, `${name}.pattern`, own);
}

export const tensors: Kind<readonly Tensor[]> = {
  expected: 'an array of tensors',
  is: (value) => Array.isArray(value) && value.every(isLive),
  problem: (name, value) => {
    if (!Array.isArray(value)) return `${name} must be an array of tensors, not ${show(value)}`;
    const at = value.findIndex((item) => !isLive(item));
    return problemOf(tensor, `${name}[${at}]`, value[at]);
  },
};

/** An input that gradients are taken by: a tensor, or what has one as its `value`, as parameters have. */
export type Differentiable = Tensor | { readonly value: Tensor };
const isDifferentiable = (value: unknown): boolean =>
  isLive(value) || (isObject(value) && isLive(Reflect.get(value, 'value')));

const differentiable: Kind<Differentiable> = {
  expected: 'a tensor or a parameter',
  is: isDifferentiable,
  problem: (name, value) => {
    const held: unknown = isObject(value) ? Reflect.get(value, 'value') : value;
    return problemOfTensor('a tensor or a parameter')(name, held instanceof Tensor ? held : value);
  },
};

/** One of them, or a list. */
export const inputs: Kind<Differentiable | readonly Differentiable[]> = {
  expected: 'a tensor, a parameter or an array of them',
  is: (value) => (Array.isArray(value) ? value.every(isDifferentiable) : isDifferentiable(value)),
  problem: (name, value) => {
    if (!Array.isArray(value)) return problemOf(differentiable, name, value);
    const at = value.findIndex((item) => !isDifferentiable(item));
    return problemOf(differentiable, `${name}[${at}]`, value[at]);
  },
};

/** One tensor, or a list. */
export const oneOrMore: Kind<Tensor | readonly Tensor[]> = {
  expected: 'a tensor or an array of tensors',
  is: (value) => isLive(value) || tensors.is(value),
  problem: (name, value) => problemOf(Array.isArray(value) ? tensors : tensor, name, value),
};

export const number: Kind<number> = { expected: 'a number', is: isNumber };
export const finite: Kind<number> = { expected: 'a finite number', is: Number.isFinite };
export const notNegative: Kind<number> = {
  expected: 'a number that is not negative',
  is: (value) => isNumber(value) && (value as number) >= 0,
};
export const probability: Kind<number> = {
  expected: 'a probability in [0, 1)',
  is: (value) => isNumber(value) && (value as number) >= 0 && (value as number) < 1,
  problem: (name, value) =>
    isNumber(value)
      ? `${name}: the probability ${value} is outside [0, 1)`
      : `${name} must be a number, not ${show(value)}`,
};
export const fraction: Kind<number> = {
  expected: 'a number from 0 to 1',
  is: (value) => isNumber(value) && (value as number) >= 0 && (value as number) <= 1,
};
/** An array of numbers that are not negative. */
export const weights: Kind<readonly number[]> = {
  expected: 'an array of finite numbers that are not negative',
  is: (value) => Array.isArray(value) && value.every((weight) => Number.isFinite(weight) && weight >= 0),
};
export const boolean: Kind<boolean> = { expected: 'true or false', is: (value) => typeof value === 'boolean' };

/** Most whole numbers have 32 bits, which is known at once. */
const isWhole = (value: unknown, from: number): boolean =>
  typeof value === 'number' && ((value | 0) === value || Number.isSafeInteger(value)) && value >= from;

/** A whole number that is not smaller than `from`. */
export const integer = (from = Number.NEGATIVE_INFINITY): Kind<number> => ({
  expected: Number.isFinite(from) ? `a whole number from ${from}` : 'a whole number',
  is: (value) => isWhole(value, from),
});

/** The same for all items of an array: lists of lengths are checked so often that those of 32 bits cost no call. */
function areWhole(value: unknown, from: number): boolean {
  if (!Array.isArray(value)) return false;
  for (let i = 0; i < value.length; i++) {
    const n = value[i];
    if (typeof n !== 'number' || (((n | 0) !== n || n < from) && !isWhole(n, from))) return false;
  }
  return true;
}

/** An array of them. */
export const integers = (from = Number.NEGATIVE_INFINITY): Kind<readonly number[]> => {
  return {
    expected: `an array of whole numbers${Number.isFinite(from) ? ` from ${from}` : ''}`,
    is: (value) => areWhole(value, from),
  };
};

const someIntegers = integers();
/** One axis, or several. Which there are, the operation checks. */
export const axes: Kind<number | readonly number[]> = {
  expected: 'a whole number or an array of them',
  is: (value) => (typeof value === 'number' ? Number.isSafeInteger(value) : someIntegers.is(value)),
};

/** The lengths of the axes. */
export const shape: Kind<Shape> = integers(0);
/** Lengths of which one may be -1, to be worked out. The function that reads them checks that they are whole. */
export const readLengths: Kind<Shape> = { ...integers(-1), isRoughly: Array.isArray };
/** Lengths, or that of the only axis. */
export const lengths: Kind<Shape | number> = {
  expected: 'an array of whole numbers from 0, or one such number',
  is: (value) => shape.is(value) || (Number.isSafeInteger(value) && (value as number) >= 0),
};

export const isNumericArray = (value: unknown): boolean =>
  ArrayBuffer.isView(value) &&
  !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array);

/** Numbers of rows or classes. Which there are, and that they are whole, the operation checks. */
export const ids: Kind<Integers | readonly number[]> = {
  expected: 'an Int32Array or an array of whole numbers',
  is: (value) => Array.isArray(value) || isNumericArray(value),
};

/** Whole numbers in an array of 32 bits each. */
export const offsets: Kind<Integers> = { expected: 'an Int32Array', is: (value) => value instanceof Int32Array };

/** The values that `tensor` takes: nested arrays of numbers, which it checks, or a flat list. */
export type NestedArray = number | ArrayLike<number> | readonly NestedArray[];
export const values: Kind<NestedArray> = {
  expected: 'a number, nested arrays of numbers, or a typed array',
  is: (value) =>
    isNumber(value) ||
    Array.isArray(value) ||
    isNumericArray(value) ||
    (isObject(value) && !ArrayBuffer.isView(value) && isNumber(Reflect.get(value, 'length'))),
};

export const random: Kind<Random> = {
  expected: 'a generator (new Random(seed))',
  is: (value) => value instanceof Random,
};

export const callback: Kind<(...inputs: Tensor[]) => Tensor> = {
  expected: 'a function',
  is: (value) => typeof value === 'function',
};

export function oneOf<const Name extends string>(...names: readonly Name[]): Kind<Name> {
  return {
    expected: `one of ${names.map((name) => `'${name}'`).join(', ')}`,
    is: (value) => (names as readonly unknown[]).includes(value),
  };
}

type Fields = { readonly [name: string]: Kind<unknown> };
type RequiredNames<F extends Fields> = { [K in keyof F]: F[K] extends OptionalKind<unknown> ? never : K }[keyof F];
type ObjectOf<F extends Fields> = { readonly [K in RequiredNames<F>]: TypeOf<F[K]> } & {
  readonly [K in Exclude<keyof F, RequiredNames<F>>]?: TypeOf<F[K]>;
};

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Tensor);
}

/** Names of options that are compared one by one, without a list of them. */
const FEW = 3;

/** The check of an object of up to so many options, which may all be left out: operations are called with such most often. */
function fewOptions([first, second, third]: readonly string[], checks: readonly ((value: unknown) => boolean)[]) {
  const [isFirst, isSecond, isThird] = checks;
  return (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null) return false;
    let isEmpty = true;
    for (const name in value) {
      isEmpty = false;
      const own = (value as Record<string, unknown>)[name];
      if (name === first) {
        if (own !== undefined && !isFirst(own)) return false;
      } else if (name === second) {
        if (own !== undefined && !isSecond(own)) return false;
      } else if (name === third) {
        if (own !== undefined && !isThird(own)) return false;
      } else return false;
    }
    // The names of an array that is not empty are none of these.
    return !(isEmpty && Array.isArray(value));
  };
}

/** An object with these fields and no others. */
export function record<F extends Fields>(fields: F): Kind<ObjectOf<F>> {
  const known = Object.keys(fields);
  const checks = known.map((name) => checkOf(fields[name])[0]);
  const mayLack = known.map((name) => checkOf(fields[name])[1]);
  const required = known.filter((_, i) => !mayLack[i]);
  const names = known.join(', ');
  const fits = (value: Record<string, unknown>): boolean => {
    let found = 0;
    for (const name in value) {
      let at = 0;
      while (at < known.length && known[at] !== name) at++;
      if (at === known.length) return false;
      const own = value[name];
      if (own === undefined ? !mayLack[at] : !checks[at](own)) return false;
      if (!mayLack[at]) found++;
    }
    return found === required.length;
  };
  const isOptions = known.length <= FEW && required.length === 0;
  return {
    expected: `an object with ${names}`,
    is: isOptions
      ? fewOptions(known, checks)
      : (value) =>
          // A tensor has fields, all of other names.
          typeof value === 'object' &&
          value !== null &&
          !Array.isArray(value) &&
          fits(value as Record<string, unknown>),
    problem: (own, value) => {
      if (!isObject(value)) return `${own} must be an object with ${names}, not ${show(value)}`;
      const given = value as Record<string, unknown>;
      for (const name in given) {
        const kind = known.includes(name) && fields[name];
        if (!kind) return `unknown option ${show(name)}; there are: ${names}`;
        if (!kind.is(given[name])) return problemOf(kind, name, given[name]);
      }
      const missing = required.find((name) => !(name in given));
      return `${missing} is missing: ${own} must be an object with ${names}`;
    },
  };
}

/** The lengths of the axes, or in their place the options that come after them. */
export const shapeOr = <T>(options: Kind<T>): OptionalKind<Shape | T> =>
  optional<Shape | T>({
    expected: `${shape.expected}, or ${options.expected}`,
    is: (value) => (Array.isArray(value) ? shape : options).is(value),
    problem: (name, value) => {
      if (Array.isArray(value)) return problemOf(shape, name, value);
      if (isObject(value)) return problemOf(options, 'options', value);
      return `${name} must be ${shape.expected}, or ${options.expected}, not ${show(value)}`;
    },
  });

type Optionals<F extends Fields> = { [K in keyof F]: OptionalKind<TypeOf<F[K]>> };

/** The same where every field, and the object, may be left out. */
export function options<F extends Fields>(fields: F): OptionalKind<{ readonly [K in keyof F]?: TypeOf<F[K]> }> {
  const all = Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, optional(kind)])) as Optionals<F>;
  return optional(record(all)) as OptionalKind<{ readonly [K in keyof F]?: TypeOf<F[K]> }>;
}
