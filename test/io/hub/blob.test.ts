import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { downloadBlob } from '../../../src/io/hub/blob.ts';
import { temporaryFolder } from '../temporary.ts';

const test = suite('hub: blobs');

test('of several that want a blob one fetches it, whenever the others look', async () => {
  const content = Uint8Array.from({ length: 100 }, (_, i) => i);
  const hash = createHash('sha256').update(content).digest('hex');
  const folder = temporaryFolder({});
  const target = join(folder, hash);
  let fetched = 0;
  async function* bytesFrom(begin: number) {
    fetched++;
    yield content.subarray(begin);
  }
  // Each looks at another moment of the first one's work.
  const others = Array.from({ length: 300 }, async (_, i) => {
    for (let turn = 0; turn < i; turn++) await new Promise(setImmediate);
    await downloadBlob({ file: { path: 'weights', size: 100, hash }, target, bytesFrom });
  });
  await Promise.all(others);
  assert.equal(fetched, 1);
  assert.deepEqual(new Uint8Array(readFileSync(target)), content);
  assert.deepEqual(readdirSync(folder), [hash]);
});

test.run();
