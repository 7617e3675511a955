import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { MemoryError } from '../../src/backends/index.ts';
import { exitCodes, report } from '../../src/cli/errors.ts';
import { InputError } from '../../src/errors.ts';

const test = suite('commands: how errors are told');

/** The text on standard error for an error, and the exit code. */
function told(error: unknown): [string, number] {
  const write = process.stderr.write;
  let text = '';
  process.stderr.write = (part: string | Uint8Array) => {
    text += part;
    return true;
  };
  try {
    const code = report(error);
    return [text, code];
  } finally {
    process.stderr.write = write;
  }
}

test('bad input and too little memory are one line with a remedy, other errors show where they came from', () => {
  assert.deepEqual(told(new InputError('no such file')), ['error: no such file\n', exitCodes.input]);
  assert.deepEqual(told(new MemoryError('lower the batch size')), ['error: lower the batch size\n', exitCodes.input]);
  const [text, code] = told(new Error('broken'));
  assert.match(text, /^internal error.*\n.*broken\n +at /);
  assert.equal(code, exitCodes.internal);
});

test.run();
