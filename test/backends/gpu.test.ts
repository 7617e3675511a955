import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { GpuBackend } from '../../src/backends/gpu/index.ts';
import {
  type BackendName,
  crossEntropy,
  gelu,
  grad,
  linear,
  matmul,
  memory,
  mul,
  Random,
  randomNormal,
  setBackend,
  sum,
  tensor,
  tidy,
  zeros,
} from '../../src/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { AdamW, clipGradNorm } from '../../src/optim/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { classificationLoss, classificationObjective, Trainer, trainingOptions } from '../../src/training/index.ts';
import { assertClose } from '../support/compare.ts';
import { onGpu } from '../support/gpu.ts';
import { useBackend } from '../support/on-backend.ts';
import { maskOf } from '../support/parameters.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';
import { range } from '../support/values.ts';

const test = suite('backends: gpu');

/** Runs `body` and gives the number of textures more than before it that are on the device. */
async function texturesLeft(context: WebGLRenderingContext, body: () => Promise<void>): Promise<number> {
  const { createTexture, deleteTexture } = context;
  let left = 0;
  context.createTexture = () => {
    left++;
    return createTexture.call(context);
  };
  context.deleteTexture = (texture) => {
    left--;
    deleteTexture.call(context, texture);
  };
  try {
    await body();
    return left;
  } finally {
    Object.assign(context, { createTexture, deleteTexture });
  }
}

/** Runs `body` and gives the number of kernels that it ran. */
function drawsOf(context: WebGLRenderingContext, body: () => void): number {
  const { drawArrays } = context;
  let draws = 0;
  context.drawArrays = (...call) => {
    draws++;
    drawArrays.apply(context, call);
  };
  try {
    body();
    return draws;
  } finally {
    Object.assign(context, { drawArrays });
  }
}

/** Runs `body` and gives the number of shader programs that it made. */
function programsMade(context: WebGLRenderingContext, body: () => void): number {
  const { createProgram } = context;
  let made = 0;
  context.createProgram = () => {
    made++;
    return createProgram.call(context);
  };
  try {
    body();
    return made;
  } finally {
    Object.assign(context, { createProgram });
  }
}

/** Runs 20 steps of a SNIP-pruned adapter. */
async function pruneAndTrain(backend: BackendName): Promise<{ masks: number[][]; losses: number[] }> {
  await setBackend(backend);
  const model = tinyClassifier();
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4, form: 'sparse-adapter', dropout: 0.1 }));
  freezeBackbone(model, adapter, isHeadParameter);
  const items = tinyExamples(40);
  await prune({
    method: 'snip',
    sparsity: 0.5,
    parameters: adapter.prunable,
    random: new Random(1),
    losses: [() => classificationLoss(model, items)],
  });
  const masks = adapter.prunable.map((parameter) => maskOf(parameter) ?? []);
  const trainable = model.parameters().filter((parameter) => parameter.trainable);
  const options = trainingOptions({ learningRate: 0.01, epochs: 4, batchSize: 8 });
  const trainer = new Trainer(classificationObjective(model, items, trainable), options, new Random(1));
  const losses: number[] = [];
  while (!trainer.done) losses.push((await trainer.trainStep()).loss);
  return { masks, losses };
}

