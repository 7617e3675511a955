import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import { experiments, ResultStore, runSweep, SweepPlan, type SweepSettings } from '../../src/experiments/index.ts';
import { Random, setBackend } from '../../src/index.ts';
import { Dispatcher, openQueue } from '../../src/queue/index.ts';
import { PASSWORD } from '../../src/queue/redis-connection.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter } from '../support/command.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';
import { queueCases } from './queue-cases.ts';
import { certificate, freePort, RedisServer } from './redis-server.ts';
import { rowAlone, tinyJobs, until, Workers } from './workers.ts';

/** Queues on a real Redis: `npm run test:queue`. */
const test = suite('queue: Redis');

const begin = process.cpuUsage();
const server = await RedisServer.start();
const databases: string[] = [];
queueCases(test, (name, terms) => {
  if (!databases.includes(name)) databases.push(name);
  return openQueue(`${server.address}/${databases.indexOf(name) + 1}`, terms);
});

// Slow machines must not lose a lease that is held.
const LEASE_MS = 3000;

test('200 runs, four workers: killed, poisoned, Redis killed too, two commands; each row once, the bits of one machine', async () => {
  const random = new Random('redis');
  const folder = temporaryFolder();
  const workers = new Workers(server.address, folder, LEASE_MS);
  const jobs = tinyJobs(200, 8);
  const poisoned = { id: 'run-poisoned', data: { seed: 1, steps: 1, kills: 'worker' } };
  workers.start(4);
  let isOver = false;
  const ended = () => workers.told('end');
  const chaos = (async () => {
    for (let kills = 0; kills < 6; kills++) {
      await until(() => ended() >= 25 * (kills + 1));
      if (kills === 2) {
        await server.kill();
        await server.run();
      }
      workers.kill(random);
      workers.keep(4);
    }
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      workers.keep(4);
    }
  })();
  const commands = await Promise.all(
    [0, 1].map(async () => {
      const queue = await openQueue(server.address);
      const dispatcher = new Dispatcher(queue);
      const records = await Promise.all([poisoned, ...jobs].map((job) => dispatcher.run(job)));
      await queue.close();
      return records;
    }),
  );
  isOver = true;
  await chaos;
  await workers.stop();
  for (const [given, ...records] of commands) {
    assert.deepEqual([given.state, given.error], ['failed', 'given up after 3 tries: its worker vanished']);
    assert.deepEqual(
      records.map(({ id, state, result }) => [id, state, result]),
      jobs.map((job) => [job.id, 'done', rowAlone(job)]),
    );
  }
  assert.equal(workers.told('begin', poisoned.id), 3);
  assert.equal(workers.told('overlap'), 0);
  // One whose worker was killed, or whose Redis was, in the moment of its end may run twice.
  assert.ok(ended() <= jobs.length + 6 + 4, `${ended()}`);
});

