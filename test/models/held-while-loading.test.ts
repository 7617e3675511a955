import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { Random, setBackend, tidy } from '../../src/index.ts';
import { type Encoder, holdBackbone, loadEncoder, packSequences } from '../../src/models/index.ts';
import type { HeldDType } from '../../src/nn/index.ts';
import { tinyBert, tinyFolder } from '../support/tiny-model.ts';

const test = suite('models: a backbone is held while it is loaded');
test.after(async () => {
  await setBackend('wasm');
});

/** Its matrices outweigh what is allocated beside them. */
const config = { ...tinyBert, num_hidden_layers: 4, hidden_size: 64, intermediate_size: 256 };
const folder = tinyFolder({ config });

async function freshBackend(): Promise<WasmBackend> {
  const backend = await setBackend('wasm', { threads: 1 });
  assert.ok(backend instanceof WasmBackend);
  return backend;
}

const outputOf = (model: Encoder): number[] =>
  tidy(() => [...model.forward(packSequences([{ ids: [2, 14, 8, 18, 3] }], model.positionIds)).dataSync()]);

/** The most bytes that are held at one time while it is loaded, and its output. */
async function load(backboneDtype: HeldDType): Promise<{ most: number; output: number[]; held: boolean[] }> {
  const backend = await freshBackend();
  let most = 0;
  const track = backend.track.bind(backend);
  backend.track = (buffer) => {
    const tracked = track(buffer);
    most = Math.max(most, backend.bytes());
    return tracked;
  };
  const { model } = loadEncoder(folder, new Random(1), { backboneDtype });
  const held = model.points.projection.map(({ linear }) => linear.weight.isInt8);
  return { most, output: outputOf(model), held };
}

for (const dtype of ['int8', 'float16'] as const) {
  test(`${dtype}: the model is that which is held after loading`, async () => {
    await freshBackend();
    const { model } = loadEncoder(folder, new Random(1));
    for (const { linear } of model.points.projection) linear.weight.trainable = false;
    assert.equal(holdBackbone(model, dtype), 24);
    const { output, held } = await load(dtype);
    assert.deepEqual(output, outputOf(model));
    assert.ok(held.every((isInt8) => isInt8 === (dtype === 'int8')));
  });
}

test('one matrix at a time takes the memory of float32', async () => {
  const [float32, float16, int8] = [await load('float32'), await load('float16'), await load('int8')];
  assert.notDeepEqual(int8.output, float32.output);
  assert.ok(float16.most < 0.7 * float32.most, `float16: ${float16.most} of ${float32.most} bytes`);
  assert.ok(int8.most < 0.5 * float32.most, `int8: ${int8.most} of ${float32.most} bytes`);
});

test.run();
