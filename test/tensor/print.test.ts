import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import { grad, mul, ones, setBackend, sum, tensor, tidy } from '../../src/index.ts';
import { printedValues } from '../../src/tensor/print.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { shapes } from '../support/strategies.ts';

const test = suite('tensor: printed and nested values');

const counted = (length: number) => Float32Array.from({ length }, (_, i) => i);
const floats = (...values: number[]) => Float32Array.from(values);

const printed: readonly [string, ArrayLike<number>, readonly number[], readonly string[]][] = [
  ['a scalar', [2.5], [], ['2.5']],
  ['a vector', [1, 2, 3], [3], ['[1, 2, 3]']],
  ['columns, aligned', [1, -20, 300, 4], [2, 2], ['[[  1, -20],', ' [300,   4]]']],
  ['four decimals at most', floats(1.5, 2.25, -1 / 3), [3], ['[ 1.5000,  2.2500, -0.3333]']],
  ['as many decimals as are needed', [1.5, 2.25, 0], [3], ['[1.50, 2.25, 0.00]']],
  ['what float32 does not hold exactly', floats(0.1, 0.2), [2], ['[0.1, 0.2]']],
  ['small numbers', [1e-6, 1], [2], ['[1.0000e-6, 1.0000e+0]']],
  ['large numbers', [2e9, 1], [2], ['[2.0000e+9, 1.0000e+0]']],
  ['NaN and infinity', [Number.NaN, Number.POSITIVE_INFINITY, 1.5], [3], ['[     NaN, Infinity,      1.5]']],
  ['the zero below 0, with its sign', [-0, 0, 2.5], [3], ['[-0.0,  0.0,  2.5]']],
  ['nothing', [], [0], ['[]']],
  ['rows of nothing', [], [2, 0], ['[[],', ' []]']],
  ['matrices', counted(8), [2, 2, 2], ['[[[0, 1],', '  [2, 3]],', '', ' [[4, 5],', '  [6, 7]]]']],
  ['a thousand numbers in lines', counted(1000), [1000], [/^\[ {2}0, .{70,80}\n {2}16, [^.]*999\]$/.source]],
  ['a long vector', counted(1001), [1001], ['[   0,    1,    2, ...,  998,  999, 1000]']],
  [
    'a large matrix',
    counted(2000),
    [20, 100],
    [
      '[[   0,    1,    2, ...,   97,   98,   99],',
      ' [ 100,  101,  102, ...,  197,  198,  199],',
      ' [ 200,  201,  202, ...,  297,  298,  299],',
      ' ...,',
      ' [1700, 1701, 1702, ..., 1797, 1798, 1799],',
      ' [1800, 1801, 1802, ..., 1897, 1898, 1899],',
      ' [1900, 1901, 1902, ..., 1997, 1998, 1999]]',
    ],
  ],
  [
    'a large matrix of few columns',
    counted(1206),
    [201, 6],
    [
      '[[   0,    1,    2,    3,    4,    5],',
      ' [   6,    7,    8,    9,   10,   11],',
      ' [  12,   13,   14,   15,   16,   17],',
      ' ...,',
      ' [1188, 1189, 1190, 1191, 1192, 1193],',
      ' [1194, 1195, 1196, 1197, 1198, 1199],',
      ' [1200, 1201, 1202, 1203, 1204, 1205]]',
    ],
  ],
];

for (const [what, values, shape, lines] of printed) {
  test(`printed: ${what}`, () => {
    const text = printedValues(values, shape);
    if (lines[0].startsWith('^')) assert.match(text, new RegExp(lines[0]));
    else assert.equal(text, lines.join('\n'));
  });
}

test('no line of a vector is longer than a terminal, and none of its numbers is lost', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -9999, max: 9999 }), { minLength: 1, maxLength: 300 }), (values) => {
      const text = printedValues(values, [values.length]);
      for (const line of text.split('\n')) assert.ok(line.length <= 81, line);
      assert.deepEqual(JSON.parse(text), values);
    }),
    { seed: 1 },
  );
});

/** The text that `console.log` asks an object for, in Node.js and Bun, and in Deno. */
const shownBy = (name: string, x: Tensor): string => (Reflect.get(x, Symbol.for(name)) as () => string).call(x);

