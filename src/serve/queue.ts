import { setMaxListeners } from 'node:events';
import { InputError } from '../errors.ts';
import { yieldToEvents } from '../training/yield.ts';
import { errorOf } from './answer-errors.ts';
import type { Answerer, AnswerOutcome, AnswerRequest, ControlCommand, ControlReply } from './answerer.ts';
import { type GivenQueueOptions, type QueueOptions, queueOptions } from './queue-options.ts';
import { AnswererLostError, QueueFullError } from './serve-errors.ts';

/** A batch that was answered, or that failed. */
export interface BatchEvent {
  /** Requests in it. */
  readonly size: number;
  /** Milliseconds that the first of them has waited. */
  readonly waited: number;
  /** Milliseconds from asking the answerer to its answer. */
  readonly took: number;
}

/** Options of {@link RequestQueue}. */
export interface RequestQueueOptions extends GivenQueueOptions {
  /** Told of each batch after it. */
  readonly onBatch?: (event: BatchEvent) => void;
}

/** A request that waits or is being answered. */
interface Entry {
  readonly request: AnswerRequest;
  readonly since: number;
  /** Settles its promise; a second call does nothing. */
  readonly settle: (outcome: AnswerOutcome | { readonly reason: unknown }) => void;
  isSettled: boolean;
  /** An answerer was lost while it had this request; the next one has it alone. */
  wasLost: boolean;
}

/** An answerer, and the batch that it has. */
interface Lane {
  readonly answerer: Answerer;
  batch: { readonly entries: readonly Entry[]; readonly end: AbortController } | null;
}

/** Calls `tell` when a signal ends. A list of requests has one signal; Node.js before 24 takes more than ten for a leak, and warns. */
function onceAborted(signal: AbortSignal | undefined, tell: () => void): void {
  if (!signal) return;
  setMaxListeners(0, signal);
  signal.addEventListener('abort', tell, { once: true });
}

/**
 * Gathers requests into batches for one answerer or several, each of which has one batch at a time.
 *
 * - A batch goes off as soon as an answerer is free and `maxBatch` requests wait, or the first has waited `maxWait` milliseconds. While
 *   all answerers compute, requests gather.
 * - At most `maxQueue` requests wait; {@link ask} refuses more with a {@link QueueFullError}, and {@link room} tells when there is
 *   room.
 * - An answerer that is lost ({@link AnswererLostError}) is asked again, once, for each request of its batch alone: so one request
 *   that no worker survives does not take the others with it.
 */
export class RequestQueue {
  /** The options, with defaults. */
  readonly options: QueueOptions;
  readonly #lanes: readonly Lane[];
  readonly #onBatch: ((event: BatchEvent) => void) | undefined;
  /** The first is the oldest. */
  readonly #waiting: Entry[] = [];
  /** Told when there is room; each looks whether another was faster. */
  readonly #forRoom = new Set<() => void>();
  /** Told when nothing waits and nothing is computed. */
  #forEnd: (() => void)[] = [];
  /** Undoes the plan to look again whether a batch is due. */
  #cancelLook: (() => void) | null = null;
  #isClosed = false;

  /** @throws InputError for an option that is none */
  constructor(answerers: readonly Answerer[], { onBatch, ...given }: RequestQueueOptions = {}) {
    this.options = queueOptions(given);
    this.#lanes = answerers.map((answerer) => ({ answerer, batch: null }));
    this.#onBatch = onBatch;
  }

  /** Requests that wait for an answerer. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Requests that are being answered. */
  get answering(): number {
    return this.#lanes.reduce((sum, { batch }) => sum + (batch?.entries.length ?? 0), 0);
  }

  /** Requests that {@link ask} takes now. */
  get free(): number {
    return Math.max(0, this.options.maxQueue - this.waiting);
  }

