import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import {
  type Backend,
  bottleneck,
  grad,
  hvp,
  memory,
  mul,
  Random,
  SparsePattern,
  sum,
  type Tensor,
  toDense,
} from '../../src/index.ts';
import { backends, label, wasm } from '../support/backends.ts';
import { keptOf, type Mask, masks, patternFor } from '../support/cases/sparse.ts';
import { assertClose } from '../support/compare.ts';
import { onGpu } from '../support/gpu.ts';
import { forAll } from '../support/property.ts';
import { sparseOf } from '../support/sparse.ts';
import { arrays } from '../support/strategies.ts';
import { coefficients, toTensor, type Values } from '../support/values.ts';

const test = suite('ops: sparse matrices');

const GRADIENT = 2e-5;
const SECOND = 1e-4;

interface Example {
  readonly down: Mask;
  readonly up: Mask;
  /** Which of both is sparse; the other is dense. */
  readonly sparse: readonly ('down' | 'up')[];
  readonly residual: 'none' | 'x' | 'other';
  readonly scale: number;
  readonly drops: boolean;
  readonly activation: 'gelu' | 'gelu_new' | 'silu' | 'relu' | 'tanh';
  /** x, kept values of D, d, kept values of U, u, the residual */
  readonly inputs: readonly Values[];
}

const width = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }) }, fc.integer({ min: 120, max: 140 }));
const between = (min: number, max: number) => fc.integer({ min, max });
const small = fc.record({ tokens: fc.oneof(between(1, 20), between(30, 140)), hidden: width, inner: width });
/** Sizes that are worth sparse kernels. */
const large = fc.record({ tokens: between(110, 200), hidden: between(128, 160), inner: between(80, 140) });
const examples = (sizes: typeof small): fc.Arbitrary<Example> =>
  sizes.chain(({ tokens, hidden, inner }) =>
    fc.tuple(masks(inner, hidden), masks(hidden, inner)).chain(([down, up]) =>
      fc.record({
        down: fc.constant(down),
        up: fc.constant(up),
        sparse: fc.constantFrom(['down', 'up'] as const, ['down'] as const, ['up'] as const),
        residual: fc.constantFrom('none', 'x', 'other'),
        scale: fc.constantFrom(1, 2.5),
        drops: fc.boolean(),
        activation: fc.constantFrom('gelu', 'gelu_new', 'silu', 'relu', 'tanh'),
        inputs: arrays([[tokens, hidden], [keptOf(down)], [inner], [keptOf(up)], [hidden], [tokens, hidden]]),
      }),
    ),
  );

/** A bottleneck with sparse matrices and with the same ones that are dense, for inputs of kept values. */
function bottlenecks(example: Example, asSparse: boolean): (...inputs: Tensor[]) => Tensor {
  const { sparse, residual, scale, drops, activation } = example;
  return (x, downValues, downBias, upValues, upBias, other) => {
    const matrix = (name: 'down' | 'up', values: Tensor) => {
      const sparseMatrix = { pattern: patternFor(example[name], x), values };
      return asSparse && sparse.includes(name) ? sparseMatrix : toDense(sparseMatrix);
    };
    const y = bottleneck(
      x,
      { down: matrix('down', downValues), downBias, up: matrix('up', upValues), upBias },
      {
        activation,
        scale,
        residual: { none: null, x, other }[residual],
        dropout: drops ? { p: 0.3, random: new Random(5) } : null,
      },
    );
    // The gradient of an unused one would be missing.
    return residual === 'other' ? y : y.add(other.mul(0));
  };
}

const eighth = ({ values, shape }: Values): Values => ({ shape, values: Array.from(values, (v) => v / 8) });

if (!onGpu) {
  for (const backend of backends) {
    test(`a sparse bottleneck on ${label(backend)} is the dense one: value, gradients and products with the Hessian`, () => {
      let sparse = 0;
      forAll(
        backend === wasm ? fc.oneof(small, large).chain((size) => examples(fc.constant(size))) : examples(small),
        (example) => {
          compare(backend, example);
          if (backend instanceof WasmBackend && takesSparseKernels(backend, example)) sparse++;
        },
        backend === wasm ? 40 : 12,
      );
      if (backend instanceof WasmBackend) assert.ok(sparse > 1, `sparse kernels ran ${sparse} times`);
    });

    test(`a pattern gives its mask back on ${label(backend)}, and frees its memory with its last name`, () => {
      const before = [memory().tensors, backend.bytes()];
      forAll(
        fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 300 })).chain(([r, c]) => masks(r, c)),
        ({ bits, rows, columns }) => {
          const pattern = SparsePattern.of(bits, [rows, columns], backend);
          const other = pattern.share();
          pattern.dispose();
          assert.deepEqual(Array.from(other.mask()), bits);
          assert.equal(other.kept, bits.filter((bit) => bit).length);
          assert.throws(() => pattern.mask(), /was freed/);
          other.dispose();
        },
      );
      assert.deepEqual([memory().tensors, backend.bytes()], before);
    });
  }
} else {
  test('a card has no sparse matrices, and says what to take', () => {
    assert.throws(
      () => SparsePattern.of([1, 0], [1, 2], backends[0]),
      /^Error: The backend 'gpu' has no sparse matrices; use a dense one with a mask\.$/,
    );
  });
}

function takesSparseKernels(backend: WasmBackend, { down, up, inputs }: Example): boolean {
  const [tokens, hidden] = inputs[0].shape;
  const places = [down, up].map(({ bits, rows, columns }) => sparseOf(backend).places(bits, rows, columns));
  const pays = sparseOf(backend).pays(places, tokens, hidden);
  for (const each of places) backend.free(each);
  return pays;
}

function compare(backend: Backend, example: Example): void {
  const inputs = () => example.inputs.map((values) => toTensor(backend, eighth(values), true));
  const [sparse, masked] = [inputs(), inputs()];
  const [f, g] = [bottlenecks(example, true), bottlenecks(example, false)];
  const [y, z] = [f(...sparse), g(...masked)];
  assertClose(y, z, 1e-5);
  const gradOutput = toTensor(backend, coefficients(y.shape));
  const expected = grad(z, masked, { gradOutput });
  grad(y, sparse, { gradOutput }).forEach((gradient, i) => {
    assertClose(gradient, expected[i], GRADIENT, `gradient of input ${i}`);
  });
  for (const i of [1, 3]) assert.deepEqual(expected[i].shape, sparse[i].shape);
  const squared = (h: typeof f, of: readonly Tensor[]) => () => {
    const value = h(...of);
    return sum(mul(value, mul(value, toTensor(backend, coefficients(value.shape, 1)))));
  };
  const vectors = sparse.map((x, i) => toTensor(backend, coefficients(x.shape, i)));
  const products = hvp(squared(g, masked), masked, vectors);
  hvp(squared(f, sparse), sparse, vectors).forEach((product, i) => {
    assertClose(product, products[i], SECOND, `product ${i} with the Hessian`);
  });
}

test.run();
