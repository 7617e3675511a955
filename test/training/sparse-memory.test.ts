import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, houlsby } from '../../src/adapters/index.ts';
import { bottleneck, grad, memory, Random, randomNormal, sum, tidy } from '../../src/index.ts';
import { parseEncoderConfig, SequenceClassifier } from '../../src/models/index.ts';
import { normalInit, Parameter, ParameterPath } from '../../src/nn/index.ts';
import { AdamW } from '../../src/optim/index.ts';
import { onGpu } from '../support/gpu.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';

const test = suite('training: memory of pruned matrices');
useBackend(test, 'wasm');

/** Draws a mask that keeps about a part of the weights. */
function maskAt(density: number, { name, size }: Parameter): Uint8Array {
  const random = new Random(name);
  return Uint8Array.from({ length: size }, () => Number(random.uniform() < density));
}

/** Bytes of the weights of a bottleneck, their gradients and moments, after two steps that took a quarter of the weights. */
function trainingState(hidden: number, inner: number, { isFinal }: { readonly isFinal: boolean }): number {
  const random = new Random(1);
  const before = memory().bytes;
  const weight = (name: string, shape: readonly number[]) =>
    new Parameter(name, normalInit(0.02)(shape, random.fork(name)), shape);
  const [down, up] = [weight('down', [inner, hidden]), weight('up', [hidden, inner])];
  for (const parameter of [down, up]) {
    parameter.setMask(maskAt(0.25, parameter));
    if (isFinal) parameter.fixMask();
  }
  const bias = [weight('d', [inner]), weight('u', [hidden])];
  const optimizer = new AdamW([down, up]);
  const step = () =>
    tidy(() => {
      const [d, u] = [down, up].map((parameter) => (parameter.pattern ? parameter.matrix() : parameter.value));
      const [downBias, upBias] = bias.map((parameter) => parameter.value);
      const weights = { down: d, up: u, downMask: down.mask, upMask: up.mask, downBias, upBias };
      const y = bottleneck(randomNormal([32, hidden], random), weights, { activation: 'gelu' });
      const gradients = grad(sum(y.mul(y)), [down, up]);
      optimizer.step(gradients);
      return gradients;
    });
  for (const gradient of step()) gradient.dispose();
  const gradients = step();
  const state = memory().bytes - before;
  optimizer.dispose();
  for (const held of [down, up, ...bias, ...gradients]) held.dispose();
  assert.equal(memory().bytes, before);
  return state;
}

if (!onGpu) {
  onEveryBackend(
    test,
    'at 25 % the state of training takes at most 0.35 of that of whole matrices with masks',
    ({ name }) => {
      const [hidden, inner] = name === 'wasm' ? [384, 256] : [48, 32];
      const whole = trainingState(hidden, inner, { isFinal: false });
      const kept = trainingState(hidden, inner, { isFinal: true });
      // Of a weight its value, mask, gradient and two moments, in floats.
      assert.ok(whole >= 20 * 2 * hidden * inner, `${whole} bytes of whole matrices`);
      assert.ok(kept <= 0.35 * whole, `${kept} bytes, ${whole} of whole matrices: ${kept / whole}`);
    },
  );

  test('1,000 adapters of MiniLM, Houlsby 64 at 80 %, take at most 0.8 GB', () => {
    const config = parseEncoderConfig({
      model_type: 'bert',
      vocab_size: 30,
      hidden_size: 384,
      num_hidden_layers: 6,
      num_attention_heads: 12,
      intermediate_size: 1536,
      max_position_embeddings: 32,
    });
    const model = new SequenceClassifier(ParameterPath.root(new Random(1)), config, { labels: null });
    const adapters = new AdapterSet(model);
    const count = 4;
    const before = memory().bytes;
    for (let i = 0; i < count; i++) {
      const { prunable } = adapters.add(`task-${i}`, houlsby({ bottleneck: 64 }));
      assert.equal(
        prunable.reduce((total, { size }) => total + size, 0),
        12 * 2 * 64 * 384,
      );
      for (const parameter of prunable) {
        parameter.setMask(maskAt(0.2, parameter));
        parameter.fixMask();
      }
    }
    const bytes = (1000 / count) * (memory().bytes - before);
    assert.ok(bytes <= 0.8e9, `${bytes / 1e9} GB`);
    for (const parameter of [...model.parameters(), ...adapters.parameters()]) parameter.dispose();
  });
}

test.run();
