import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';

const test = suite('messages of the rooms that programs use');

const source = fileURLToPath(new URL('../../src/', import.meta.url));
/** Those that talk to users of programs and of the command line alike. */
const rooms = [
  'io',
  'data',
  'metrics',
  'models',
  'adapters',
  'interchange',
  'pruning',
  'optim',
  'training',
  'finetune',
];

/** The flags in a line of code that are not followed by what they are called in a program, in brackets. */
const bareFlags = (line: string): string[] => {
  if (/^\s*(\/\/|\*|\/\*|description:)/.test(line)) return [];
  const told = line.replace(/sparse-adapter [a-z]+ --.*|convert --to \w+/, '');
  return [...told.matchAll(/(?<![\w-])--[a-z][a-z-]+(?![a-z-])(?!( \w+)? \()/g)].map(([flag]) => flag);
};

test('a flag is named together with the option of programs', () => {
  assert.deepEqual(bareFlags("fail('choose --output')"), ['--output']);
  assert.deepEqual(bareFlags("fail('replace it with --overwrite (overwrite: true)')"), []);
  const bare = rooms.flatMap((room) =>
    readdirSync(join(source, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('-source.ts'))
      .flatMap((name) =>
        readFileSync(join(source, room, name), 'utf8')
          .split('\n')
          .flatMap((line) => bareFlags(line).map((flag) => `${room}/${name}: ${flag}`)),
      ),
  );
  assert.deepEqual(bare, []);
});

test.run();
