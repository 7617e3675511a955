import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { WasmBackend, type WasmBuffer } from '../../src/backends/wasm/index.ts';
import {
  add,
  gelu,
  grad,
  hvp,
  layerNorm,
  linear,
  memory,
  mul,
  packedAttention,
  sum,
  type Tensor,
  tidy,
} from '../../src/index.ts';
import { selfAttention } from '../support/attention.ts';
import { wasm } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { coefficients, range, toTensor } from '../support/values.ts';

const test = suite('autograd: second order of fused operations');

/** A backend that knows the most bytes its tensors held at a time. */
class Watched extends WasmBackend {
  peak = 0;

  override allocate(length: number): WasmBuffer {
    const buffer = super.allocate(length);
    this.peak = Math.max(this.peak, this.bytes());
    return buffer;
  }

  /** The most that `fn` holds at a time, above what there is before. */
  peakOf(fn: () => void): number {
    const before = this.bytes();
    this.peak = before;
    tidy(() => {
      fn();
    });
    assert.equal(this.bytes(), before, 'something was left behind');
    return this.peak - before;
  }
}

/** A transformer encoder of frozen matrices; gradients are asked for one small matrix in each layer. */
function encoder(backend: WasmBackend, layers: number): { loss: () => Tensor; leaves: Tensor[] } {
  const [sequences, length, hidden, heads] = [4, 48, 64, 4];
  const rows = sequences * length;
  const weight = (seed: number, ...shape: number[]) =>
    tidy(() => mul(toTensor(backend, coefficients(shape, seed)), 1 / Math.sqrt(shape[1] ?? 1)));
  const vector = () => weight(1, hidden);
  const spec = selfAttention({
    heads,
    scale: 1 / Math.sqrt(hidden / heads),
    offsets: range(sequences + 1).map((s) => s * length),
    keyCounts: range(sequences).map(() => length),
  });
  const modules = range(layers).map((layer) => ({
    adapter: weight(layer, 8, hidden).leafView([8, hidden], true),
    up: weight(layer + 1, hidden, 8),
    query: weight(layer + 2, hidden, hidden),
    key: weight(layer + 3, hidden, hidden),
    value: weight(layer + 4, hidden, hidden),
    wide: weight(layer + 5, 4 * hidden, hidden),
    narrow: weight(layer + 6, hidden, 4 * hidden),
    norms: [
      [vector(), vector()],
      [vector(), vector()],
    ],
  }));
  const input = weight(0, rows, hidden);
  const loss = () => {
    let x = input;
    for (const { adapter, up, query, key, value, wide, narrow, norms } of modules) {
      const context = packedAttention(linear(x, query), linear(x, key), linear(x, value), spec);
      const adapted = add(context, linear(gelu(linear(context, adapter)), up));
      const y = layerNorm(add(adapted, x), norms[0][0], norms[0][1], 1e-5);
      x = layerNorm(add(linear(gelu(linear(y, wide)), narrow), y), norms[1][0], norms[1][1], 1e-5);
    }
    return sum(mul(x, x));
  };
  return { loss, leaves: modules.map(({ adapter }) => adapter) };
}

/** Each activation has a gradient that the second pass needs too; all else is there for one operation at a time. */
const MULTIPLE = 2.5;

test(`a Hessian-vector product of a transformer takes at most ${MULTIPLE} times the memory of its gradient`, () => {
  const backend = new Watched();
  for (const layers of [2, 6]) {
    const { loss, leaves } = encoder(backend, layers);
    const gradient = backend.peakOf(() => grad(loss(), leaves));
    const product = backend.peakOf(() => hvp(loss, leaves, leaves));
    assert.ok(product <= MULTIPLE * gradient, `${layers} layers: ${product} bytes are ${product / gradient} times`);
  }
});

test('a product leaves nothing in the scope around it but its result', () => {
  const { loss, leaves } = encoder(wasm as WasmBackend, 1);
  tidy(() => {
    const before = memory().tensors;
    const products = hvp(loss, leaves, leaves);
    assert.equal(memory().tensors - before, products.length);
  });
});

test('a differentiable gradient of a kernel holds its results alone', () => {
  tidy(() => {
    const [x, weight, bias] = [[5, 7], [7], [7]].map((shape, i) => toTensor(wasm, coefficients(shape, i), true));
    const y = layerNorm(x, weight, bias, 1e-5);
    const gradOutput = toTensor(wasm, coefficients([5, 7], 3));
    const before = memory().tensors;
    const gradients = grad(y, [x, weight, bias], { gradOutput, createGraph: true });
    // gradOutput gets a name of its own in the graph.
    assert.equal(memory().tensors - before, gradients.length + 1);
  });
});

test('gradients that were computed together can be differentiated and freed one by one', () => {
  tidy(() => {
    const leaves = () => range(3).map((i) => toTensor(wasm, coefficients([4, 6], i), true));
    const spec = selfAttention({ heads: 2, scale: 0.5, offsets: [0, 4], keyCounts: [3] });
    const gradients = ([q, k, v]: Tensor[]) => {
      const y = packedAttention(q, k, v, spec);
      return grad(sum(mul(y, y)), [q, k, v], { createGraph: true });
    };
    const together = leaves();
    const weighted = (g: Tensor) => sum(mul(g, toTensor(wasm, coefficients(g.shape, 5))));
    const expected = gradients(together).map((g) => grad(weighted(g), together, { retainGraph: true }));
    range(3).forEach((i) => {
      const alone = leaves();
      const all = gradients(alone);
      for (const [j, g] of all.entries()) if (j !== i) g.dispose();
      grad(weighted(all[i]), alone).forEach((g, j) => {
        assertClose(g, expected[i][j], 1e-6, `gradient ${i}, input ${j}`);
      });
    });
  });
});

test.run();
