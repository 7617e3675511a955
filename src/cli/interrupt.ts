import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type SignalName = (typeof signals)[number];

/** A terminal that is closed and its shell both send SIGHUP. */
const ECHO_MS = 1000;

/** The reason why work was stopped. */
export class Interruption extends Error {
  override readonly name = 'AbortError';
  readonly signal: SignalName;

  constructor(signal: SignalName) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }

  /** Exit code that shells report for a process ended by a signal. */
  get exitCode(): number {
    return 128 + constants.signals[this.signal];
  }
}

/**
 * Returns a signal that aborts at the first SIGINT (Ctrl-C), SIGTERM or SIGHUP (the terminal was closed), with an
 * {@link Interruption} as its reason. From then on each has its usual effect again, so that a second one quits at once.
 *
 * @param onInterrupt called when it aborts
 */
export function interruptSignal(onInterrupt: () => void): AbortSignal {
  const controller = new AbortController();
  const abort = (name: SignalName) => {
    for (const signal of signals) process.off(signal, abort);
    if (name === 'SIGHUP') {
      const ignore = () => {};
      process.on(name, ignore);
      setTimeout(() => process.off(name, ignore), ECHO_MS).unref();
    }
    onInterrupt();
    controller.abort(new Interruption(name));
  };
  for (const signal of signals) process.on(signal, abort);
  return controller.signal;
}

/** Returns the exit code of a command that its signal has stopped. */
export const interruptedCode = ({ reason }: AbortSignal): number =>
  reason instanceof Interruption ? reason.exitCode : 128 + constants.signals.SIGINT;
