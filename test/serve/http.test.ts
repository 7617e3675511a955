import assert from 'node:assert/strict';
import { cpSync, symlinkSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as v from 'valibot';
import { load } from '../../src/finetune/index.ts';
import { answerRequests } from '../../src/serve/answer-requests.ts';
import { adaptersSchema, answerSchema, healthSchema, type VerbName, verbs } from '../../src/serve/http/api.ts';
import { serve } from '../../src/serve/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { forAllAsync } from '../support/property.ts';
import { runOf } from '../support/serve-runs.ts';
import { errorCode, Served } from '../support/served.ts';

const test = suite('serve: over HTTP');

const paths = new Map<string, string>();
for (const { task } of Object.values(verbs)) paths.set(task, await runOf(task));
const models = [...paths].map(([name, path]) => ({ name, path }));
const one = models.slice(0, 1);

const input = { question: 'is the film good', context: 'the film is very good and the book is not' };
const questions: Readonly<Record<VerbName, Readonly<Record<string, unknown>>>> = {
  classify: { inputs: ['the film is good', { text: 'the book', text_pair: 'is bad' }], top_k: null },
  tag: { inputs: ['the film is good', 'a book'] },
  answer: { inputs: [input, { ...input, question: 'is it bad' }], top_k: 2 },
  embed: { inputs: ['the film is good'], pooling: 'cls', normalize: true },
  summarise: { inputs: ['the film is good'], max_new_tokens: 4 },
};

let all: Served;

test.before(async () => {
  all = await Served.start(models);
});

test.after(() => all.server.close());

for (const name of Object.keys(verbs) as VerbName[]) {
  test(`${name}: as the model answers a program`, async () => {
    const { task, defaults } = verbs[name];
    const { inputs, ...options } = questions[name];
    const reply = await all.post(`/v1/${name}`, { adapter: task, inputs, ...options });
    assert.equal(reply.status, 200, JSON.stringify(reply.body));
    const { adapter, results } = v.parse(answerSchema(name), reply.body);
    const model = await load(paths.get(task) ?? '');
    const requests = (inputs as unknown[]).map((input) => ({ task, input, options: { ...defaults, ...options } }));
    const expected = (await answerRequests(model, requests)).map((outcome) => {
      assert.ok('value' in outcome, JSON.stringify(outcome));
      const value = outcome.value as { data?: Float32Array };
      return value.data ? Array.from(value.data) : value;
    });
    model.dispose();
    assert.deepEqual([adapter, results], [task, JSON.parse(JSON.stringify(expected))]);
    // There is one adapter for the task.
    assert.deepEqual((await all.post(`/v1/${name}`, { inputs, ...options })).body, reply.body);
  });
}

test('what is loaded, and how it is asked', async () => {
  const { adapters } = v.parse(adaptersSchema, (await all.fetch('/v1/adapters')).body);
  assert.deepEqual(
    adapters.map(({ name, task, verb, kind }) => [name, task, verb, kind]),
    Object.entries(verbs).map(([verb, { task }]) => [task, task, verb, 'houlsby']),
  );
  assert.deepEqual(adapters[0].labels, ['bad', 'fine', 'good']);
});

test('the interface is OpenAPI', async () => {
  const { body } = await all.fetch('/openapi.json');
  const { valid, errors } = await new Validator().validate(body as Record<string, unknown>);
  assert.ok(valid, JSON.stringify(errors));
  const { paths: described } = body as { paths: Record<string, unknown> };
  assert.deepEqual(
    Object.keys(verbs).filter((name) => !(`/v1/${name}` in described)),
    [],
  );
  assert.match(JSON.stringify(described), /"maxItems":64.*"maxLength":100000|"maxLength":100000.*"maxItems":64/);
});

test('health, metrics and what is nowhere', async () => {
  for (const path of ['/health', '/ready']) {
    assert.deepEqual(v.parse(healthSchema, (await all.fetch(path)).body), { status: 'ok' });
  }
  const { body, headers } = await all.fetch('/metrics');
  assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const lines = String(body).trimEnd().split('\n');
  for (const line of lines) {
    assert.match(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="[^"]*",?)+\})? -?[\d.e+-]+)$/);
  }
  assert.ok(lines.includes('sparse_adapter_adapters 5'));
  assert.ok(lines.includes('sparse_adapter_worker_restarts_total 0'), 'the first restart is an increase');
  assert.match(String(body), /sparse_adapter_requests_total\{method="POST",route="\/v1\/classify",status="200"\} 2/);
  assert.equal(errorCode(await all.fetch('/v2/none'), 404), 'not_found');
  assert.equal(errorCode(await all.fetch('/v1/classify/more'), 404), 'not_found');
  const wrong = await all.fetch('/v1/classify');
  assert.equal(errorCode(wrong, 405), 'wrong_method');
  assert.equal(wrong.headers.get('allow'), 'POST');
  assert.equal((await all.post('/v1/adapters/none', {})).headers.get('allow'), 'DELETE');
  assert.match(String((await all.fetch('/metrics')).body), /route="other",status="404"/);
});

test('bad bodies are told apart, and what is wrong is named', async () => {
  const ask = (body: unknown) => all.post('/v1/classify', body);
  const raw = (body: string, type = 'application/json') =>
    all.fetch('/v1/classify', { method: 'POST', body, headers: { 'Content-Type': type } });
  const adapter = 'text-classification';
  assert.equal(errorCode(await raw('{"inputs":'), 400), 'bad_json');
  assert.equal(errorCode(await raw('{"inputs":["a"]}', 'text/plain'), 415), 'no_json');
  for (const body of [null, 3, [], {}, { inputs: 'a' }, { inputs: [] }, { inputs: [3] }, { inputs: ['a'], top: 1 }]) {
    assert.equal(errorCode(await ask(body), 400), 'bad_request', JSON.stringify(body));
  }
  assert.equal(errorCode(await ask({ adapter, inputs: ['a'], top_k: 0 }), 400), 'bad_request');
  assert.equal(errorCode(await ask({ adapter: 'none', inputs: ['a'] }), 404), 'no_adapter');
  assert.equal(errorCode(await ask({ adapter: '../x', inputs: ['a'] }), 400), 'bad_request');
  assert.equal(errorCode(await ask({ adapter: 'summarization', inputs: ['a'] }), 400), 'wrong_task');
  const reply = await all.post('/v1/answer', { inputs: [{ question: ' ', context: 'a' }] });
  assert.equal(errorCode(reply, 400), 'bad_request');
  assert.match(JSON.stringify(reply.body), /question is empty/);
});

test('any body gets an answer that is JSON, and never an internal error', async () => {
  const part = fc.oneof(fc.jsonValue(), fc.constantFrom('the film', { text: 'a' }, { question: 'a', context: 'b' }));
  const body = fc.oneof(
    fc.jsonValue(),
    fc.record(
      { adapter: fc.constantFrom<unknown>(...paths.keys(), 'none', 3), inputs: fc.array(part), top_k: fc.jsonValue() },
      { requiredKeys: ['inputs'] },
    ),
  );
  await forAllAsync(
    fc.tuple(fc.constantFrom(...Object.keys(verbs)), body),
    async ([name, body]) => {
      const reply = await all.post(`/v1/${name}`, body);
      assert.ok([200, 400, 404].includes(reply.status), `${reply.status} ${JSON.stringify(reply.body)}`);
      if (reply.status !== 200) errorCode(reply, reply.status);
    },
    60,
  );
});

test('the log has nothing of a body that is refused', async () => {
  const served = await Served.start(one);
  try {
    const secret = 'a text of someone';
    const bodies: readonly unknown[] = [{ inputs: [{ text: secret, other: 1 }] }, { inputs: ['a'], [secret]: 1 }];
    for (const body of bodies) assert.match(errorCode(await served.post('/v1/classify', body), 400), /bad_request/);
    assert.equal(served.events.filter(({ problem }) => problem === 'bad_request').length, bodies.length);
    assert.ok(!served.lines.join('').includes(secret));
  } finally {
    await served.server.close();
  }
});

test('limits of body, inputs and texts', async () => {
  const served = await Served.start(one, { maxBody: 2000, maxInputs: 3, maxCharacters: 50 });
  try {
    const ask = (inputs: readonly string[]) => served.post('/v1/classify', { inputs });
    assert.equal((await ask(['a', 'b', 'c'])).status, 200);
    assert.equal(errorCode(await ask(['a', 'b', 'c', 'd']), 413), 'too_long');
    assert.equal(errorCode(await ask(['a'.repeat(51)]), 413), 'too_long');
    assert.equal(errorCode(await ask(['a'.repeat(3000)]), 413), 'too_long');
    // Of a body in chunks the length is not told before.
    const chunks = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 30; i++) controller.enqueue(new TextEncoder().encode(' '.repeat(100)));
        controller.close();
      },
    });
    const init = { method: 'POST', body: chunks, duplex: 'half', headers: { 'Content-Type': 'application/json' } };
    assert.equal(errorCode(await served.fetch('/v1/classify', init as RequestInit), 413), 'too_long');
  } finally {
    await served.server.close();
  }
});