for (const [name, dtype] of [
  ['wasm', 'float32'],
  ['reference', 'float64'],
] as const) {
  test(`String(x) and console.log show shape, type, backend and values (${name})`, async () => {
    await setBackend(name, { dtype });
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    assert.equal(String(x), `Tensor [2, 2] (${dtype}, ${name})\n[[1, 2],\n [3, 4]]`);
    assert.equal(shownBy('nodejs.util.inspect.custom', x), String(x));
    assert.equal(shownBy('Deno.customInspect', x), String(x));
    assert.equal(String(tensor(1)), `Tensor [] (${dtype}, ${name}) 1`);
    const w = tensor([1, 2], { requiresGrad: true });
    assert.equal(String(w), `Tensor [2] (${dtype}, ${name}, requiresGrad) [1, 2]`);
    w.dispose();
    assert.equal(String(w), `Tensor [2] (${dtype}, ${name}, requiresGrad): freed`);
  });

  test(`values come out nested as they went in (${name})`, async () => {
    await setBackend(name, { dtype });
    fc.assert(
      fc.property(shapes('small'), (shape) =>
        tidy(() => {
          const size = shape.reduce((product, n) => product * n, 1);
          const x = tensor(counted(size), shape);
          const values = x.arraySync();
          // What has no numbers does not tell the lengths after its first 0.
          const depth = shape.indexOf(0);
          assert.deepEqual(tensor(values).shape, depth < 0 ? shape : shape.slice(0, depth + 1));
          assert.deepEqual([values].flat(9), [...x.dataSync()]);
        }),
      ),
      { seed: 1 },
    );
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    assert.deepEqual(await x.array(), [
      [1, 2],
      [3, 4],
    ]);
    assert.equal(await tensor(5).array(), 5);
  });

  test(`options may stand in the place of the shape (${name})`, async () => {
    await setBackend(name, { dtype });
    const w = tensor([[1], [2]], { requiresGrad: true });
    assert.deepEqual(w.shape, [2, 1]);
    assert.deepEqual(grad(sum(mul(w, w)), [w])[0].arraySync(), [[2], [4]]);
    assert.equal(tensor(counted(6), { requiresGrad: true }).requiresGrad, true);
    assert.equal(tensor([1, 2], {}).requiresGrad, false);
    assert.deepEqual(tensor([1, 2], [2, 1], { requiresGrad: true }).shape, [2, 1]);
  });
}

test('where a backend cannot read at once there is a hint, and what is asynchronous works', async () => {
  const backend = new ReferenceBackend('float32');
  Object.defineProperty(backend, 'readSync', { value: undefined });
  const x = Tensor.fromBuffer(backend, backend.upload([1]), [1, 1]);
  assert.equal(String(x), 'Tensor [1, 1] (float32, reference): its values are read by await x.data()');
  const because = "the backend 'reference' cannot read at once";
  assert.throws(() => x.item(), new RegExp(`^Error: item: ${because}; use await x\\.data\\(\\)\\.$`));
  assert.throws(() => x.dataSync(), new RegExp(`^Error: dataSync: ${because}; use await x\\.data\\(\\)\\.$`));
  assert.throws(() => x.arraySync(), new RegExp(`^Error: arraySync: ${because}; use await x\\.array\\(\\)\\.$`));
  assert.deepEqual([...(await x.data())], [1]);
  assert.deepEqual(await x.array(), [[1]]);
});

test('as JSON a tensor is its shape and type, on a backend that cannot read at once and freed too', () => {
  const backend = new ReferenceBackend('float32');
  Object.defineProperty(backend, 'readSync', { value: undefined });
  const x = Tensor.fromBuffer(backend, backend.upload([1, 2]), [1, 2]);
  assert.equal(JSON.stringify({ x }), '{"x":{"shape":[1,2],"dtype":"float32"}}');
  x.dispose();
  assert.equal(JSON.stringify(x), '{"shape":[1,2],"dtype":"float32"}');
});

test('an error about a tensor names its shape, not its values', () => {
  assert.throws(() => grad(sum(ones([2])), [ones([2])]), /^Error: grad: the input \[2\] does not require a gradient/);
});

test.run();
