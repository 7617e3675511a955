import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';

const test = suite('docs: settings');

/** In a process of its own, since other tests declare methods and adapters too. */
test('the tables of settings are those that are declared', async () => {
  const script = fileURLToPath(new URL('./settings.ts', import.meta.url));
  // It fails, and says why, if they differ.
  await promisify(execFile)(process.execPath, [script, '--check']);
});

test.run();
