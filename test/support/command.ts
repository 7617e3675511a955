import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program that is run. */
export const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Standard input. */
  readonly input?: string;
  readonly cwd?: string;
  /** A signal to send as soon as standard error shows a text. */
  readonly signal?: { readonly after: string; readonly name: NodeJS.Signals };
  /** The process is killed as soon as this holds. */
  readonly killWhen?: () => boolean;
}

/** Runs `sparse-adapter` in a process of its own. */
export function sparseAdapter(
  args: readonly string[],
  { input = '', cwd, signal, killWhen }: RunOptions = {},
): Promise<Outcome> {
  // The measured choice of kernels takes a moment in each process and changes no result.
  const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, SPARSE_ADAPTER_SIMD256: '0' } });
  const output = { stdout: '', stderr: '' };
  let sent = false;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
    if (signal && !sent && output.stderr.includes(signal.after)) sent = child.kill(signal.name);
  });
  const watch = killWhen && setInterval(() => killWhen() && child.kill('SIGKILL'), 20);
  child.on('close', () => clearInterval(watch));
  child.stdin.on('error', () => {}); // a command that reads no input may end first
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}

/** The same, for commands that must succeed. */
export async function succeed(args: readonly string[], options?: RunOptions): Promise<Outcome> {
  const outcome = await sparseAdapter(args, options);
  if (outcome.code !== 0) throw new Error(`exit code ${outcome.code} of ${args.join(' ')}\n${outcome.stderr}`);
  return outcome;
}

/** The files below a folder and their bytes, to see whether anything changed. */
export function snapshot(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path, readFileSync(path, 'hex')]));
}