test('a queue that is full: some are told to come again, all are answered', async () => {
  const served = await Served.start(one, { maxQueue: 6, maxBatch: 2 });
  try {
    const replies = await Promise.all(
      Array.from({ length: 40 }, () => served.post('/v1/classify', { inputs: ['the film', 'a book'] })),
    );
    const refused = replies.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0 && refused.length < 40, `${refused.length} of 40 were refused`);
    for (const reply of refused) {
      assert.equal(errorCode(reply, 429), 'queue_full');
      assert.match(reply.headers.get('retry-after') ?? '', /^\d+$/);
    }
    for (const reply of replies) if (reply.status !== 429) assert.equal(reply.status, 200);
    assert.equal((await served.post('/v1/classify', { inputs: ['a'] })).status, 200);
  } finally {
    await served.server.close();
  }
});

test('an answer that takes too long is given up', async () => {
  const served = await Served.start(one, { timeLimit: 0.001, maxWait: 100, maxBatch: 64 });
  try {
    assert.equal(errorCode(await served.post('/v1/classify', { inputs: ['the film'] }), 504), 'timeout');
    assert.match(String((await served.fetch('/metrics')).body), /sparse_adapter_queue_waiting 0/);
  } finally {
    await served.server.close();
  }
});

test('any time limit is one: parts of a millisecond, and more than timers can wait', async () => {
  for (const timeLimit of [10.12345, 1e9]) {
    const served = await Served.start(one, { timeLimit });
    try {
      assert.equal((await served.post('/v1/classify', { inputs: ['the film'] })).status, 200, String(timeLimit));
    } finally {
      await served.server.close();
    }
  }
});

