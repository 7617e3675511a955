/**
 * Loops of a process of their own: `node loops.ts <loop> <backend> <steps>` prints what it has measured as JSON, or fails as the loop
 * does.
 */

import { WasmBackend } from '../../src/backends/wasm/index.ts';
import {
  type Backend,
  type BackendName,
  getBackend,
  grad,
  keep,
  memory,
  mul,
  Random,
  randomNormal,
  setBackend,
  sum,
  Tensor,
  tidy,
  zeros,
} from '../../src/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { AdamW } from '../../src/optim/index.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A step of a tiny model: six tensors of the size of the weight, 128 KiB, besides small ones. */
const step = (w: Tensor, x: Tensor): { loss: Tensor; gradient: Tensor } => {
  const y = mul(mul(x, w), w);
  const loss = sum(mul(y, x));
  return { loss, gradient: grad(loss, [w])[0] };
};

const SHAPE = [128, 256];
const weight = () => randomNormal(SHAPE, new Random(1), { requiresGrad: true });
const input = () => randomNormal(SHAPE, new Random(2));

/** Takes this many bytes of the linear memory without touching them. */
function occupy(backend: Backend, bytes: number): void {
  if (!(backend instanceof WasmBackend)) throw new Error('Only the wasm backend has one.');
  const portion = 2 ** 26;
  for (let taken = 0; taken < bytes; taken += 4 * portion) {
    keep(Tensor.fromBuffer(backend, backend.allocate(portion), [portion]));
  }
}

/** Each calls `watch` after every step. */
const loops = {
  'await data': async (steps: number, watch: () => void) => {
    const [w, x] = [weight(), input()];
    for (let i = 0; i < steps; i++) {
      const { loss } = step(w, x);
      await loss.data();
      watch();
    }
  },
  'await a turn': async (steps: number, watch: () => void) => {
    const [w, x] = [weight(), input()];
    for (let i = 0; i < steps; i++) {
      step(w, x).loss.item();
      await turn();
      watch();
    }
  },
  'update with AdamW': async (steps: number, watch: () => void) => {
    const parameter = new Parameter('w', await weight().data(), SHAPE);
    const adam = new AdamW([parameter]);
    const x = input();
    for (let i = 0; i < steps; i++) {
      const { loss, gradient } = step(parameter.tensor(), x);
      adam.step([gradient]);
      await loss.data();
      watch();
    }
  },
  'retain the graph': async (steps: number, watch: () => void) => {
    const [w, x] = [weight(), input()];
    const loss = sum(mul(mul(x, w), w));
    for (let i = 0; i < steps; i++) {
      await grad(loss, [w], { retainGraph: true })[0].data();
      watch();
    }
  },
  'never await': async (steps: number, watch: () => void) => {
    const [w, x] = [zeros([1024, 1024], { requiresGrad: true }), zeros([1024, 1024])];
    for (let i = 0; i < steps; i++) {
      step(w, x);
      watch();
    }
  },
  'never await, with most memory taken': async (steps: number, watch: () => void) => {
    occupy(getBackend(), 2.6 * 2 ** 30);
    await loops['never await'](steps, watch);
  },
  'never await, and hold nothing': async (steps: number, watch: () => void) => {
    for (let i = 0; i < steps; i++) {
      zeros([1024, 1024]);
      watch();
    }
  },
  'never await, with tiny tensors': async (steps: number, watch: () => void) => {
    const w = zeros([2], { requiresGrad: true });
    for (let i = 0; i < steps; i++) step(w, w);
    watch();
  },
  'never await, in tidy': async (steps: number, watch: () => void) => {
    const [w, x] = [weight(), input()];
    for (let i = 0; i < steps; i++) {
      tidy(() => step(w, x).loss.item());
      watch();
    }
  },
  'keep much': async (_: number, watch: () => void) => {
    occupy(getBackend(), 1.5 * 2 ** 30);
    watch();
  },
};
export type LoopName = keyof typeof loops;

export interface LoopReport {
  /** The most that tensors held after a step, in MiB. */
  readonly bytes: number;
  /** The most that the process held after a step, in MiB. */
  readonly resident: number;
}

if (process.argv[1] === import.meta.filename) {
  const [, , name, backend, steps] = process.argv;
  await setBackend(backend as BackendName, { threads: 1 });
  let [bytes, resident] = [0, 0];
  await loops[name as LoopName](Number(steps), () => {
    bytes = Math.max(bytes, memory().bytes);
    // The highest value that the system keeps includes that of the process which started this one.
    resident = Math.max(resident, process.memoryUsage.rss());
  });
  const report: LoopReport = { bytes: bytes / 2 ** 20, resident: resident / 2 ** 20 };
  console.log(JSON.stringify(report));
}
