import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = mkdtempSync(join(tmpdir(), 'sparse-adapter-io-'));
process.once('exit', () => rmSync(root, { recursive: true, force: true }));

/** A new temporary folder with these files, removed when the process ends. */
export function temporaryFolder(files: Record<string, Uint8Array | string> = {}): string {
  const folder = mkdtempSync(join(root, 'case-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}
