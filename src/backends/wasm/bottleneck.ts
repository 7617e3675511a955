import type { BottleneckSpec, FusedKernel, View } from '../backend.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';
import type { WasmPlaces } from './places.ts';
import type { WasmSparseProducts } from './sparse.ts';
import type { SparseBottleneck } from './sparse-bottleneck.ts';

/** The places of the inputs that are always there. */
const [X, DOWN, DOWN_BIAS, UP, UP_BIAS] = [0, 1, 2, 3, 4];

/** The places of D and U where they are sparse. */
const placesOf = ({ downPlaces, upPlaces }: BottleneckSpec): (WasmPlaces | null)[] =>
  [downPlaces, upPlaces].map((places) => (places ? (places.opaqueBuffer as WasmPlaces) : null));

/** Where places are, the products that made them are. */
function sparseOf({ sparse }: WasmBackend): WasmSparseProducts {
  if (!sparse) throw new Error('There are places of a sparse matrix without the kernels of sparse products.');
  return sparse;
}

/** The kernels for D and U of which both are sparse, where these are faster. */
function sparseBottleneck(
  backend: WasmBackend,
  inputs: readonly View<WasmBuffer>[],
  spec: BottleneckSpec,
  places: readonly (WasmPlaces | null)[],
): SparseBottleneck | null {
  return places.includes(null) ? null : sparseOf(backend).bottleneck(inputs, spec, places);
}

/**
 * Of the forward pass only p = x (m_d ⊙ D)ᵀ + d is kept. With a = f(p), dropped out, and s the scale:
 *
 *     y = residual + a (s m_u ⊙ U)ᵀ + s u
 *     dU = s m_u ⊙ (dyᵀ a)    dm_u = s U ⊙ (dyᵀ a)    du = s · the column sums of dy
 *     dp = f'(p) ⊙ (dy (s m_u ⊙ U)), dropped out as a
 *     dD = m_d ⊙ (dpᵀ x)      dm_d = D ⊙ (dpᵀ x)      dd = the column sums of dp
 *     dx = dp (m_d ⊙ D), and + dy where the residual is x
 */
