/**
 * Compares a frozen backbone in float32 and in 8 bits, in turns in one process: linear layers forward and backward with each kind of
 * kernel, and forward passes and training steps of MiniLM and BERT-base.
 *
 *     node benchmarks/int8.ts [--threads 1] [--seconds 10] [--only <name>]
 *
 * Prints medians and the factor by which 8 bits are faster: the median over the rounds of the ratio within a round, as machines change
 * their speed from one round to the next.
 */
import { Command } from 'commander';
import type { Shape } from '../src/backends/backend.ts';
import { WasmBackend } from '../src/backends/wasm/index.ts';
import { type Int8Kind, int8KindsHere } from '../src/backends/wasm/int8-kind.ts';
import { printTable } from '../src/cli/output.ts';
import { parserOf } from '../src/cli/setting-options.ts';
import { enableSimd256, getBackend, Random, setBackend } from '../src/index.ts';
import { positiveInteger } from '../src/settings/index.ts';
import { int8Of } from '../test/support/int8.ts';
import { batchOf, bertBase, minilm } from './plan.ts';
import { median } from './statistics.ts';
import { milliseconds } from './table.ts';
import type { ModelTask } from './tasks.ts';
import { forward, train } from './workers/ours-model.ts';

const flags = new Command('node benchmarks/int8.ts')
  .option('--threads <number>', 'threads that compute', parserOf(positiveInteger), 1)
  .option('--seconds <number>', 'seconds for each comparison', parserOf(positiveInteger), 10)
  .option('--only <name>', 'comparisons whose name contains this', '')
  .parse()
  .opts<{ readonly threads: number; readonly seconds: number; readonly only: string }>();

/** Something to time; the first one of a comparison is float32. */
interface Contender {
  readonly name: string;
  /** May return a promise. */
  run(): unknown;
}

/** @returns table rows */
async function compare(title: string, contenders: readonly Contender[]): Promise<string[][]> {
  const rounds: number[][] = [];
  const end = performance.now() + 1000 * flags.seconds;
  for (const { run } of contenders) for (let i = 0; i < 2; i++) await run();
  do {
    const times: number[] = [];
    for (const { run } of contenders) {
      const start = performance.now();
      await run();
      times.push((performance.now() - start) / 1000);
    }
    rounds.push(times);
  } while (performance.now() < end);
  return contenders.map(({ name }, i) => [
    i === 0 ? title : '',
    name,
    milliseconds(median(rounds.map((times) => times[i]))),
    i === 0 ? '' : `${median(rounds.map((times) => times[0] / times[i])).toFixed(2)} x`,
  ]);
}

const shapes: readonly (readonly [m: number, n: number, k: number])[] = [
  [512, 384, 384],
  [512, 1536, 384],
  [512, 384, 1536],
  [1024, 768, 768],
  [1024, 3072, 768],
  [1024, 768, 3072],
  [1, 768, 768],
];

/** Linear layers, quantisation of the rows included. */
async function layers([m, n, k]: (typeof shapes)[number]): Promise<string[][]> {
  const random = new Random(1);
  const { threads } = flags;
  const put = (backend: WasmBackend, shape: Shape) => ({
    buffer: backend.upload(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal())),
    shape,
  });
  const contenders = (kind: Int8Kind | null): { readonly forward: Contender; readonly backward: Contender } => {
    const backend = new WasmBackend({ threads, int8Kind: kind ?? undefined });
    const [w, x, dy, bias] = [[n, k], [m, k], [m, n], [n]].map((shape) => put(backend, shape));
    const name = kind === null ? 'float32' : `8 bits, ${kind}`;
    if (kind === null) {
      const spec = { batch: 1, m, k: n, n: k, transposeA: false, transposeB: false };
      return {
        forward: { name, run: () => backend.free(backend.linear(x, w, bias)) },
        backward: { name, run: () => backend.free(backend.matmul(dy.buffer, w.buffer, spec)) },
      };
    }
    const packed = int8Of(backend).pack(w);
    return {
      forward: {
        name,
        run: () => {
          int8Of(backend).forget();
          backend.free(int8Of(backend).linear(x, packed, bias));
        },
      },
      backward: { name, run: () => backend.free(int8Of(backend).backward(dy, packed)) },
    };
  };
  const all = [null, ...int8KindsHere()].map(contenders);
  const size = `${m} x ${n} x ${k}`;
  return [
    ...(await compare(
      `linear ${size}`,
      all.map(({ forward }) => forward),
    )),
    ...(await compare(
      'its gradient',
      all.map(({ backward }) => backward),
    )),
  ];
}

const adapted = (model: ModelTask['model'], batch: readonly number[]): ModelTask => ({
  ...{ model, bottleneck: 64, sparsity: 0.4, batches: [batch] },
});

/** Forward passes or steps of the same model, its backbone held in two ways. */
const models = (name: string, make: typeof forward | typeof train, task: ModelTask): Promise<string[][]> =>
  compare(
    name,
    (['float32', 'int8'] as const).map((backboneDtype) => ({
      name: backboneDtype,
      run: make({ ...task, backboneDtype, perRun: 1 }).run,
    })),
  );

enableSimd256();
await setBackend('wasm', { threads: flags.threads });
console.log(`${process.version}, ${getBackend().describe()}`);
const rows: string[][] = [];
for (const shape of shapes) {
  if (`linear ${shape.join(' x ')}`.includes(flags.only)) rows.push(...(await layers(shape)));
}
for (const [size, model] of [
  ['MiniLM', minilm],
  ['BERT-base', bertBase],
] as const) {
  for (const [what, make] of Object.entries({ 'forward pass': forward, 'training step': train })) {
    const name = `${size} 8 x 128, ${what}`;
    if (name.includes(flags.only)) rows.push(...(await models(name, make, adapted(model, batchOf(8, 128)))));
  }
}
printTable(rows, ['', '', 'ms', 'faster']);
