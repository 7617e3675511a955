import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { grad, memory, mul, sum } from '../../src/index.ts';
import { backends, label } from '../support/backends.ts';
import { settled } from '../support/collect.ts';
import { toTensor } from '../support/values.ts';

const test = suite('tensor: garbage collection');

for (const backend of backends) {
  test(`outside of scopes, tensors and graphs that nothing holds are collected on ${label(backend)}`, async () => {
    const { tensors } = await settled();
    const bytes = backend.bytes();
    const kept = toTensor(backend, { shape: [3], values: [1, 2, 3] }, true);
    (() => {
      for (let i = 0; i < 100; i++) {
        const y = sum(mul(kept, mul(kept, i)));
        grad(y, [kept], { createGraph: i % 2 === 0 });
      }
    })();
    assert.ok(memory().tensors > tensors + 100);
    assert.ok((await settled()).tensors <= tensors + 1);
    assert.deepEqual(Array.from(kept.dataSync()), [1, 2, 3]);
    kept.dispose();
    assert.ok(backend.bytes() <= bytes);
  });
}

test.run();
