/** Yields to waiting events: signals and timers in Node.js, input, drawing and messages in a browser. */
export const yieldToEvents = (): Promise<void> =>
  new Promise((resolve) => {
    (globalThis.setImmediate ?? setTimeout)(resolve);
  });
