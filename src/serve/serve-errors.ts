/** Too many requests wait: ask again later, or wait for room first. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';

  /** @param most requests that may wait */
  constructor(most: number) {
    super(
      `The queue is full: ${most} requests wait already (maxQueue); wait for room before asking for more, or ask later.`,
    );
  }
}

/** What answers requests has ended before its answer; it can be asked again. */
export class AnswererLostError extends Error {
  override readonly name = 'AnswererLostError';
}