test('a client that goes takes its texts out of the queue', async () => {
  const served = await Served.start(one, { maxWait: 60_000, maxBatch: 64 });
  try {
    const end = new AbortController();
    const gone = served.post('/v1/classify', { inputs: ['a', 'b'] }, { signal: end.signal });
    const waiting = async (count: number) => {
      const { body } = await served.fetch('/metrics');
      return String(body).includes(`sparse_adapter_queue_waiting ${count}\n`);
    };
    while (!(await waiting(2)));
    end.abort();
    await assert.rejects(gone);
    while (!(await waiting(0)));
    assert.deepEqual(
      served.events.filter(({ status }) => status === 499).map(({ adapter, inputs }) => [adapter, inputs]),
      [['text-classification', 2]],
    );
  } finally {
    await served.server.close();
  }
});

test('a client that stops in the middle of its body does not keep others waiting', async () => {
  const served = await Served.start(one);
  const { port } = new URL(served.server.url);
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    'POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"inp',
  );
  assert.equal((await served.post('/v1/classify', { inputs: ['a'] })).status, 200);
  socket.destroy();
  const gone = () => served.events.find(({ problem }) => problem === 'client_gone');
  while (!gone()) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([gone()?.status, gone()?.level], [499, 'info']);
  await served.server.close();
});

