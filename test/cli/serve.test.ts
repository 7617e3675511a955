import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { main, sparseAdapter } from '../support/command.ts';
import { runOf } from '../support/serve-runs.ts';

const test = suite('serve: the command');

const run = await runOf('text-classification');
const TOKEN = 'a-token-for-tests';

/** Starts the command, and waits for its line of JSON. */
async function started(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [main, 'serve', ...args, '--port', '0', '--json'], {
    env: { ...process.env, ...env },
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = once(child, 'exit');
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    ended.then(() => assert.fail(`it ended: ${stderr}`)),
  ]);
  const { url, adapters } = JSON.parse(line) as { url: string; adapters: string[] };
  const ask = (inputs: readonly string[], token?: string) =>
    fetch(`${url}/v1/classify`, {
      method: 'POST',
      body: JSON.stringify({ adapter: adapters[0], inputs }),
      headers: { 'Content-Type': 'application/json', ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
    });
  return { child, ended, url, adapters, ask, log: () => stderr };
}

test('it answers, logs lines of JSON, and SIGTERM ends it with 0 once all are answered', async () => {
  const { child, ended, adapters, ask, log } = await started([`mail=${run}`, run, '--max-wait', '300']);
  assert.deepEqual(adapters, ['mail', 'text-classification']);
  assert.equal((await ask(['the film is good'])).status, 200);
  const running = [ask(['a film']), ask(['a book', 'a play'])];
  await new Promise((resolve) => setTimeout(resolve, 100));
  child.kill('SIGTERM');
  for (const answer of running) assert.equal((await answer).status, 200);
  assert.deepEqual(await ended, [0, null]);
  const events = log()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    events.filter(({ event }) => event !== 'request').map(({ event }) => event),
    ['listening', 'stopping', 'stopped'],
  );
  const requests = events.filter(({ event }) => event === 'request');
  assert.deepEqual(
    requests.map(({ status, adapter, inputs }) => [status, adapter, inputs]),
    [
      [200, 'mail', 1],
      [200, 'mail', 1],
      [200, 'mail', 2],
    ],
  );
});

test('a second signal ends it at once', async () => {
  const { child, ended, ask } = await started([run, '--max-wait', '60000']);
  ask(['a film']).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill('SIGINT');
  assert.deepEqual(await ended, [null, 'SIGINT']);
});

test('the token comes from the environment or a file', async () => {
  const file = join(temporaryFolder(), 'token');
  writeFileSync(file, `${TOKEN}\n`);
  for (const [args, env] of [
    [[], { SPARSE_ADAPTER_TOKEN: TOKEN }],
    [['--token-file', file], { SPARSE_ADAPTER_TOKEN: 'another-token' }],
  ] as const) {
    const { child, ended, ask, log } = await started([run, ...args], env);
    assert.deepEqual([(await ask(['a'])).status, (await ask(['a'], TOKEN)).status], [401, 200]);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    assert.ok(!log().includes(TOKEN));
  }
});

test('an address that others reach, without a token, is a warning', async () => {
  const { child, ended, url, log } = await started([run, '--host', '0.0.0.0', '--log', 'none']);
  child.kill('SIGTERM');
  await ended;
  assert.match(url, /^http:\/\/0\.0\.0\.0:/);
  assert.equal(log(), 'warning: whoever reaches 0.0.0.0 can ask; give a token (SPARSE_ADAPTER_TOKEN).\n');
});

test('what is wrong is told in a line', async () => {
  const fails = async (args: readonly string[], code: number, ...patterns: RegExp[]) => {
    const outcome = await sparseAdapter(['serve', '--port', '0', ...args]);
    assert.equal(outcome.code, code, outcome.stderr);
    for (const pattern of patterns) assert.match(outcome.stderr, pattern);
  };
  await fails([], 2, /name the folder of a run/);
  await fails([run, run], 2, /two adapters would be called 'text-classification'; .*name=folder/);
  await fails([run, '--port', 'x'], 2, /--port/);
  await fails([run, '--token', TOKEN, '--token-file', 'x'], 2, /cannot be used with/);
  await fails(['/no/such/run'], 1, /^error: .*\/no\/such\/run/);
  await fails([run, '--adapters', '/no/such/folder'], 1, /^error: There is no folder \/no\/such\/folder/);
  await fails([run, '--token-file', '/no/such/file'], 1, /^error: Cannot read the token in \/no\/such\/file/);
  await fails([run, '--token', 'short'], 1, /^error: The token is too short/);
  await assert.rejects(
    started([run], { SPARSE_ADAPTER_TOKEN: '' }),
    /error: SPARSE_ADAPTER_TOKEN is empty; .*unset it/,
  );
});

test.run();
