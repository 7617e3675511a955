import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import type { ControlCommand, ControlReply } from '../../src/serve/answerer.ts';
import {
  type Answerer,
  AnswererLostError,
  type AnswerOutcome,
  type AnswerRequest,
  QueueFullError,
  RequestQueue,
} from '../../src/serve/index.ts';

const test = suite('serve: queue of requests');

const asking = (input: unknown): AnswerRequest => ({ task: 'text-classification', input, options: {} });
const answerTo = ({ input }: AnswerRequest): AnswerOutcome => ({ value: `answer to ${input}` });

/** One that keeps what it was asked, and answers as it is told. */
class Recorder implements Answerer {
  readonly batches: unknown[][] = [];
  readonly signals: AbortSignal[] = [];
  isDisposed = false;
  readonly #outcomes: (requests: readonly AnswerRequest[]) => Promise<AnswerOutcome[]> | AnswerOutcome[];

  constructor(
    outcomes = (requests: readonly AnswerRequest[]): Promise<AnswerOutcome[]> | AnswerOutcome[] =>
      requests.map(answerTo),
  ) {
    this.#outcomes = outcomes;
  }

  async answer(requests: readonly AnswerRequest[], signal?: AbortSignal): Promise<AnswerOutcome[]> {
    this.batches.push(requests.map(({ input }) => input));
    if (signal) this.signals.push(signal);
    return this.#outcomes(requests);
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

/** One that answers when it is let go on. */
function held() {
  const goOn: (() => void)[] = [];
  const recorder = new Recorder(async (requests) => {
    await new Promise<void>((resolve) => goOn.push(resolve));
    return requests.map(answerTo);
  });
  return { recorder, goOn: () => goOn.shift()?.() };
}

const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('requests that come together are one batch, and no batch is larger than maxBatch', async () => {
  const recorder = new Recorder();
  const queue = new RequestQueue([recorder], { maxBatch: 3 });
  const answers = await Promise.all([1, 2, 3, 4, 5].map((i) => queue.ask(asking(i))));
  assert.deepEqual(
    answers,
    [1, 2, 3, 4, 5].map((i) => `answer to ${i}`),
  );
  assert.deepEqual(recorder.batches, [
    [1, 2, 3],
    [4, 5],
  ]);
});

test('a request waits for others as long as maxWait says', async () => {
  const recorder = new Recorder();
  const queue = new RequestQueue([recorder], { maxWait: 200 });
  const first = queue.ask(asking(1));
  await sleep(20);
  const second = queue.ask(asking(2));
  await Promise.all([first, second]);
  assert.deepEqual(recorder.batches, [[1, 2]]);
});

test('a wait that is longer than timers take', async () => {
  const recorder = new Recorder();
  const queue = new RequestQueue([recorder], { maxWait: 2 ** 40 });
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const asked = queue.ask(asking(1));
  await sleep(20);
  process.off('warning', onWarning);
  assert.deepEqual([recorder.batches, queue.waiting, warnings], [[], 1, []]);
  await queue.close();
  await asked;
});

test('one that was told of room and does not use it leaves it to the next', async () => {
  const { recorder, goOn } = held();
  const queue = new RequestQueue([recorder], { maxQueue: 1 });
  const asked = [queue.ask(asking(1))];
  await turn();
  asked.push(queue.ask(asking(2)));
  const end = new AbortController();
  const rooms = [queue.room({ signal: end.signal }), queue.room(), queue.room()];
  end.abort(new Error('gone'));
  await assert.rejects(rooms[0], /gone/);
  goOn();
  await asked[0];
  await Promise.all(rooms.slice(1));
  await turn();
  goOn();
  await asked[1];
});

test('requests gather while the model computes', async () => {
  const { recorder, goOn } = held();
  const queue = new RequestQueue([recorder]);
  const asked = [queue.ask(asking(1))];
  for (const i of [2, 3]) {
    await turn();
    asked.push(queue.ask(asking(i)));
  }
  assert.deepEqual([queue.answering, queue.waiting], [1, 2]);
  goOn();
  await asked[0];
  await turn();
  goOn();
  await Promise.all(asked);
  assert.deepEqual(recorder.batches, [[1], [2, 3]]);
});

test('two answerers compute at the same time', async () => {
  const [a, b] = [held(), held()];
  const queue = new RequestQueue([a.recorder, b.recorder], { maxBatch: 1 });
  const all = Promise.all([1, 2].map((i) => queue.ask(asking(i))));
  await turn();
  assert.deepEqual([a.recorder.batches, b.recorder.batches], [[[1]], [[2]]]);
  b.goOn();
  a.goOn();
  assert.deepEqual(await all, ['answer to 1', 'answer to 2']);
});

test('more than maxQueue are refused, and room is told of', async () => {
  const { recorder, goOn } = held();
  const queue = new RequestQueue([recorder], { maxBatch: 1, maxQueue: 2 });
  const asked = [queue.ask(asking(0))];
  await turn();
  asked.push(queue.ask(asking(1)), queue.ask(asking(2)));
  assert.equal(queue.free, 0);
  await assert.rejects(queue.ask(asking(3)), QueueFullError);
  let isRoom = false;
  const room = queue.room().then(() => {
    isRoom = true;
  });
  await turn();
  assert.equal(isRoom, false);
  goOn();
  await room;
  asked.push(queue.ask(asking(4)));
  for (const one of asked) {
    await turn();
    goOn();
    await one;
  }
  assert.deepEqual(recorder.batches, [[0], [1], [2], [4]]);
});

test('a signal takes a request out of the queue, and drops an answer', async () => {
  const { recorder, goOn } = held();
  const queue = new RequestQueue([recorder], { maxBatch: 1 });
  const [early, late, before] = [new AbortController(), new AbortController(), AbortSignal.abort(new Error('before'))];
  const computed = queue.ask(asking('computed'), { signal: early.signal });
  await turn();
  const waiting = queue.ask(asking('waiting'), { signal: late.signal });
  const last = queue.ask(asking('last'));
  await assert.rejects(queue.ask(asking('never'), { signal: before }), /before/);
  late.abort(new Error('out of the queue'));
  await assert.rejects(waiting, /out of the queue/);
  early.abort(new Error('dropped'));
  await assert.rejects(computed, /dropped/);
  assert.ok(recorder.signals[0].aborted, 'nobody waits for this batch any more');
  goOn();
  await turn();
  goOn();
  assert.equal(await last, 'answer to last');
  assert.deepEqual(recorder.batches, [['computed'], ['last']]);
});

test('one signal for many requests is no leak that Node.js warns of', async () => {
  const { signal } = new AbortController();
  // The number from which on Node.js 20 warns.
  setMaxListeners(10, signal);
  const warnings: string[] = [];
  const told = ({ name }: Error) => warnings.push(name);
  process.on('warning', told);
  try {
    const queue = new RequestQueue([new Recorder()], { maxQueue: 12 });
    const answers = Array.from({ length: 12 }, (_, i) => queue.ask(asking(i), { signal }));
    await Promise.all([...answers, ...answers.map(() => queue.room({ signal }))]);
    await turn();
  } finally {
    process.off('warning', told);
  }
  assert.deepEqual(warnings, []);
});

test('an error of one request is its own', async () => {
  const recorder = new Recorder((requests) =>
    requests.map((request) =>
      request.input === 2 ? { error: { name: 'InputError', message: 'two is no text.' } } : answerTo(request),
    ),
  );
  const queue = new RequestQueue([recorder]);
  const settled = await Promise.allSettled([1, 2, 3].map((i) => queue.ask(asking(i))));
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.ok(settled[1].status === 'rejected' && settled[1].reason instanceof InputError);
});

test('a lost answerer is asked again, for each request alone, once', async () => {
  const recorder = new Recorder((requests) => {
    if (requests.some(({ input }) => input === 'deadly')) throw new AnswererLostError('The worker ended.');
    return requests.map(answerTo);
  });
  const queue = new RequestQueue([recorder]);
  const settled = await Promise.allSettled(['a', 'deadly', 'b'].map((input) => queue.ask(asking(input))));
  assert.deepEqual(
    settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.name)),
    ['answer to a', 'AnswererLostError', 'answer to b'],
  );
  assert.deepEqual(recorder.batches, [['a', 'deadly', 'b'], ['a'], ['deadly'], ['b']]);
});