test('a token, and nothing of it in the log', async () => {
  const token = 'a-secret-of-16-b';
  const served = await Served.start(one, { token });
  try {
    const headers = (value: string) => ({ headers: { Authorization: value } });
    for (const value of [
      '',
      token,
      'Bearer',
      'Bearer ',
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      `Basic ${token}`,
    ]) {
      const reply = await served.post('/v1/classify', { inputs: ['a'] }, value === '' ? {} : headers(value));
      assert.equal(errorCode(reply, 401), 'unauthorized');
      assert.equal(reply.headers.get('www-authenticate'), 'Bearer');
    }
    for (const path of ['/metrics', '/v1/adapters', '/nowhere', '/v1/x']) {
      assert.equal(errorCode(await served.fetch(path), 401), 'unauthorized');
    }
    for (const path of ['/', '/health', '/ready', '/openapi.json'])
      assert.equal((await served.fetch(path)).status, 200);
    const reply = await served.post('/v1/classify', { inputs: ['the film'] }, headers(`Bearer ${token}`));
    assert.equal(reply.status, 200);
    assert.equal((await served.fetch('/metrics', headers(`bearer ${token}`))).status, 200);
    const { body } = await served.fetch('/metrics', headers(`Bearer ${token}`));
    assert.match(String(body), /route="other",status="401"/, 'addresses of strangers are no labels');
    assert.ok(!served.lines.join('').includes(token) && !served.lines.join('').includes('the film'));
  } finally {
    await served.server.close();
  }
});

test('the loopback address is asked under its own name', async () => {
  const { port } = new URL(all.server.url);
  const statusFor = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const options = { port, host: '127.0.0.1', path: '/health', headers: { Host: host } };
      httpRequest(options, (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end();
    });
  for (const host of ['localhost', `localhost:${port}`, '127.0.0.1:1', '[::1]:80'])
    assert.equal(await statusFor(host), 200);
  for (const host of ['example.org', `localhost.example.org:${port}`, '127.0.0.1.example.org']) {
    assert.equal(await statusFor(host), 403, host);
  }
});

test('adapters are loaded and unloaded while others answer, from one folder alone', async () => {
  const folder = temporaryFolder();
  symlinkSync(paths.get('token-classification') ?? '', join(folder, 'outside'));
  cpSync(paths.get('text-classification') ?? '', join(folder, 'inside'), { recursive: true });
  cpSync(join(folder, 'inside'), join(folder, 'with space'), { recursive: true });
  const served = await Served.start(one, { adapters: folder, maxAdapters: 2 });
  try {
    const loading = (body: unknown) => served.post('/v1/adapters', body);
    for (const path of [
      '..',
      '.',
      '../inside',
      '/etc',
      'inside/../..',
      'none',
      'outside',
      'in\0side',
      paths.get('summarization'),
    ]) {
      assert.equal(errorCode(await loading({ path }), 404), 'not_found', path);
    }
    assert.equal(errorCode(await loading({ path: 'inside', name: 'a/b' }), 400), 'bad_request');
    assert.equal(errorCode(await loading({ path: 'with space' }), 400), 'bad_name');
    assert.equal(errorCode(await loading({ path: 'inside', name: 'text-classification' }), 409), 'name_taken');
    let isDone = false;
    const steady = (async () => {
      const statuses = new Set<number>();
      while (!isDone)
        statuses.add((await served.post('/v1/classify', { adapter: 'text-classification', inputs: ['a'] })).status);
      return [...statuses];
    })();
    for (const _ of [1, 2]) {
      const loaded = await loading({ path: 'inside', name: 'second' });
      assert.equal(loaded.status, 201, JSON.stringify(loaded.body));
      assert.equal(errorCode(await loading({ path: 'inside' }), 409), 'too_many');
      const asked = served.post('/v1/classify', {
        adapter: 'second',
        inputs: Array.from({ length: 40 }, () => 'a film'),
      });
      assert.equal((await asked).status, 200);
      const last = served.post('/v1/classify', { adapter: 'second', inputs: ['a film'] });
      const [answered, gone] = await Promise.all([last, served.fetch('/v1/adapters/second', { method: 'DELETE' })]);
      assert.deepEqual([gone.status, [200, 404].includes(answered.status)], [204, true]);
      assert.equal(errorCode(await served.fetch('/v1/adapters/second', { method: 'DELETE' }), 404), 'no_adapter');
      assert.equal(
        errorCode(await served.post('/v1/classify', { adapter: 'second', inputs: ['a'] }), 404),
        'no_adapter',
      );
    }
    isDone = true;
    assert.deepEqual(await steady, [200]);
  } finally {
    await served.server.close();
  }
});

