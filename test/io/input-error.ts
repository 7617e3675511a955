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