test('close answers what waits, dispose does not', async () => {
  const { recorder, goOn } = held();
  const queue = new RequestQueue([recorder], { maxBatch: 1 });
  const asked = [1, 2].map((i) => queue.ask(asking(i)));
  const closed = queue.close();
  await assert.rejects(queue.ask(asking(3)), /disposed/);
  await assert.rejects(queue.room(), /disposed/);
  goOn();
  await turn();
  goOn();
  assert.deepEqual(await Promise.all(asked), ['answer to 1', 'answer to 2']);
  await closed;
  assert.ok(recorder.isDisposed);

  const other = held();
  const ended = new RequestQueue([other.recorder], { maxBatch: 1 });
  const lost = Promise.allSettled([1, 2].map((i) => ended.ask(asking(i))));
  await turn();
  ended.dispose();
  assert.deepEqual(
    (await lost).map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.ok(other.recorder.signals[0].aborted);
});

test('a batch is told of', async () => {
  const events: number[] = [];
  const queue = new RequestQueue([new Recorder()], { onBatch: ({ size }) => events.push(size) });
  await Promise.all([1, 2].map((i) => queue.ask(asking(i))));
  assert.deepEqual(events, [2]);
});

test('options that are none are refused', () => {
  assert.throws(() => new RequestQueue([], { maxBatch: 0 }), /maxBatch must be a whole number above 0/);
  assert.throws(() => new RequestQueue([], { maxWait: -1 }), /maxWait/);
  assert.throws(() => new RequestQueue([], { maxSize: 3 } as never), /maxSize/);
});

test('every request is settled once, whatever happens', async () => {
  const step = fc.record({
    count: fc.integer({ min: 1, max: 5 }),
    abort: fc.boolean(),
    fails: fc.constantFrom('no', 'no', 'lost', 'error'),
    pause: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, maxBatch, lanes) => {
        const answerers = Array.from(
          { length: lanes },
          () =>
            new Recorder(async (requests) => {
              await turn();
              const fails = requests.map(({ options }) => options.fails);
              if (fails.includes('lost')) throw new AnswererLostError('gone');
              if (fails.includes('error')) throw new Error('broken');
              return requests.map(answerTo);
            }),
        );
        const queue = new RequestQueue(answerers, { maxBatch });
        const asked: Promise<unknown>[] = [];
        for (const { count, abort, fails, pause } of steps) {
          const end = new AbortController();
          for (let i = 0; i < count; i++) {
            const one = queue.ask({ ...asking(i), options: { fails } }, { signal: end.signal });
            one.catch(() => {}); // looked at below
            asked.push(one);
          }
          if (pause) await turn();
          if (abort) end.abort(new Error('aborted'));
        }
        const settled = await Promise.allSettled(asked);
        assert.equal(settled.length, asked.length);
        await queue.close();
        assert.deepEqual([queue.waiting, queue.answering], [0, 0]);
        for (const answerer of answerers) assert.ok(answerer.batches.every((batch) => batch.length <= maxBatch));
      },
    ),
  );
});