  /**
   * Answers one request.
   *
   * @param options.signal takes it out of the queue, or drops its answer; the promise is rejected with the signal's reason
   * @returns the value of the task
   * @throws InputError for an input that cannot be answered, QueueFullError where too many wait, an Error after `dispose` and where
   *   the answerer was lost twice
   */
  ask(request: AnswerRequest, { signal }: { readonly signal?: AbortSignal } = {}): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(disposed());
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.free === 0) return Promise.reject(new QueueFullError(this.options.maxQueue));
    return new Promise((resolve, reject) => {
      const settle: Entry['settle'] = (outcome) => {
        if (entry.isSettled) return;
        entry.isSettled = true;
        signal?.removeEventListener('abort', onAbort);
        if ('value' in outcome) resolve(outcome.value);
        else reject('reason' in outcome ? outcome.reason : errorOf(outcome.error));
      };
      const onAbort = () => this.#abort(entry, signal?.reason);
      const entry: Entry = { request, since: performance.now(), settle, isSettled: false, wasLost: false };
      onceAborted(signal, onAbort);
      this.#waiting.push(entry);
      this.#send(false);
    });
  }

  /**
   * Waits until there is room for one more request.
   *
   * @param options.signal ends that; the promise is rejected with the signal's reason
   * @throws Error after `dispose`
   */
  async room({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    while (!this.#isClosed && !signal?.aborted && this.free === 0) await this.#change(signal);
    signal?.throwIfAborted();
    if (this.#isClosed) throw disposed();
  }

  /** Waits until there may be room, or a signal says that nobody waits for it. */
  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const tell = () => {
        signal?.removeEventListener('abort', tell);
        this.#forRoom.delete(tell);
        resolve();
      };
      this.#forRoom.add(tell);
      onceAborted(signal, tell);
    });
  }

  /** Changes what is loaded, in each answerer. @throws InputError for what cannot be loaded or is not there, or if nothing can */
  async control(command: ControlCommand): Promise<ControlReply> {
    let reply: ControlReply | undefined;
    const done: Answerer[] = [];
    try {
      for (const { answerer } of this.#lanes) {
        reply = await retried(() => answerer.control?.(command));
        done.push(answerer);
      }
    } catch (error) {
      // All have it, or none.
      if ('load' in command) {
        await Promise.allSettled(done.map((answerer) => answerer.control?.({ unload: command.load.name })));
      }
      throw error;
    }
    if (reply === undefined) throw new InputError('This model has no adapters that can be changed.');
    return reply;
  }

  /** Takes no more requests, answers those that it has, and frees the answerers. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#tellOfRoom();
    this.#send(true);
    if (this.waiting + this.answering > 0) await new Promise<void>((resolve) => this.#forEnd.push(resolve));
    this.dispose();
  }

  /** Frees the answerers; what is not answered yet is rejected. */
  dispose(): void {
    this.#isClosed = true;
    this.#cancelLook?.();
    const reason = disposed();
    const answering = this.#lanes.flatMap(({ batch }) => batch?.entries ?? []);
    for (const { settle } of [...this.#waiting.splice(0), ...answering]) settle({ reason });
    for (const { batch, answerer } of this.#lanes) {
      batch?.end.abort(reason);
      answerer.dispose();
    }
    this.#tellOfRoom();
    this.#tellOfEnd();
  }

  #abort(entry: Entry, reason: unknown): void {
    entry.settle({ reason });
    const place = this.#waiting.indexOf(entry);
    if (place >= 0) {
      this.#waiting.splice(place, 1);
      this.#tellOfRoom();
      this.#tellOfEnd();
      return;
    }
    for (const { batch } of this.#lanes) {
      if (batch?.entries.includes(entry) && batch.entries.every(({ isSettled }) => isSettled)) batch.end.abort(reason);
    }
  }

  /** Gives free answerers what waits. @param isLater whether those that asked together with the first have all asked */
  #send(isLater: boolean): void {
    this.#cancelLook?.();
    this.#cancelLook = null;
    const { maxBatch, maxWait } = this.options;
    for (const lane of this.#lanes) {
      if (lane.batch || this.waiting === 0) continue;
      const [first] = this.#waiting;
      const left = maxWait - (performance.now() - first.since);
      if (this.waiting < maxBatch && !first.wasLost && !this.#isClosed && (left > 0 || !isLater)) {
        this.#cancelLook = later(() => this.#send(true), left);
        return;
      }
      void this.#answer(lane, this.#waiting.splice(0, this.#countOfNext()));
      this.#tellOfRoom();
    }
  }

  #countOfNext(): number {
    const lost = this.#waiting.findIndex(({ wasLost }) => wasLost);
    const most = Math.min(this.options.maxBatch, this.waiting);
    return lost === 0 ? 1 : lost < 0 ? most : Math.min(most, lost);
  }

  async #answer(lane: Lane, entries: readonly Entry[]): Promise<void> {
    const end = new AbortController();
    lane.batch = { entries, end };
    const start = performance.now();
    try {
      const outcomes = await lane.answerer.answer(
        entries.map(({ request }) => request),
        end.signal,
      );
      for (const [i, { settle }] of entries.entries()) settle(outcomes[i]);
    } catch (reason) {
      this.#fail(entries, reason);
    } finally {
      lane.batch = null;
    }
    this.#onBatch?.({ size: entries.length, waited: start - entries[0].since, took: performance.now() - start });
    this.#send(true);
    this.#tellOfEnd();
  }

  /** Answers that did not come: once more where the answerer was lost, else an error. */
  #fail(entries: readonly Entry[], reason: unknown): void {
    const isLost = reason instanceof AnswererLostError;
    const again = entries.filter(({ wasLost, isSettled }) => isLost && !wasLost && !isSettled);
    for (const entry of entries) if (!again.includes(entry)) entry.settle({ reason });
    for (const entry of again) entry.wasLost = true;
    this.#waiting.unshift(...again);
  }

  #tellOfRoom(): void {
    if (this.free === 0 && !this.#isClosed) return;
    for (const tell of [...this.#forRoom]) tell();
  }

  #tellOfEnd(): void {
    if (this.waiting + this.answering > 0) return;
    const told = this.#forEnd;
    this.#forEnd = [];
    for (const tell of told) tell();
  }
}

/** Milliseconds; a timer of more calls at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** Calls after so many milliseconds, or, without any, after what is being done now; returns what prevents it. */
function later(call: () => void, milliseconds: number): () => void {
  if (milliseconds > 0) {
    // What is asked to look again looks at the clock.
    const timer = setTimeout(call, Math.min(milliseconds, LONGEST_TIMEOUT));
    return () => clearTimeout(timer);
  }
  let isPlanned = true;
  void yieldToEvents().then(() => isPlanned && call());
  return () => {
    isPlanned = false;
  };
}

const disposed = () => new Error('The queue is disposed and answers no more.');

/** Asks once more where what answers has ended before its answer. */
async function retried<T>(ask: () => T): Promise<Awaited<T>> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AnswererLostError)) throw error;
    return await ask();
  }
}
