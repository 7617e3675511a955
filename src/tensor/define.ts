import { callback, checkOf, type Kind, problemOf, show } from './kinds.ts';
import { ArgumentError } from './shape.ts';
import { type ArgumentsOf, type Signature, type SignedName, signatures } from './signatures.ts';

type AnyFunction = (...values: never[]) => unknown;

/** Nothing where a function takes what its signature says, to the type; else a type that no function has. */
type Agreement<Name extends SignedName, F> = F extends AnyFunction
  ? ArgumentsOf<Name> extends Parameters<F>
    ? Parameters<F> extends ArgumentsOf<Name>
      ? unknown
      : { readonly takesMoreThanItsSignature: ArgumentsOf<Name> }
    : { readonly takesLessThanItsSignature: ArgumentsOf<Name> }
  : never;

/** For an argument that there is not. */
const beyond: ReturnType<typeof checkOf> = [() => true, true];

/**
 * The function under its name in the table of signatures: every call is checked by it first. Of arguments beyond the table the first
 * may be a number, so that a function can be given to `Array.map` or `reduce`; options of another library are refused.
 *
 * The function that is returned throws a TypeError that names it and the argument. Where the arguments do not fit each other, which
 * it finds out itself by an {@link ArgumentError}, the error names the function that was called from outside.
 */
export function define<Name extends SignedName, F>(name: Name, f: F & Agreement<Name, F>): F {
  const signature: Signature = signatures[name];
  // What is left out costs no call.
  const [[first], [second, lackSecond] = beyond, [third, lackThird] = beyond, [fourth, lackFourth] = beyond] =
    signature.map(([, kind]) => checkOf(kind));
  const call = f as (...values: unknown[]) => unknown;
  const refuse = (...values: unknown[]) => {
    throw new TypeError(`${name}: ${problemIn(signature, values)}.`);
  };
  const refuseSurplus = (value: unknown) => {
    if (typeof value === 'number') return;
    const names = signature.map(([argument]) => argument).join(', ');
    throw new TypeError(`${name}: it takes no more than ${names}; after them stands ${show(value)}.`);
  };
  // Inside a function of the caller it is that one's operations that are called from outside.
  const isOutermost = !signature.some(([, kind]) => kind === callback);
  const named = (error: unknown, values: readonly unknown[]) => {
    if (signature.some(([, { isRoughly, is }], i) => isRoughly && !is(values[i])))
      return new TypeError(`${name}: ${problemIn(signature, values)}.`);
    return isOutermost && error instanceof ArgumentError ? error.in(name) : error;
  };
  // One closure for each length: arguments gathered in an array would cost more than the checks.
  const checked: { [length: number]: (...values: unknown[]) => unknown } = {
    1: (a, surplus) => {
      if (surplus !== undefined) refuseSurplus(surplus);
      if (!first(a)) refuse(a);
      try {
        return call(a);
      } catch (error) {
        throw named(error, [a]);
      }
    },
    2: (a, b, surplus) => {
      if (surplus !== undefined) refuseSurplus(surplus);
      if (!(first(a) && (b === undefined ? lackSecond : second(b)))) refuse(a, b);
      try {
        return call(a, b);
      } catch (error) {
        throw named(error, [a, b]);
      }
    },
    3: (a, b, c, surplus) => {
      if (surplus !== undefined) refuseSurplus(surplus);
      if (!(first(a) && (b === undefined ? lackSecond : second(b)) && (c === undefined ? lackThird : third(c))))
        refuse(a, b, c);
      try {
        return call(a, b, c);
      } catch (error) {
        throw named(error, [a, b, c]);
      }
    },
    4: (a, b, c, d, surplus) => {
      if (surplus !== undefined) refuseSurplus(surplus);
      if (!(first(a) && second(b) && third(c) && (d === undefined ? lackFourth : fourth(d)))) refuse(a, b, c, d);
      try {
        return call(a, b, c, d);
      } catch (error) {
        throw named(error, [a, b, c, d]);
      }
    },
  };
  const result = checked[signature.length];
  Object.defineProperty(result, 'name', { value: name });
  return result as F;
}

function problemIn(signature: Signature, values: readonly unknown[]): string {
  const at = signature.findIndex(([, kind], i) => !kind.is(values[i]));
  const [name, kind]: readonly [string, Kind<unknown>] = signature[at];
  return problemOf(kind, name, values[at]);
}
