import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { suite } from 'uvu';
import { grad, memory, mul, sum } from '../../src/index.ts';
import { backends, label } from '../support/backends.ts';
import { toTensor } from '../support/values.ts';

const test = suite('tensor: garbage collection');

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Finalizers run some time after a collection. */
async function collectedDownTo(tensors: number): Promise<number> {
  for (let i = 0; i < 100 && memory().tensors > tensors; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return memory().tensors;
}

for (const backend of backends) {
  test(`outside of scopes, tensors and graphs that nothing holds are collected on ${label(backend)}`, async () => {
    await collectedDownTo(0);
    const [tensors, bytes] = [memory().tensors, backend.bytes()];
    const kept = toTensor(backend, { shape: [3], values: [1, 2, 3] }, true);
    (() => {
      for (let i = 0; i < 100; i++) {
        const y = sum(mul(kept, mul(kept, i)));
        grad(y, [kept], { createGraph: i % 2 === 0 });
      }
    })();
    assert.ok(memory().tensors > tensors + 100);
    assert.equal(await collectedDownTo(tensors + 1), tensors + 1);
    assert.deepEqual(Array.from(kept.dataSync()), [1, 2, 3]);
    kept.dispose();
    assert.equal(backend.bytes(), bytes);
  });
}

test.run();