if (onGpu) {
  useBackend(test, 'gpu');

  test('info tells which device computes', async () => {
    assert.match((await setBackend('gpu')).describe(), /through (headless OpenGL|WebGL2), textures up to \d+/);
  });

  test('a pruned adapter has the same mask and, for 20 steps, the losses of the other backends', async () => {
    const onDevice = await pruneAndTrain('gpu');
    assert.equal(onDevice.losses.length, 20);
    assert.ok(onDevice.masks.flat().some((m) => m === 0));
    for (const other of ['wasm', 'reference'] as const) {
      const { masks, losses } = await pruneAndTrain(other);
      assert.deepEqual(onDevice.masks, masks, other);
      losses.forEach((loss, step) => {
        assert.ok(Math.abs(loss - onDevice.losses[step]) <= 1e-3, `${other}, step ${step + 1}`);
      });
    }
    await setBackend('gpu');
  });

  test('1,000 training steps leave no texture behind', async () => {
    const backend = await setBackend('gpu');
    assert.ok(backend instanceof GpuBackend);
    const random = new Random(1);
    const normal = (length: number) => Float32Array.from({ length }, () => random.normal(0, 1));
    const weight = new Parameter('weight', normal(24), [3, 8]);
    const bias = new Parameter('bias', normal(3), [3]);
    const optimizer = new AdamW([weight, bias]);
    const x = randomNormal([4, 8], random);
    const step = () =>
      tidy(() => {
        const leaves = [weight.value, bias.value];
        const loss = crossEntropy(gelu(linear(x, weight.value, bias.value)), [0, 1, 2, 0]);
        optimizer.step(clipGradNorm(grad(loss, leaves), 1));
      });
    // The first makes the kernels, which own a texture or two.
    step();
    const before = memory();
    const left = await texturesLeft(backend.device.context, async () => {
      for (let i = 0; i < 1000; i++) step();
      await weight.value.data();
    });
    assert.equal(left, 0);
    assert.deepEqual(memory(), before);
  });

  test('other shapes need no other kernels', async () => {
    const backend = await setBackend('gpu');
    assert.ok(backend instanceof GpuBackend);
    const compute = (rows: number, width: number) =>
      tidy(() => {
        const x = zeros([rows, width]);
        gelu(linear(matmul(x, zeros([width, width])), zeros([width, width]), zeros([width]))).dataSync();
      });
    compute(20, 20);
    const made = programsMade(backend.device.context, () => {
      for (let n = 21; n < 60; n++) compute(n, 80 - n);
    });
    assert.equal(made, 0);
  });

  test('a weight is packed for its first two products, and one that changes takes what was kept with it', async () => {
    const backend = await setBackend('gpu');
    assert.ok(backend instanceof GpuBackend);
    const random = new Random(1);
    const x = randomNormal([64, 32], random);
    const weight = new Parameter(
      'weight',
      Float32Array.from({ length: 32 * 48 }, () => random.normal(0, 1)),
      [48, 32],
    );
    const product = () => tidy(() => linear(mul(x, 1), weight.value).dataSync());
    const expected = product();
    const { context } = backend.device;
    const before = memory();
    const draws = [2, 3, 4].map(() => drawsOf(context, () => assert.deepEqual(product(), expected)));
    assert.deepEqual([draws[1] - draws[0], draws[2] - draws[1]], [-1, 0]);
    assert.deepEqual(memory(), before);
    const left = await texturesLeft(context, async () => {
      weight.load(
        weight.value.dataSync().map((w) => 2 * w),
        null,
      );
    });
    assert.equal(left, -1);
    assert.deepEqual(memory(), before);
    assertClose(tensor(product()), { shape: [64 * 48], values: Array.from(expected, (y) => 2 * y) }, 1e-5);
  });

  test('a step of training uploads random numbers of dropout and no weights', async () => {
    const backend = await setBackend('gpu');
    assert.ok(backend instanceof GpuBackend);
    const model = tinyClassifier();
    const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
    freezeBackbone(model, adapter, isHeadParameter);
    const items = tinyExamples(4);
    const trainable = model.parameters().filter((parameter) => parameter.trainable);
    const options = trainingOptions({ epochs: 4, batchSize: 4 });
    const trainer = new Trainer(classificationObjective(model, items, trainable), options, new Random(1));
    await trainer.trainStep();
    let [uploads, masks] = [0, 0];
    const { upload, uploadStored, uniform } = backend;
    backend.upload = (values) => {
      uploads++;
      return upload.call(backend, values);
    };
    backend.uploadStored = (numbers) => {
      uploads++;
      return uploadStored.call(backend, numbers);
    };
    backend.uniform = (length, seed) => {
      masks++;
      return uniform.call(backend, length, seed);
    };
    while (!trainer.done) await trainer.trainStep();
    assert.ok(model.parameters().some((parameter) => !parameter.trainable));
    assert.ok(masks > 0);
    assert.equal(uploads, masks);
  });

  test('sums longer than a loop of a kernel; products that no loop and arrays that no texture can hold', async () => {
    const n = 70_001;
    const x = tensor(Float32Array.from({ length: n }, (_, i) => (i % 7) - 3));
    const expected = range(n).reduce((total, i) => total + (i % 7) - 3, 0);
    assertClose(sum(x), { shape: [], values: [expected] }, 1e-6);
    const [row, column] = [[1, n] as const, [n, 1] as const].map((shape) => tensor(new Float32Array(n), shape));
    assert.throws(() => zeros([1e6, 1e3]), /an array of 1000000000 numbers; the device holds up to \d+/);
    assert.throws(() => matmul(row, column), /a sum of 70001 products is longer than its loops can be/);
  });

  test('arrays of more bytes than headless OpenGL can count are refused also where textures are larger', async () => {
    const backend = await setBackend('gpu');
    assert.ok(backend instanceof GpuBackend);
    zeros([4]).dispose();
    const { context } = backend.device;
    const { getParameter } = context;
    context.getParameter = (name: number) =>
      name === context.MAX_TEXTURE_SIZE ? 32_768 : getParameter.call(context, name);
    try {
      assert.throws(() => zeros([1e6, 1e3]), /an array of 1000000000 numbers; the device holds up to 268435456\./);
    } finally {
      context.getParameter = getParameter;
    }
  });
}

test.run();
