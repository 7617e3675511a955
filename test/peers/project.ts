import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pack } from '../support/pack.ts';

/** The packages that are installed beside this file. */
export const peers = join(import.meta.dirname, 'node_modules');

export const readPackage = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** An empty project with the packed package in it. */
export interface Project {
  readonly folder: string;
  write(name: string, content: string | object): void;
  remove(): void;
}

/** Packs what is built and installs it. No script of a package is run: it must work without. */
export async function projectWithPackage(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'consumer-'));
  const write = (name: string, content: string | object) =>
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  const packed = pack();
  write('package.json', { name: 'consumer', private: true, type: 'module' });
  const install = ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', packed.tarball];
  await promisify(execFile)('npm', install, { cwd: folder });
  packed.remove();
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