export function bottleneck(backend: WasmBackend): FusedKernel<BottleneckSpec, WasmBuffer> {
  const { kernels } = backend;

  /** scale · x ⊙ y, without y scale · x; `out` may be x. */
  const scaled = (x: WasmBuffer, y: WasmBuffer | null, scale: number, out = backend.allocate(x.length)): WasmBuffer => {
    kernels.scaledProduct(x, y, scale, out, x.length);
    return out;
  };

  /** Calls `use` with scale · mask ⊙ weight, of which the kept values may be given with their places. */
  const withWeight = (
    values: WasmBuffer,
    mask: WasmBuffer | null,
    places: WasmPlaces | null,
    scale: number,
    use: (seen: WasmBuffer) => void,
  ): void => {
    const weight = places ? sparseOf(backend).toDense({ values, places }) : values;
    const seen = mask || scale !== 1 ? scaled(weight, mask, scale) : weight;
    use(seen);
    if (seen !== weight) backend.free(seen);
    if (weight !== values) backend.free(weight);
  };

  const dropOut = (x: WasmBuffer, { dropout }: BottleneckSpec): void => {
    if (dropout) kernels.dropout(x, x, dropout.p, 1 / (1 - dropout.p), dropout.seed, x.length);
  };

  /** Calls `use` with a. */
  const withActivation = (p: WasmBuffer, spec: BottleneckSpec, use: (a: WasmBuffer) => void): void => {
    const a = backend.allocate(p.length);
    kernels[spec.activation](p, a, p.length);
    dropOut(a, spec);
    use(a);
    backend.free(a);
  };

  return {
    forward(inputs, spec) {
      const [[rows, hidden], [inner]] = [inputs[X].shape, inputs[DOWN_BIAS].shape];
      const [downPlaces, upPlaces] = placesOf(spec);
      const sparse = sparseBottleneck(backend, inputs, spec, [downPlaces, upPlaces]);
      if (sparse) return sparse.forward();
      const input = (place: number | null) => (place === null ? null : inputs[place].buffer);
      const p = backend.allocate(rows * inner);
      const output = backend.allocate(rows * hidden);
      const [a, bias] = [inputs[X].buffer, inputs[DOWN_BIAS].buffer];
      withWeight(inputs[DOWN].buffer, input(spec.downMask), downPlaces, 1, (b) =>
        backend.gemm({ a, b, transposeB: true, bias, c: p, m: rows, n: inner, k: hidden }),
      );
      withActivation(p, spec, (a) =>
        withWeight(inputs[UP].buffer, input(spec.upMask), upPlaces, spec.scale, (b) =>
          withWeight(inputs[UP_BIAS].buffer, null, null, spec.scale, (bias) => {
            const init = input(spec.residual);
            backend.gemm({ a, b, transposeB: true, bias, init, c: output, m: rows, n: hidden, k: inner });
          }),
        ),
      );
      return { output, saved: [p] };
    },

    backward(inputs, _output, [p], dy, needs, spec) {
      const [[rows, hidden], [inner]] = [inputs[X].shape, inputs[DOWN_BIAS].shape];
      const [downPlaces, upPlaces] = placesOf(spec);
      const { scale, residual, downMask, upMask } = spec;
      const input = (place: number | null) => (place === null ? null : inputs[place].buffer);
      const isNeeded = (...places: (number | null)[]) => places.some((place) => place !== null && needs[place]);
      const sparse = sparseBottleneck(backend, inputs, spec, [downPlaces, upPlaces]);
      const gradients = sparse?.backward(p, dy.buffer, needs) ?? inputs.map((): WasmBuffer | null => null);
      /** Gives the gradients of weight and mask from that of scale · mask ⊙ weight. */
      const giveFactors = (
        product: WasmBuffer,
        weight: number,
        mask: number | null,
        places: WasmPlaces | null,
        scale: number,
      ) => {
        if (places) {
          const kept = sparseOf(backend).keptValues(product, places);
          backend.free(product);
          gradients[weight] = scale === 1 ? kept : scaled(kept, null, scale, kept);
          return;
        }
        if (mask !== null && needs[mask]) gradients[mask] = scaled(product, inputs[weight].buffer, scale);
        if (needs[weight]) gradients[weight] = scaled(product, input(mask), scale, product);
        else backend.free(product);
      };

      if (!sparse && isNeeded(UP, upMask)) {
        const product = backend.allocate(hidden * inner);
        const [a, c] = [dy.buffer, product];
        withActivation(p, spec, (b) => backend.gemm({ a, transposeA: true, b, c, m: hidden, n: inner, k: rows }));
        giveFactors(product, UP, upMask, upPlaces, scale);
      }
      if (needs[UP_BIAS]) {
        const sums = backend.reduce('sum', dy, [0]);
        gradients[UP_BIAS] = scaled(sums, null, scale, sums);
      }
      if (!sparse && isNeeded(X, DOWN, downMask, DOWN_BIAS)) {
        const dp = backend.allocate(rows * inner);
        withWeight(inputs[UP].buffer, input(upMask), upPlaces, scale, (b) =>
          backend.gemm({ a: dy.buffer, b, c: dp, m: rows, n: inner, k: hidden }),
        );
        dropOut(dp, spec);
        kernels[`${spec.activation}Backward`](p, dp, dp, dp.length);
        if (isNeeded(DOWN, downMask)) {
          const product = backend.allocate(inner * hidden);
          const [a, b] = [dp, inputs[X].buffer];
          backend.gemm({ a, transposeA: true, b, c: product, m: inner, n: hidden, k: rows });
          giveFactors(product, DOWN, downMask, downPlaces, 1);
        }
        if (needs[DOWN_BIAS]) gradients[DOWN_BIAS] = backend.reduce('sum', { buffer: dp, shape: [rows, inner] }, [0]);
        if (needs[X]) {
          const dx = backend.allocate(rows * hidden);
          const init = residual === X ? dy.buffer : null;
          withWeight(inputs[DOWN].buffer, input(downMask), downPlaces, 1, (b) =>
            backend.gemm({ a: dp, b, init, c: dx, m: rows, n: hidden, k: inner }),
          );
          gradients[X] = dx;
        }
        backend.free(dp);
      }
      if (residual !== null && residual !== X && needs[residual]) gradients[residual] = scaled(dy.buffer, null, 1);
      return gradients;
    },
  };
}
