import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join, sep } from 'node:path';
import { InputError } from '../../../src/errors.ts';
import { fetchModel } from '../../../src/io/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { COMMIT, follow, HUB, install, isHashOf, scripts, TOKEN, type Traffic } from '../hub-answers.ts';
import { jsonObject } from '../inputs.ts';
import type { Target } from '../target.ts';

const root = temporaryFolder();
const home = join(root, 'home');
const repository = join(home, 'hub', 'models--org--tiny');
Object.assign(process.env, { HF_HOME: home, HF_ENDPOINT: HUB, HF_TOKEN: TOKEN, HF_HUB_DOWNLOAD_TIMEOUT: '600' });
install();

/** Whatever the hub says, only whole files whose hashes are right are seen, and nothing is written anywhere else. */
function checkDisk(): void {
  assert.deepEqual(readdirSync(root), ['home']);
  assert.ok(readdirSync(home).every((name) => name === 'hub'));
  const hub = join(home, 'hub');
  if (!existsSync(hub)) return;
  assert.deepEqual(readdirSync(hub), ['models--org--tiny']);
  const blobs = join(repository, 'blobs');
  for (const name of readdirSync(blobs).filter((blob) => !blob.endsWith('.incomplete'))) {
    assert.ok(isHashOf(name, readFileSync(join(blobs, name))), `the content of ${name} is another`);
  }
  const snapshots = join(repository, 'snapshots');
  if (!existsSync(snapshots)) return;
  for (const entry of readdirSync(snapshots, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    assert.ok(realpathSync(join(entry.parentPath, entry.name)).startsWith(realpathSync(blobs) + sep));
  }
}

function checkTraffic({ trusted, requests, waited, longestWait }: Traffic): void {
  assert.ok(
    [...trusted].every((origin) => origin === HUB),
    `the token went to ${[...trusted]}`,
  );
  assert.ok(longestWait <= 20_000, `it waited for ${longestWait} ms at once`);
  assert.ok(requests <= 3000 && waited <= 1_000_000, `${requests} requests, ${waited} ms of waiting`);
}

export const target: Target = {
  kind: 'json',
  seeds: scripts,
  read: async (input) => {
    const traffic = follow(jsonObject(input));
    rmSync(root, { recursive: true, force: true });
    mkdirSync(home, { recursive: true });
    try {
      const name = await fetchModel('org/tiny');
      assert.match(name, /^org\/tiny@[0-9a-f]{40}$/);
      const snapshot = join(repository, 'snapshots', name.slice(-COMMIT.length));
      assert.ok(existsSync(join(snapshot, 'config.json')));
    } catch (error) {
      if (error instanceof InputError) assert.ok(!error.message.includes(TOKEN), error.message);
      throw error;
    } finally {
      checkDisk();
      checkTraffic(traffic);
    }
  },
};