/** One that has adapters, and is lost or refuses as it is told before it changes them. */
class Changing extends Recorder {
  readonly names = new Set<string>();
  readonly #before: (Error | null)[];

  constructor(...before: (Error | null)[]) {
    super();
    this.#before = before;
  }

  async control(command: ControlCommand): Promise<ControlReply> {
    const error = this.#before.shift();
    if (error) throw error;
    if ('load' in command) this.names.add(command.load.name);
    if ('unload' in command) this.names.delete(command.unload);
    return { adapters: [] };
  }
}

test('a change reaches an answerer that was lost before it', async () => {
  const [first, second] = [new Changing(), new Changing(null, new AnswererLostError('gone'))];
  const queue = new RequestQueue([first, second]);
  await queue.control({ load: { name: 'a', path: '' } });
  await queue.control({ unload: 'a' });
  assert.deepEqual([...first.names, ...second.names], []);
  queue.dispose();
});

test('what one answerer cannot load no other keeps', async () => {
  const [first, second] = [new Changing(), new Changing(new InputError('no such file'))];
  const queue = new RequestQueue([first, second]);
  await assert.rejects(queue.control({ load: { name: 'a', path: '' } }), /no such file/);
  assert.deepEqual([...first.names, ...second.names], []);
  queue.dispose();
});

test.run();
