import { dequal } from 'dequal';

/** The part of node:assert/strict that the tests use, for browsers. */

type Expected = RegExp | ((error: Error) => boolean) | (new (...args: never[]) => Error);

export function fail(message = 'failed'): never {
  throw new Error(message);
}

export function ok(value: unknown, message?: string): asserts value {
  if (!value) fail(message ?? `${value} is not true`);
}

export function equal(got: unknown, expected: unknown, message = ''): void {
  if (!Object.is(got, expected)) fail(`${message}: ${String(got)} is not ${String(expected)}`);
}

export function notEqual(got: unknown, expected: unknown, message = ''): void {
  if (Object.is(got, expected)) fail(`${message}: both are ${String(got)}`);
}

export function deepEqual(got: unknown, expected: unknown, message = ''): void {
  if (!dequal(got, expected)) fail(`${message}: ${JSON.stringify(got)} is not ${JSON.stringify(expected)}`);
}

export function notDeepEqual(got: unknown, expected: unknown, message = ''): void {
  if (dequal(got, expected)) fail(`${message}: both are ${JSON.stringify(got)}`);
}

export function match(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) fail(`${text} does not match ${pattern}`);
}

export function throws(run: () => unknown, expected?: Expected): void {
  try {
    run();
  } catch (error) {
    assertExpected(error, expected);
    return;
  }
  fail('nothing was thrown');
}

export async function rejects(work: Promise<unknown> | (() => Promise<unknown>), expected?: Expected): Promise<void> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    assertExpected(error, expected);
    return;
  }
  fail('nothing was thrown');
}

function assertExpected(error: unknown, expected: Expected | undefined): void {
  if (!(error instanceof Error)) fail(`${error} is no error`);
  if (expected === undefined) return;
  const fits =
    expected instanceof RegExp
      ? expected.test(String(error))
      : expected.prototype instanceof Error || expected === (Error as Expected)
        ? error instanceof expected
        : (expected as (error: Error) => boolean)(error);
  if (!fits) throw error;
}

export default { deepEqual, equal, fail, match, notDeepEqual, notEqual, ok, rejects, throws };
