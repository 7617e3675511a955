import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import { root } from '../support/modules.ts';

const test = suite('weights in 8 bits where nothing has fetched their kernels');

const from = (file: string) => JSON.stringify(pathToFileURL(`${root}/src/${file}`).href);
const run = (program: string) =>
  JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));

const refusing = `
import { loadInt8, matmul, Random, setBackend, getBackend, randomNormal } from ${from('index.ts')};
import { Linear, ParameterPath } from ${from('nn/index.ts')};
const out = [];
for (const name of ['reference', 'wasm']) {
  const backend = await setBackend(name, { threads: 1 });
  const layer = new Linear(ParameterPath.root(new Random(1)), 64, 32);
  for (const parameter of [layer.weight, layer.bias]) parameter.trainable = false;
  let refused = '';
  try {
    layer.weight.hold('int8');
  } catch (error) {
    refused = error.name + ': ' + error.message;
  }
  out.push(refused, / 8-bit/.test(backend.describe()));
  if (name === 'reference') continue;
  const x = randomNormal([4, 64], new Random(2));
  const before = await layer.forward(x).data();
  await loadInt8();
  layer.weight.hold('int8');
  const after = await layer.forward(x).data();
  out.push(before.every((y, i) => Math.abs(y - after[i]) < 0.1), before.some((y, i) => y !== after[i]));
  out.push(layer.weight.isInt8, / 8-bit/.test(backend.describe()));
}
console.log(JSON.stringify(out));
`;

test('it is refused by a line that names the remedy, and then works on backends that are there already', () => {
  const refused = 'InputError: Weights in 8 bits need kernels that are not there; call await loadInt8() before.';
  assert.deepEqual(run(refusing), [refused, false, refused, false, true, true, true, true]);
});

const training = `
import { AdamW } from ${from('optim/index.ts')};
import { kernelModules } from ${from('backends/wasm/module.ts')};
import { grad, Random, randomNormal, setBackend, sum } from ${from('index.ts')};
import ${from('models/index.ts')};
import { Linear, ParameterPath } from ${from('nn/index.ts')};
await setBackend('wasm', { threads: 1 });
const layer = new Linear(ParameterPath.root(new Random(1)), 64, 32);
const parameters = [layer.weight, layer.bias];
const loss = sum(layer.forward(randomNormal([4, 64], new Random(2))));
new AdamW(parameters).step(grad(loss, parameters.map(({ value }) => value)));
const trained = kernelModules().length;
for (const parameter of parameters) parameter.trainable = false;
layer.weight.hold('int8');
console.log(JSON.stringify([trained, kernelModules().length]));
`;

test('a program that has them, and trains in float32, does not compile them', () => {
  assert.deepEqual(run(training), [1, 2]);
});

test.run();
