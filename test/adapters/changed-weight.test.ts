import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { attachAdapter } from '../../src/adapters/index.ts';
import { kron } from '../../src/adapters/lokr.ts';
import { cayley, skew } from '../../src/adapters/oft.ts';
import { add, matmul, setBackend, sub, tensor, tidy } from '../../src/index.ts';
// It makes known the families that only files bring.
import '../../src/interchange/browser.ts';
import { holdBackbone } from '../../src/models/index.ts';
import { liven, loadedSettings, logits, titleOf } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { forAll } from '../support/property.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

const test = suite('adapters: changed weights');

const values = (length: number, largest: number) =>
  fc.array(fc.double({ min: -largest, max: largest, noNaN: true }), { minLength: length, maxLength: length });

for (const settings of loadedSettings.filter(({ rank }) => rank !== 3)) {
  onEveryBackend(test, `${titleOf(settings)}: it starts as the identity`, () => {
    const model = tinyClassifier();
    const before = logits(model);
    attachAdapter(model, settings);
    assertClose({ shape: [2, 2], values: logits(model) }, { shape: [2, 2], values: before }, 1e-5);
  });
}

const heldAs = (dtype: 'float16' | 'int8', check: (before: number[], now: () => number[], title: string) => void) => {
  for (const settings of loadedSettings) {
    const model = tinyClassifier();
    const adapter = attachAdapter(model, settings);
    liven(adapter);
    const before = logits(model);
    for (const parameter of model.parameters()) parameter.trainable = adapter.parameters.includes(parameter);
    const held = holdBackbone(model, dtype);
    assert.ok(held > 0);
    check(before, () => logits(model), titleOf(settings));
    assert.equal(holdBackbone(model, dtype), held, 'all of it is held still');
  }
};

test('a backbone held as float16 computes nearly the same, and stays held', async () => {
  await setBackend('wasm');
  heldAs('float16', (before, now, title) => {
    const shape = [2, 2];
    const tolerance = 0.01 * Math.max(...before.map(Math.abs));
    const first = now();
    assertClose({ shape, values: first }, { shape, values: before }, tolerance, title);
    assert.deepEqual(now(), first);
  });
});

test('a backbone held as int8 is refused, as its weights cannot be changed', async () => {
  await setBackend('wasm');
  heldAs('int8', (_, now) => assert.throws(now, /held in 8 bits.* hold the backbone in float32/));
});

onEveryBackend(test, 'a Kronecker product has the blocks of its first factor', () => {
  const shape = fc.tuple(...[1, 2, 3, 4].map(() => fc.integer({ min: 1, max: 4 })));
  forAll(
    shape.chain(([l, m, k, n]) => fc.tuple(fc.constant([l, m, k, n]), values(l * m, 3), values(k * n, 3))),
    ([[l, m, k, n], a, b]) => {
      const expected = Array.from({ length: l * k * m * n }, (_, at) => {
        const [row, column] = [Math.floor(at / (m * n)), at % (m * n)];
        const first = a[Math.floor(row / k) * m + Math.floor(column / n)];
        return first * b[(row % k) * n + (column % n)];
      });
      const product = kron(tensor(Float32Array.from(a), [l, m]), tensor(Float32Array.from(b), [k, n]));
      assertClose(product, { shape: [l * k, m * n], values: expected }, 1e-5);
    },
  );
});

onEveryBackend(test, "Cayley's transform R is a rotation with R (I + Q) = I - Q, be Q large or small", () => {
  const size = 4;
  const count = (size * (size - 1)) / 2;
  const identity = [0, 1].flatMap(() => Array.from({ length: size * size }, (_, i) => Number(i % (size + 1) === 0)));
  forAll(fc.tuple(values(2 * count, 1), fc.constantFrom(0, 0.01, 1, 20)), ([entries, scale]) => {
    tidy(() => {
      const q = skew(
        tensor(
          Float32Array.from(entries, (x) => x * scale),
          [2, count],
        ),
        size,
      );
      assertClose(
        add(q, matmul(q, tensor(Float32Array.from(identity), [2, size, size]), { transposeA: true })),
        {
          shape: [2, size, size],
          values: identity.map(() => 0),
        },
        1e-6,
        'a skew matrix',
      );
      const eye = tensor(Float32Array.from(identity), [2, size, size]);
      const r = cayley(q);
      assertClose(matmul(r, r, { transposeB: true }), eye, 1e-4, 'a rotation');
      assertClose(matmul(r, add(eye, q)), sub(eye, q), 1e-4 * Math.max(scale, 1), 'the equation');
    });
  });
});

test.run();