/** What another process says of each queue: its states, or why it cannot be used. */
async function opened(addresses: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const module = pathToFileURL(join(import.meta.dirname, '../../src/queue/open-queue.ts')).href;
  const program = `
    const { openQueue } = await import(${JSON.stringify(module)});
    for (const address of ${JSON.stringify(addresses)}) {
      const start = performance.now();
      try {
        const queue = await openQueue(address);
        console.log(JSON.stringify(await queue.counts()));
        await queue.close();
      } catch (error) { console.log(error.name + ': ' + error.message); }
      if (performance.now() - start > 10_000) console.log('not within seconds');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    told += text;
  });
  await new Promise((resolve) => child.on('close', resolve));
  const lines = told.trim().split('\n');
  assert.equal(lines.length, addresses.length, told);
  return lines;
}

const EMPTY = /^\{"waiting":0,"active":0,"done":0,"failed":0\}$/;

test('a password comes from the environment, TLS has a certificate that is trusted; what is wrong is one line', async () => {
  const own = certificate();
  const [locked, secure, port] = [
    await RedisServer.start('--requirepass', 'pässword'),
    await RedisServer.start(
      ...['--tls-cert-file', own.certificate, '--tls-key-file', own.key, '--tls-ca-cert-file', own.certificate],
      ...['--tls-auth-clients', 'no'],
    ),
    await freePort(),
  ];
  const withTls = secure.address.replace('redis:', 'rediss:');
  const isAddress = /^InputError: --queue \(queue\) must be redis:\/\/host:port, or rediss:/;
  const cases: [Record<string, string>, [string, RegExp][]][] = [
    [
      {},
      [
        [
          locked.address,
          /^InputError: Redis at redis:\S+ wants a password: set SPARSE_ADAPTER_QUEUE_PASSWORD in the environment\.$/,
        ],
        [locked.address.replace('//', '//:p@'), /must not have a password in it: set SPARSE_ADAPTER_QUEUE_PASS/],
        [`redis://127.0.0.1:${port}`, /does not answer \(.*ECONNREFUSED.*: start it, or correct --queue/],
        [`${locked.address}/name`, isAddress],
        ['http://127.0.0.1', isAddress],
        [withTls, /has a certificate that is not trusted \(.*\): name .* in NODE_EXTRA_CA_CERTS\.$/],
        [secure.address, /does not answer \(.*with TLS it is rediss:\/\/\.$/],
        [locked.address.replace('redis:', 'rediss:'), /does not answer with TLS \(.*without TLS it is redis:\/\/\.$/],
      ],
    ],
    [{ [PASSWORD]: 'wrong' }, [[locked.address, /does not let this in \(WRONGPASS.*: correct SPARSE_/]]],
    [{ [PASSWORD]: 'pässword' }, [[locked.address, EMPTY]]],
    [{ NODE_EXTRA_CA_CERTS: own.certificate }, [[withTls, EMPTY]]],
  ];
  for (const [env, wanted] of cases) {
    const lines = await opened(
      wanted.map(([address]) => address),
      env,
    );
    for (const [i, [address, line]] of wanted.entries()) assert.match(lines[i], line, address);
  }
  await locked.kill();
  await secure.kill();
});

test('a sweep over Redis: fusions after what they fuse, on two workers that share a folder, as on one machine', async () => {
  await setBackend('wasm', { threads: 1 });
  const { version } = JSON.parse((await import('node:fs')).readFileSync('package.json', 'utf8'));
  const settings: SweepSettings = {
    ...{ models: [tinyFolder()], data: tinyGlue(), tasks: ['mrpc', 'rte'], rows: ['s-fusion'], seeds: [1], width: 8 },
    ...{ pooling: 'cls', backend: 'wasm', grid: { learningRate: [0.01], epochs: [1], batchSize: [6] } },
  };
  const table4 = experiments.find(({ name }) => name === 'table4');
  assert.ok(table4);
  const sweep = async (queued: boolean) => {
    const store = await ResultStore.open(temporaryFolder());
    const queue = queued ? await openQueue(`${server.address}/15`) : null;
    const plan = new SweepPlan(table4, settings, (hash) => store.runFolder(hash));
    const sweeping = runSweep({ plan, store, queue, versions: { 'sparse-adapter': version } });
    const workers = queued
      ? [0, 1].map(() =>
          sparseAdapter(
            ['worker', '--queue', `${server.address}/15`, '--artifacts', store.folder, '--processes', '1'],
            {
              killWhen: () => store.list({ status: 'finished' }).length === plan.size,
            },
          ),
        )
      : [];
    const { status, failed } = await sweeping;
    await Promise.all(workers);
    await queue?.close();
    assert.deepEqual([status, failed], ['finished', 0]);
    const rows = store.list().map(({ hash, row, task, metrics, pruning, answers }) => {
      assert.ok(metrics);
      assert.ok(existsSync(store.runFolder(hash)));
      const { seconds: _, tokens_per_second: __, ...numbers } = metrics;
      return { hash, row, task, numbers, pruning, answers };
    });
    store.close();
    return rows.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  };
  const [queued, alone] = [await sweep(true), await sweep(false)];
  assert.equal(queued.length, 8);
  assert.deepEqual(queued, alone);
});

test.after(async () => {
  await server.kill();
  const { user, system } = process.cpuUsage(begin);
  console.log(`${((user + system) / 1e6).toFixed(1)} s of processor time in this process`);
});

test.run();
