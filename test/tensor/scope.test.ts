import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type Backend,
  exp,
  gelu,
  grad,
  keep,
  less,
  loadSparse,
  memory,
  mul,
  noGrad,
  reshape,
  SparsePattern,
  softmax,
  sum,
  type Tensor,
  tensor,
  tidy,
  where,
} from '../../src/index.ts';
import { backends, label, wasm } from '../support/backends.ts';
import { toTensor } from '../support/values.ts';

const test = suite('tensor: tidy and keep');

/** One test on every backend, in a scope, that must leave the memory as it was. */
function onEveryBackend(name: string, body: (vector: (...values: number[]) => Tensor, backend: Backend) => void): void {
  for (const backend of backends) {
    const vector = (...values: number[]) => toTensor(backend, { shape: [values.length], values });
    test(`${name} on ${label(backend)}`, () => {
      const before = [memory().tensors, backend.bytes()];
      tidy(() => body(vector, backend));
      assert.deepEqual([memory().tensors, backend.bytes()], before);
    });
  }
}

const numbers = (x: Tensor): number[] => Array.from(x.dataSync());

onEveryBackend('a scope frees what was made inside, and returns anything', (vector) => {
  const outside = vector(1, 2);
  const made: Tensor[] = [];
  const result = tidy(() => {
    for (let i = 0; i < 10; i++) made.push(mul(outside, i));
    return made[3].dataSync()[1];
  });
  assert.equal(result, 6);
  assert.ok(made.every((t) => t.isDisposed));
  assert.ok(!outside.isDisposed);
  assert.throws(
    () => made[0].dataSync(),
    /Tensor \[2\] was freed, .* end of its tidy\(\) scope .* Return it from the scope/,
  );
  assert.equal(
    tidy(() => null),
    null,
  );
});

onEveryBackend('tensors of the result survive, in arrays, maps and plain objects', (vector) => {
  const { list, map, nested, text } = tidy(() => {
    vector(0);
    return {
      list: [vector(1), vector(2)],
      map: new Map([['a', vector(3)]]),
      nested: { deep: [{ x: vector(4) }], nothing: null },
      text: 'kept as it is',
    };
  });
  assert.deepEqual(list.map(numbers), [[1], [2]]);
  assert.deepEqual([...map.values()].map(numbers), [[3]]);
  assert.deepEqual(numbers(nested.deep[0].x), [4]);
  assert.equal(text, 'kept as it is');
});

onEveryBackend('the result of an inner scope belongs to the outer one', (vector) => {
  let [inner, middle]: Tensor[] = [];
  const outer = tidy(() => {
    middle = tidy(() => {
      inner = vector(1);
      return mul(inner, 2);
    });
    assert.ok(inner.isDisposed && !middle.isDisposed);
    return mul(middle, 3);
  });
  assert.ok(middle.isDisposed);
  assert.deepEqual(numbers(outer), [6]);
});

onEveryBackend('a tensor of an outer scope that an inner one returns is left alone', (vector) => {
  const x = vector(1);
  const y = tidy(() => {
    assert.equal(
      tidy(() => x),
      x,
    );
    return mul(x, 2);
  });
  assert.ok(!x.isDisposed);
  assert.deepEqual(numbers(y), [2]);
});

onEveryBackend('after an error everything made inside is free, and the scope is closed', (vector) => {
  const made: Tensor[] = [];
  assert.throws(
    () =>
      tidy(() => {
        made.push(vector(1));
        tidy(() => {
          made.push(vector(2));
          throw new Error('inside');
        });
      }),
    /inside/,
  );
  assert.ok(made.every((t) => t.isDisposed));
  const after = vector(3);
  assert.ok(!after.isDisposed);
});

onEveryBackend('an asynchronous function is an error, and what it made so far is free', (vector) => {
  const made: Tensor[] = [];
  assert.throws(
    () =>
      tidy(async () => {
        made.push(vector(1));
      }),
    /tidy\(\) needs a synchronous function: await outside, compute inside/,
  );
  assert.ok(made[0].isDisposed);
});

onEveryBackend('a kept tensor outlives every scope until it is disposed of', (vector) => {
  const kept = tidy(() =>
    tidy(() => {
      const x = vector(1, 2);
      assert.equal(keep(x), x);
      vector(3);
      return [x];
    }),
  );
  assert.deepEqual(numbers(kept[0]), [1, 2]);
  assert.equal(keep(kept[0]), kept[0]);
  kept[0].dispose();
  kept[0].dispose();
  assert.ok(kept[0].isDisposed);
});

onEveryBackend('what a recorded derivative needs passes to the outer scope', (vector) => {
  const x = vector(0.5, 1).leafView([2], true);
  const hidden: Tensor[] = [];
  const output = tidy(() => {
    const middle = gelu(exp(x));
    hidden.push(
      middle,
      noGrad(() => exp(x)),
    );
    return sum(softmax(reshape(middle, [1, 2])));
  });
  assert.deepEqual(
    hidden.map((t) => t.isDisposed),
    [false, true],
  );
  assert.equal(grad(output, [x])[0].shape.length, 1);
});

test('without an outer scope a result cannot be differentiated: the graph went with the scope', () => {
  for (const backend of backends) {
    const x = toTensor(backend, { shape: [2], values: [1, 2] }, true);
    const output = tidy(() => sum(exp(x)));
    assert.throws(() => grad(output, [x]), /was freed/);
    assert.throws(() => output.backward(), /was freed/);
    for (const tensor of [x, output]) tensor.dispose();
  }
});

onEveryBackend('views share memory, which lives as long as one of them', (vector, backend) => {
  const before = backend.bytes();
  const x = vector(1, 2, 3, 4);
  const one = backend.bytes() - before;
  assert.ok(one >= 16);
  const views = [x.detach(), reshape(x, [2, 2]), x.leafView()];
  assert.equal(backend.bytes() - before, one);
  x.dispose();
  views[0].dispose();
  assert.equal(backend.bytes() - before, one);
  assert.deepEqual(numbers(views[1]), [1, 2, 3, 4]);
  views[1].dispose();
  views[2].dispose();
  assert.equal(backend.bytes(), before);
});

test('the condition of where lives as long as the derivative that reads it', () => {
  const x = tensor([-1, 2], [2], { requiresGrad: true });
  tidy(() => {
    const y = tidy(() => where(less(x, tensor(0)), mul(x, 2), mul(x, 3)));
    assert.deepEqual(Array.from(grad(sum(y), [x])[0].dataSync()), [2, 3]);
  });
});

test('the pattern of a sparse matrix that is returned lives on, and goes with the scope around', async () => {
  await loadSparse();
  const before = memory().tensors;
  tidy(() => {
    const [made] = tidy(() => [{ matrix: { pattern: SparsePattern.of([1, 0, 1, 1], [2, 2], wasm), values: null } }]);
    assert.deepEqual(Array.from(made.matrix.pattern.mask()), [1, 0, 1, 1]);
  });
  assert.equal(memory().tensors, before);
});

test.run();
