import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The environments of Python, each with the packages of the file of that name: PEFT runs in both, AdapterHub needs the older one. */
export type EnvironmentName = 'transformers-5' | 'transformers-4';

/**
 * Returns the interpreter of an environment. One with the same packages is used again, from the folder of temporary files.
 *
 * @throws Error if it cannot be built, with what pip said
 */
async function interpreterOf(name: EnvironmentName): Promise<string> {
  const requirements = join(import.meta.dirname, `${name}.txt`);
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), `sparse-adapter-${name}-${digest}`);
  const [python, mark] = [join(folder, 'bin', 'python'), join(folder, 'complete')];
  if (existsSync(mark)) return python;
  rmSync(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  // Bytecode is made of what is imported alone, when it is.
  const options = ['--quiet', '--no-compile', '--only-binary', ':all:', '--disable-pip-version-check'];
  await run(python, ['-m', 'pip', 'install', ...options, '-r', requirements]);
  writeFileSync(mark, '');
  return python;
}

/** The interpreters of both environments, which are built at the same time. @throws Error as {@link interpreterOf} */
export async function buildEnvironments(): Promise<Readonly<Record<EnvironmentName, string>>> {
  const [older, newer] = await Promise.all([interpreterOf('transformers-4'), interpreterOf('transformers-5')]);
  return { 'transformers-4': older, 'transformers-5': newer };
}
