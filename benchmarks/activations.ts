/**
 * Lists what a training step holds for its derivatives when the loss is there: the tensors by the operation that made them. Of a
 * model with Houlsby adapters, as in the benchmark of a step.
 *
 *     node benchmarks/activations.ts [minilm | bert-base] [float32 | int8]
 */
import { WasmBackend } from '../src/backends/wasm/index.ts';
import { enableSimd256, grad, Random, setBackend, tidy } from '../src/index.ts';
import { type HeldDType, heldDTypes } from '../src/nn/index.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import { classificationLoss } from '../src/training/index.ts';
import { bertBase, full, minilm } from './plan.ts';
import { digits, mebibytes, toMarkdown } from './table.ts';
import { buildMasked, examples, stepper } from './workers/ours-model.ts';
import { peakBytesOf } from './workers/peak-bytes.ts';

const [name = 'bert-base', given = 'int8'] = process.argv.slice(2);
const backboneDtype = heldDTypes.find((dtype): dtype is HeldDType => dtype === given);
const workload = full.step.workloads.find(({ model }) => model === { minilm, 'bert-base': bertBase }[name]);
if (!workload || !backboneDtype) throw new Error('usage: node benchmarks/activations.ts [minilm | bert-base] [dtype]');

/** Where a tensor was made: the operation, and the module of the model. */
const origins = new Map<Tensor, string>();
const fromBuffer = Tensor.fromBuffer;
Tensor.fromBuffer = (...args) => {
  const tensor = fromBuffer(...args);
  const frames = (new Error().stack ?? '').split('\n');
  const at = (room: RegExp) => frames.map((frame) => room.exec(frame)?.[1]).find((found) => found);
  const operation = at(/src\/ops\/(?!operation)([\w-]+)\.ts/) ?? at(/src\/([\w/-]+)\.ts/);
  const module = at(/at (?:new )?([\w.]+) \(.*src\/(?:models|adapters)\//);
  origins.set(tensor, `${operation} in ${module ?? '-'} ${JSON.stringify(tensor.shape)}`);
  return tensor;
};

enableSimd256();
const backend = await setBackend('wasm', { threads: 1 });
if (!(backend instanceof WasmBackend)) throw new Error('The wasm backend is not there.');
const task = { ...workload, backboneDtype };
const { model } = buildMasked(task);
const [batch] = examples(task);
const trained = model.parameters().filter(({ trainable }) => trainable);

const weights = backend.bytes();
const afterLoading = backend.memory.size;
let most = 0;
const allocate = backend.allocate.bind(backend);
backend.allocate = (length) => {
  const buffer = allocate(length);
  most = Math.max(most, backend.bytes());
  return buffer;
};

/** Of what is held when the loss is there: count and bytes by origin. */
const held = new Map<string, { count: number; bytes: number }>();
let forward = 0;
tidy(() => {
  origins.clear();
  const loss = tidy(() => classificationLoss(model, batch, new Random(1)));
  forward = backend.bytes() - weights;
  const seen = new Set<unknown>();
  for (const [tensor, origin] of origins) {
    try {
      const { buffer } = tensor.operand;
      if (seen.has(buffer)) continue;
      seen.add(buffer);
      const { count, bytes } = held.get(origin) ?? { count: 0, bytes: 0 };
      held.set(origin, { count: count + 1, bytes: bytes + 4 * buffer.length });
    } catch {
      // It was freed.
    }
  }
  for (const gradient of grad(loss, trained)) gradient.dispose();
});
const pass = most;
Tensor.fromBuffer = fromBuffer;
origins.clear();

const trainer = stepper(trained, (random) => classificationLoss(model, batch, random));
for (let step = 0; step < 3; step++) await trainer.trainStep();

const rows = [...held].sort(([, a], [, b]) => b.bytes - a.bytes).filter(([, { bytes }]) => bytes > 2 ** 17);
const megabytes = (bytes: number) => digits(bytes / 2 ** 20);
console.log(
  toMarkdown({
    title: `${workload.name}, ${backboneDtype}`,
    head: ['made by', 'how many', 'MiB'],
    rows: rows.map(([origin, { count, bytes }]) => [origin, String(count), megabytes(bytes)]),
    notes: [
      `All: ${mebibytes(forward)} when the loss is there, ${mebibytes(pass - weights)} at most in the pass; ` +
        `weights ${mebibytes(weights)}.`,
      `The linear memory: ${mebibytes(afterLoading)} after loading, ${mebibytes(backend.memory.size)} after three steps. ` +
        `The process: at most ${mebibytes(peakBytesOf(process.pid) ?? 0)}.`,
    ],
  }),
);
