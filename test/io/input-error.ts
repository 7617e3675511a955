import assert from 'node:assert/strict';
import { InputError } from '../../src/errors.ts';

/** Asserts that `action` throws an InputError of one line whose message matches all patterns. */
export function assertInputError(action: () => unknown, ...patterns: RegExp[]): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof InputError, String(error));
    for (const pattern of patterns) assert.match(error.message, pattern);
    assert.ok(!error.message.includes('\n'), 'the message has one line');
    return true;
  });
}

/** The same for an asynchronous action. */
export async function assertInputErrorAsync(action: () => Promise<unknown>, ...patterns: RegExp[]): Promise<void> {
  const outcome = await action().then(
    () => () => undefined,
    (error: unknown) => () => {
      throw error;
    },
  );
  assertInputError(outcome, ...patterns);
}
