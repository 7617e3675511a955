import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './project.ts';

const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

/** The help text of a command of the built program, or of the program itself. */
function helpOf(...command: string[]): string {
  const main = join(repository, 'dist', 'cli', 'main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...command, '--help'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Long and short options that a text mentions, sorted. */
export function optionsIn(text: string): string[] {
  return [...new Set(text.match(/(?<![\w>-])(--[a-z][\w-]*|-[a-z](?![\w-]))/g))].sort();
}

/** The options of the program and of all its commands, sorted. */
export function allOptions(): string[] {
  const main = helpOf();
  const names = [...main.matchAll(/^ {2}([a-z]+) .*\[options\]/gm)].map(([, name]) => name);
  return optionsIn([main, ...names.map((name) => helpOf(name))].join('\n'));
}

function checkSparseAdapter([command, ...words]: string[]): void {
  const program = helpOf();
  if (command.startsWith('-')) {
    assert.ok(optionsIn(program).includes(command), `sparse-adapter has no option ${command}`);
    return;
  }
  assert.match(program, new RegExp(`^ {2}${command}\\b`, 'm'), `sparse-adapter has no command ${command}`);
  const known = optionsIn(helpOf(command));
  for (const option of words.flatMap(optionsIn)) {
    assert.ok(known.includes(option), `sparse-adapter ${command} has no option ${option}`);
  }
}

function checkNpm([command, script]: string[]): void {
  if (['ci', 'install', 'start', 'test'].includes(command)) return;
  assert.equal(command, 'run', `npm ${command} is not a command for the documentation`);
  assert.ok(Object.hasOwn(scripts, script), `package.json has no script ${script}`);
}

/**
 * Checks a shell block: its commands are ours or run a program of the chapter (with `npm` also those of npm, and variables before them), and
 * their options exist.
 */
export function checkCommands(script: string, { npm }: { npm: boolean }): void {
  const commands = script.replaceAll('\\\n', ' ').split(/\n|&&|\|/);
  for (const command of commands) {
    const words = command.trim().split(/\s+/);
    if (npm && /^[A-Z_]+=/.test(words[0])) words.shift();
    const [program, ...rest] = words;
    if (program === 'sparse-adapter') checkSparseAdapter(rest);
    else if (program === 'npm' && npm) checkNpm(rest);
    else if (program === 'node' && !npm) assert.match(command.trim(), /^node \w+\.js$/);
    else assert.equal(program, 'echo', `'${command.trim()}' is not a command for the documentation`);
  }
}
