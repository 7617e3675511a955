import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A command of a Dockerfile. */
interface Instruction {
  readonly name: string;
  readonly words: readonly string[];
  readonly text: string;
}

interface Stage {
  /** Where it is, and the name of the stage. */
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

const KNOWN = ['WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'HEALTHCHECK', 'CMD'];

function stagesOf(dockerfile: string): Stage[] {
  const stages: { name: string | undefined; instructions: Instruction[] }[] = [];
  for (const line of dockerfile.split('\n').filter((line) => line.trim() !== '')) {
    const [name, ...words] = line.split(/\s+/);
    const text = line.slice(name.length).trim();
    if (name === 'FROM') {
      assert.match(text, /^node:\d+-slim( AS \w+)?$/);
      stages.push({ name: words[2], instructions: [] });
    } else {
      assert.ok(KNOWN.includes(name), `${name} is no instruction that is checked`);
      stages.at(-1)?.instructions.push({ name, words, text });
    }
  }
  return stages;
}

/** The program of an instruction in the form of a list. */
const listed = (text: string): string[] => JSON.parse(text.replace(/^CMD /, ''));

/**
 * Checks what can be checked without containers: what is copied is there, commands are scripts of the package.json beside it, and the last
 * stage runs a file of the stage before it as another user than root. The commands themselves are run by the blocks of the chapter.
 */
export function checkDockerfile(dockerfile: string, folder: string): void {
  const stages = stagesOf(dockerfile);
  assert.ok(stages.length > 1, 'it has one stage');
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const { name, words } of stages.flatMap(({ instructions }) => instructions)) {
    if (name === 'RUN' && words.join(' ') !== 'npm ci') {
      const [npm, run, script] = words;
      assert.deepEqual([npm, run], ['npm', 'run']);
      assert.ok(Object.hasOwn(scripts, script), `package.json has no script ${script}`);
    }
    if (name !== 'COPY') continue;
    const [first, ...others] = words;
    if (first.startsWith('--from=')) {
      const [from, , place] = [first.slice('--from='.length), words[0], others[0]];
      assert.ok(
        stages.some((stage) => stage.name === from),
        `there is no stage ${from}`,
      );
      assert.ok(existsSync(join(folder, place.replace(/^\/app\//, ''))), `${place} is not made`);
    } else {
      for (const source of words.slice(0, -1)) {
        const pattern = new RegExp(
          `^${source
            .split('*')
            .map((part) => part.replaceAll('.', '\\.'))
            .join('.*')}$`,
        );
        const isThere = existsSync(join(folder, source)) || readdirSync(folder).some((name) => pattern.test(name));
        assert.ok(isThere, `${source} is not there`);
      }
    }
  }
  const last = stages[stages.length - 1].instructions;
  const one = (name: string) => {
    const [found, ...more] = last.filter((instruction) => instruction.name === name);
    assert.ok(found && more.length === 0, `the last stage has not one ${name}`);
    return found.text;
  };
  assert.notEqual(one('USER'), 'root');
  const [program, file] = listed(one('CMD'));
  assert.equal(program, 'node');
  assert.ok(existsSync(join(folder, 'out', file)), `${file} is not in the bundle`);
  assert.equal(listed(one('HEALTHCHECK'))[0], 'node');
}
