import assert from 'node:assert/strict';
import { suite } from 'uvu';
import * as S from '../../src/index.ts';
import { type Signature, signatures } from '../../src/tensor/signatures.ts';
import { backends, label } from '../support/backends.ts';

const test = suite('ops: methods of tensors');

type AnyFunction = (...values: unknown[]) => unknown;
const functions = S as unknown as Record<string, AnyFunction>;

/** Functions of the table that take a tensor, or a tensor or number, first. */
const names = Object.entries<Signature>(signatures).flatMap(([name, [[, kind]]]) =>
  /^a tensor/.test(kind.expected) ? [name] : [],
);
/** Those that walk the graph: `backward` is a method of its own, `grad` is where it leaves its result. */
const WALKS = ['grad', 'backward'];

/** The result of a call, in words. */
function outcome(call: () => unknown): string {
  try {
    return String(call());
  } catch (error) {
    return String(error);
  }
}

for (const name of names.filter((each) => !WALKS.includes(each))) {
  test(`x.${name}(...) is ${name}(x, ...)`, () => {
    const method = Object.getOwnPropertyDescriptor(S.Tensor.prototype, name);
    assert.equal(method?.enumerable, false);
    const x = S.ones([2, 2]);
    // What the function refuses, the method refuses with the same words.
    for (const rest of [[], [1n], [undefined, {}, 1n], [x], [x, x], [[4]]]) {
      const got = outcome(() => method?.value.call(x, ...rest));
      assert.equal(
        got,
        outcome(() => functions[name](x, ...rest)),
      );
    }
  });
}

test('what takes something else first is no method', () => {
  for (const name of ['concat', 'zeros', 'hvp', 'checkpoint', 'tensor'])
    assert.equal(Reflect.get(S.Tensor.prototype, name), undefined);
});

for (const backend of backends) {
  test(`chains compute and differentiate as functions do on ${label(backend)}`, () => {
    S.tidy(() => {
      const on = (shape: number[], ...values: number[]) =>
        S.Tensor.fromBuffer(backend, backend.upload(values), shape, true);
      const x = on([2, 2], 1, -2, 3, 4);
      const w = on([2, 3], 1, 0, -1, 2, 1, 0.5);
      const b = on([3], 0.5, -1, 2);
      const chained = x.matmul(w).add(b).relu().sum();
      const composed = S.sum(S.relu(S.add(S.matmul(x, w), b)));
      assert.equal(chained.item(), composed.item());
      const [own, others] = [chained, composed].map((y) => S.grad(y, [x, w, b]).map((g) => g.arraySync()));
      assert.deepEqual(own, others);
      assert.deepEqual(x.sum({ axis: 0 }).arraySync(), [4, 2]);
      assert.deepEqual(x.indexSelect([1]).arraySync(), [[3, 4]]);
      assert.deepEqual(x.less(b.slice([0], [1])).where(x, x.neg()).shape, [2, 2]);
    });
  });
}

test('methods have the types of their functions', () => {
  const x = S.ones([2, 2]);
  const y: S.Tensor = x.reshape([4]).softmax().mul(2);
  assert.deepEqual(y.shape, [4]);
  // @ts-expect-error: another name of an option
  assert.throws(() => x.sum({ axes: 0 }), /^TypeError: sum: unknown option "axes"/);
  // @ts-expect-error: a text
  assert.throws(() => x.add('1'), /^TypeError: add: b must be a tensor or a number, not "1"/);
});

test.run();