test('without a folder nothing is loaded or unloaded', async () => {
  assert.equal(errorCode(await all.post('/v1/adapters', { path: 'x' }), 403), 'not_allowed');
  const reply = await all.fetch('/v1/adapters/text-classification', { method: 'DELETE' });
  assert.equal(errorCode(reply, 403), 'not_allowed');
});

test('at the end all are answered, and new ones are refused', async () => {
  const served = await Served.start(one, { maxWait: 300, maxBatch: 64 });
  const running = Array.from({ length: 5 }, () => served.post('/v1/classify', { inputs: ['the film', 'a book'] }));
  while (!String((await served.fetch('/metrics')).body).includes('sparse_adapter_queue_waiting 10\n'));
  const closed = served.server.close();
  const late = await served.post('/v1/classify', { inputs: ['a'] });
  assert.equal(errorCode(late, 503), 'stopping');
  assert.ok(late.headers.has('retry-after'));
  assert.deepEqual(v.parse(healthSchema, (await served.fetch('/ready')).body), { status: 'stopping' });
  for (const reply of await Promise.all(running)) assert.equal(reply.status, 200);
  await closed;
  await assert.rejects(served.fetch('/health'));
  assert.deepEqual(
    served.events.filter(({ event }) => event !== 'request').map(({ event }) => event),
    ['listening', 'stopping', 'stopped'],
  );
});

test('places where it cannot listen, and options that do not fit', async () => {
  const { port } = new URL(all.server.url);
  await assertRejectsInput(
    () => serve(one, { port: Number(port), log: 'none' }),
    /port \d+ already; give another --port \(port\)/,
  );
  await assertRejectsInput(
    () => serve(one, { port: 0, host: '192.0.2.1', log: 'none' }),
    /192\.0\.2\.1.*--host \(host\)/,
  );
  await assertRejectsInput(() => serve(one, { port: 70_000 }), /port/);
  await assertRejectsInput(() => serve([], {}), /no model to serve/);
  await assertRejectsInput(
    () => serve([...one, { ...one[0], name: 'second' }], { maxAdapters: 1 }),
    /^2 adapters are more than --max-adapters \(maxAdapters\) allows, 1; raise it/,
  );
  await assertRejectsInput(() => serve(one, { adapters: '/no/such/folder' }), /no folder \/no\/such\/folder/);
  for (const name of ['my mail', 'grüße', '..', '', 'a/b']) {
    await assertRejectsInput(() => serve([{ ...one[0], name }]), /give another one as name=folder \(name\)/);
  }
  await assertRejectsInput(() => serve(one, { token: 'short' }), /token is too short/);
  await assertRejectsInput(() => serve(one, { token: 'with a space in it' }), /without spaces/);
  await assertRejectsInput(() => serve([{ name: 'x', path: '/no/such/run' }], { port: 0 }), /no\/such\/run/);
});

test.run();
