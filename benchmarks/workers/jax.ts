/** Measures jax-js on its wasm device, which is single-threaded in Node.js. */
import { readFileSync } from 'node:fs';
import { defaultDevice, init, jit, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import type { Task } from '../tasks.ts';
import { type Inputs, inputsOf, logits, lossOf, type Weights, weightsOf } from './jax-model.ts';
import { type Job, repeats, timed, unsupported } from './job.ts';
import { weight } from './numbers.ts';
import { paddedBatches } from './padded.ts';
import { serve } from './serve.ts';

function gemm({ m, n, k }: { readonly m: number; readonly n: number; readonly k: number }): Job {
  const x = np.array(weight('x', m * k), { shape: [m, k] });
  const w = np.array(weight('w', n * k), { shape: [n, k] });
  const product = jit((a: np.Array, b: np.Array) => np.matmul(a, np.transpose(b)));
  const count = repeats({ m, n, k });
  return {
    run: async () => {
      const { seconds, result } = await timed(async () => {
        for (let i = 1; i < count; i++) (await product(x.ref, w.ref).blockUntilReady()).dispose();
        return product(x.ref, w.ref).data();
      });
      return { seconds: seconds / count, value: result[m * n - 1] };
    },
  };
}

const [LEARNING_RATE, BETA1, BETA2, EPSILON, DECAY] = [1e-4, 0.9, 0.98, 1e-8, 0.1];

/** The state that a step changes. */
type State = { w: Weights; m: Weights; v: Weights };
/** 1 - β₁ᵗ and 1 - β₂ᵗ. */
type Corrections = { c1: np.Array; c2: np.Array };

/** Gradients clipped to a common norm of 1, then AdamW; biases do not decay. All arrays are given away. */
function update({ w, m, v }: State, gradients: Weights, { c1, c2 }: Corrections): State {
  const names = Object.keys(w);
  const squares = names.map((name) => np.sum(np.square(gradients[name].ref)));
  const norm = np.sqrt(squares.reduce((a, b) => a.add(b)));
  const scale = np.minimum(1, np.reciprocal(norm.add(1e-6)));
  const next: State = { w: {}, m: {}, v: {} };
  for (const name of names) {
    const g = gradients[name].mul(scale.ref);
    next.m[name] = m[name].mul(BETA1).add(g.ref.mul(1 - BETA1));
    next.v[name] = v[name].mul(BETA2).add(np.square(g).mul(1 - BETA2));
    const root = np.sqrt(next.v[name].ref.div(c2.ref)).add(EPSILON);
    const direction = next.m[name].ref.div(c1.ref).div(root);
    const decay = name.endsWith('.bias') ? 0 : DECAY;
    next.w[name] = w[name].mul(1 - LEARNING_RATE * decay).sub(direction.mul(LEARNING_RATE));
  }
  for (const array of [scale, c1, c2]) array.dispose();
  return next;
}

function model(task: Task & { readonly kind: 'forward' | 'train' }): Job {
  const { frozen, trained } = weightsOf(task);
  const inputs = inputsOf(paddedBatches(task)[0]);
  if (task.kind === 'forward') {
    const { ids, padding } = inputs;
    const weights: Weights = { ...frozen, ...trained };
    const compiled = jit((w: Weights, i: Pick<Inputs, 'ids' | 'padding'>) => logits(task.model, w, i));
    const run = async () => (await compiled(tree.ref(weights), tree.ref({ ids, padding })).data())[0];
    return {
      run: async () => {
        const { seconds, result } = await timed(run);
        return { seconds, value: result };
      },
    };
  }
  const zeros = () => Object.fromEntries(Object.entries(trained).map(([name, w]) => [name, np.zeros(w.shape)]));
  let state: State = { w: trained, m: zeros(), v: zeros() };
  let count = 0;
  const lossAndGradients = valueAndGrad((w: Weights, fixed: Weights, batch: Inputs) =>
    lossOf(task.model, { ...fixed, ...w }, batch),
  );
  const step = jit((before: State, fixed: Weights, batch: Inputs, corrections: Corrections) => {
    const [loss, gradients] = lossAndGradients(tree.ref(before.w), fixed, batch);
    return { loss, state: update(before, gradients as Weights, corrections) };
  });
  const run = async () => {
    count++;
    const corrections = { c1: np.array(1 - BETA1 ** count), c2: np.array(1 - BETA2 ** count) };
    const after = step(state, tree.ref(frozen), tree.ref(inputs), corrections);
    state = after.state;
    await Promise.all(tree.leaves(state).map((array) => (array as np.Array).blockUntilReady()));
    return (await after.loss.data())[0];
  };
  return {
    run: async () => {
      const { seconds, result } = await timed(run);
      return { seconds, value: result };
    },
  };
}

function jobOf(task: Task): Job {
  if (task.kind === 'gemm') return gemm(task);
  if (task.kind === 'forward' || task.kind === 'train') return model(task);
  return unsupported(task);
}

await serve(async (task) => {
  await init('wasm');
  defaultDevice('wasm');
  const packageFile = new URL('../package.json', import.meta.resolve('@jax-js/jax'));
  const { version } = JSON.parse(readFileSync(packageFile, 'utf8'));
  return { version, about: '1 thread', job: jobOf(task) };
});
