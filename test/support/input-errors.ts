import assert from 'node:assert/strict';
import { InputError } from '../../src/io/index.ts';

/** Asserts that `action` fails with an InputError of one line that matches all patterns. */
export async function assertRejectsInput(action: () => Promise<unknown>, ...patterns: RegExp[]): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof InputError, String(error));
    for (const pattern of patterns) assert.match(error.message, pattern);
    assert.ok(!error.message.includes('\n'), 'the message has one line');
    return true;
  });
}
