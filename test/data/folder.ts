import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = mkdtempSync(join(tmpdir(), 'sparse-adapter-data-'));
process.once('exit', () => rmSync(root, { recursive: true, force: true }));

/** Writes the files to a new temporary folder, removed when the process ends; returns its path. */
export function folderWith(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(root, 'case-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Writes one file to a new temporary folder; returns its path. */
export function file(name: string, content: string | Uint8Array): string {
  return join(folderWith({ [name]: content }), name);
}
