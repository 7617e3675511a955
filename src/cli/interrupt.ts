/**
 * A signal that aborts at the first SIGINT (Ctrl-C) or SIGTERM. From then on both have their usual effect again, so that a
 * second one quits at once.
 *
 * @param onInterrupt called when it aborts
 */
export function interruptSignal(onInterrupt: () => void): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    process.off('SIGINT', abort).off('SIGTERM', abort);
    onInterrupt();
    controller.abort();
  };
  process.on('SIGINT', abort).on('SIGTERM', abort);
  return controller.signal;
}
