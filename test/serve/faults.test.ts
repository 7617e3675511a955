import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import { runOf } from '../support/serve-runs.ts';
import { type Reply, Served } from '../support/served.ts';

const test = suite('serve: under load, with faults');

const models = [
  { name: 'labels', path: await runOf('text-classification') },
  { name: 'vectors', path: await runOf('feature-extraction') },
];
const texts = ['the film is good', 'a book', 'the play is not very bad and the story is old', 'nice'];

/** What is asked of a server, `count` times, by so many clients at a time; they ask again where they are told to. */
async function load(served: Served, count: number, clients: number): Promise<{ replies: Reply[]; refused: number }> {
  const replies: Reply[] = [];
  let [next, refused] = [0, 0];
  const client = async (): Promise<void> => {
    while (next < count) {
      const i = next++;
      const inputs = texts.slice(i % 3);
      for (;;) {
        const reply =
          i % 2 === 0
            ? await served.post('/v1/classify', { adapter: 'labels', inputs })
            : await served.post('/v1/embed', { adapter: 'vectors', inputs });
        if (reply.status !== 429) {
          replies[i] = reply;
          break;
        }
        refused++;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { replies, refused };
}

/** Fails unless all were answered, each as it is alone. */
async function assertAnswered(served: Served, replies: readonly Reply[], count: number): Promise<void> {
  assert.equal(replies.length, count);
  const known = new Map<number, unknown>();
  for (const [i, { status, body }] of replies.entries()) {
    assert.equal(status, 200, JSON.stringify(body));
    const kind = i % 6;
    if (!known.has(kind)) known.set(kind, (await load(served, kind + 1, 1)).replies[kind].body);
    assert.deepEqual(body, known.get(kind));
  }
}

test('600 requests of 24 clients to a small queue: none is lost, and each is answered as alone', async () => {
  const served = await Served.start(models, { workers: 2, maxQueue: 16, maxBatch: 8 });
  try {
    const { replies, refused } = await load(served, 600, 24);
    assert.ok(refused > 0, 'the queue was full');
    await assertAnswered(served, replies, 600);
    const { body } = await served.fetch('/metrics');
    assert.match(String(body), /sparse_adapter_queue_waiting 0\n/);
    assert.match(String(body), /sparse_adapter_queue_answering 0\n/);
  } finally {
    await served.server.close();
  }
});

test('workers that end in the middle: others start, and nothing is lost', async () => {
  const served = await Served.start(models, { workers: 2, maxBatch: 4 });
  const { postMessage } = Worker.prototype;
  let sent = 0;
  // What a crash does: the worker goes with the batch that it has just got.
  Worker.prototype.postMessage = function (message, ...more) {
    postMessage.call(this, message, ...more);
    if ('requests' in message && ++sent % 15 === 0 && sent <= 60) void this.terminate();
  };
  try {
    const { replies } = await load(served, 200, 12);
    await assertAnswered(served, replies, 200);
    const lost = served.events.filter(({ event }) => event === 'worker lost');
    assert.ok(lost.length >= 3, `${lost.length} workers were lost`);
    const { body } = await served.fetch('/metrics');
    assert.match(String(body), new RegExp(`sparse_adapter_worker_restarts_total ${lost.length}\n`));
  } finally {
    Worker.prototype.postMessage = postMessage;
    await served.server.close();
  }
});

test('clients that say nothing, half of it, or nonsense, beside others that ask', async () => {
  const served = await Served.start(models);
  const { port } = new URL(served.server.url);
  const said = [
    '',
    'GET',
    'nonsense\r\n\r\n',
    'POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
  ];
  const sockets = Array.from({ length: 40 }, (_, i) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(said[i % said.length]);
    return socket;
  });
  try {
    const { replies } = await load(served, 60, 4);
    await assertAnswered(served, replies, 60);
  } finally {
    const start = performance.now();
    for (const socket of sockets.slice(20)) socket.destroy();
    await served.server.close();
    assert.ok(performance.now() - start < 5000, 'what says nothing does not keep a server from ending');
    for (const socket of sockets) socket.destroy();
  }
});

test.run();
