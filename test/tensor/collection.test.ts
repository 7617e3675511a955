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

/** The number of tensors when collecting changes it no more; finalizers run some time after a collection. */
async function settled(): Promise<number> {
  for (let unchanged = 0, before = memory().tensors; unchanged < 5; before = memory().tensors) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
    unchanged = memory().tensors === before ? unchanged + 1 : 0;
  }
  return memory().tensors;
}

for (const backend of backends) {
  test(`outside of scopes, tensors and graphs that nothing holds are collected on ${label(backend)}`, async () => {
    const tensors = await settled();
    const bytes = backend.bytes();
    const kept = toTensor(backend, { shape: [3], values: [1, 2, 3] }, true);
    (() => {
      for (let i = 0; i < 100; i++) {
        const y = sum(mul(kept, mul(kept, i)));
        grad(y, [kept], { createGraph: i % 2 === 0 });
      }
    })();
    assert.ok(memory().tensors > tensors + 100);
    assert.ok((await settled()) <= tensors + 1);
    assert.deepEqual(Array.from(kept.dataSync()), [1, 2, 3]);
    kept.dispose();
    assert.ok(backend.bytes() <= bytes);
  });
}

test.run();
