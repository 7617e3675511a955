/**
 * What a page loads to answer one text: all files of the bundle for browsers, built as `npm run build:browser` builds it, that
 * are asked for.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as vite from 'vite';
import { temporaryFolder } from '../io/temporary.ts';
import { root } from '../support/modules.ts';

/** The size of each file that the page loads, in kilobytes (1000 bytes) compressed by gzip, by its name. */
export async function pageSizes(): Promise<ReadonlyMap<string, number>> {
  const configFile = join(root, 'vite.config.ts');
  const built = await vite.build({ root, configFile, logLevel: 'error', build: { write: false } });
  const [{ output }] = built as vite.Rolldown.RolldownOutput[];
  const chunks = output.flatMap((file) => (file.type === 'chunk' ? [[file.fileName, file.code] as const] : []));
  // Each file tells that it was loaded.
  const telling = chunks.map(([name, code]) => [name, `${code}\n;console.log(${JSON.stringify(name)});`]);
  const folder = temporaryFolder(Object.fromEntries(telling));
  const program = join(import.meta.dirname, 'answering.ts');
  const written = execFileSync(process.execPath, [program, join(folder, 'sparse-adapter.js')], { encoding: 'utf8' });
  const loaded = written.trim().split('\n');
  const codes = new Map(chunks);
  return new Map(loaded.map((name) => [name, gzipSync(codes.get(name) as string).length / 1000]));
}

export const total = (sizes: ReadonlyMap<string, number>): number => [...sizes.values()].reduce((a, b) => a + b, 0);
