import { CommanderError } from 'commander';
import { MemoryError } from '../backends/index.ts';
import { InputError } from '../errors.ts';
import { Interruption } from './interrupt.ts';
import { note, noteLines } from './output.ts';

/** Exit codes of the command; 70 is EX_SOFTWARE of sysexits.h. One that a signal stopped ends with 128 and its number. */
export const exitCodes = { ok: 0, input: 1, usage: 2, internal: 70 } as const;

/** Options that do not fit together: shown with a hint to `--help`. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Prints an error on standard error and returns the exit code. Commander has already printed its own errors. */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof Interruption) {
    note('stopped; nothing was saved');
    return error.exitCode;
  }
  if (error instanceof Error && 'syscall' in error && error.syscall === 'uv_cwd') {
    note('error: the folder in which this was started has been removed; change to another.');
    return exitCodes.input;
  }
  if (error instanceof InputError || error instanceof MemoryError) {
    note(`error: ${error.message}`);
    return exitCodes.input;
  }
  const details = error instanceof Error ? error.stack : String(error);
  noteLines(`internal error, please report it with the command:\n${details}`);
  return exitCodes.internal;
}

/**
 * A reader that has seen enough, as in `predict ... | head`, is no error. A terminal that was closed ends no work, and neither does
 * a log on a full disk. Results that cannot be written are an error of one line.
 */
export function watchOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
    if (error.code === 'EIO') return;
    note(`error: Cannot write to standard output: ${error.message}`);
    process.exit(exitCodes.input);
  });
  process.stderr.on('error', () => {});
}
