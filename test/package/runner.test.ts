import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { root } from '../support/modules.ts';

const test = suite('the command that runs the tests');

/** Its result for one file. */
async function outcomeOf(content: string): Promise<{ code: number | string; output: string }> {
  const folder = temporaryFolder();
  cpSync(join(root, 'test', 'run.ts'), join(folder, 'run.ts'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'a.test.ts'), `import { suite } from 'uvu';\nconst test = suite('it');\n${content}`);
  return new Promise((resolve) => {
    execFile(process.execPath, [join(folder, 'run.ts'), 'test\\.ts$'], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, output: stdout + stderr });
    });
  });
}

test('a suite that passes', async () => {
  const { code, output } = await outcomeOf("test('a', () => {});\ntest.run();");
  assert.equal(code, 0);
  assert.match(output, /Total: +1[\s\S]*Passed: +1/);
});

const failing: [string, string, RegExp][] = [
  ['a test that fails', "test('a', () => { throw new Error('no'); });\ntest.run();", /no/],
  [
    'a hook that throws',
    "test.before(() => { throw new Error('no'); });\ntest('a', () => {});\ntest.run();",
    /stopped after 0 of 1 tests/,
  ],
  [
    'a failure that cannot be shown',
    "test('a', () => { throw 'no error'; });\ntest('b', () => {});\ntest.run();",
    /stopped after 0 of 2 tests/,
  ],
  ['a suite that is not run', "test('a', () => {});", /no suite of this file is run/],
];
for (const [name, content, message] of failing) {
  test(`${name} is a failure`, async () => {
    const { code, output } = await outcomeOf(content);
    assert.equal(code, 1, output);
    assert.match(output, message);
  });
}

test.run();
