import type { BottleneckSpec, View } from '../backend.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';
import { TOKENS, type WasmPlaces } from './places.ts';
import type { WasmSparseProducts } from './sparse.ts';

/** The places of the inputs that are always there. */
const [X, DOWN, DOWN_BIAS, UP, UP_BIAS] = [0, 1, 2, 3, 4];

/** A bottleneck whose D and U are sparse: the same formulas as in bottleneck.ts, with all that is [rows, inner] in tiles of 64 rows. */
export class SparseBottleneck {
  readonly #backend: WasmBackend;
  readonly #sparse: WasmSparseProducts;
  readonly #inputs: readonly View<WasmBuffer>[];
  readonly #spec: BottleneckSpec;
  readonly #down: WasmPlaces;
  readonly #up: WasmPlaces;

  private constructor(
    backend: WasmBackend,
    sparse: WasmSparseProducts,
    inputs: readonly View<WasmBuffer>[],
    spec: BottleneckSpec,
    down: WasmPlaces,
    up: WasmPlaces,
  ) {
    this.#backend = backend;
    this.#sparse = sparse;
    this.#inputs = inputs;
    this.#spec = spec;
    this.#down = down;
    this.#up = up;
  }

  /** Returns the one for these inputs; null where the dense kernels are faster, or a matrix is dense. */
  static of(
    backend: WasmBackend,
    sparse: WasmSparseProducts,
    inputs: readonly View<WasmBuffer>[],
    spec: BottleneckSpec,
    [down, up]: readonly (WasmPlaces | null)[],
  ): SparseBottleneck | null {
    const [rows, hidden] = inputs[X].shape;
    if (!down || !up || !sparse.pays([down, up], rows, hidden)) return null;
    return new SparseBottleneck(backend, sparse, inputs, spec, down, up);
  }

  get #rows(): number {
    return this.#inputs[X].shape[0];
  }

  #tiles(): { readonly buffer: WasmBuffer; readonly ofTiles: true } {
    return { buffer: this.#backend.allocate(this.#sparse.tiledLength(this.#rows, this.#down.rows)), ofTiles: true };
  }

  #dropOut(buffer: WasmBuffer): void {
    const { dropout } = this.#spec;
    if (!dropout) return;
    const inner = this.#down.rows;
    const tiles = buffer.length / (TOKENS * inner);
    this.#backend.kernels.dropTiles(buffer, dropout.p, 1 / (1 - dropout.p), dropout.seed, inner, tiles);
  }

  /** a, of p in tiles. */
  #activation(p: WasmBuffer) {
    const a = this.#tiles();
    this.#backend.kernels[this.#spec.activation](p, a.buffer, p.length);
    this.#dropOut(a.buffer);
    return a;
  }

  #scaled(place: number, use: (scaled: WasmBuffer) => void): void {
    const { buffer } = this.#inputs[place];
    const { scale } = this.#spec;
    if (scale === 1) {
      use(buffer);
      return;
    }
    const scaled = this.#backend.allocate(buffer.length);
    this.#backend.kernels.scaledProduct(buffer, null, scale, scaled, buffer.length);
    use(scaled);
    this.#backend.free(scaled);
  }

  forward(): { output: WasmBuffer; saved: WasmBuffer[] } {
    const [backend, sparse, inputs, rows] = [this.#backend, this.#sparse, this.#inputs, this.#rows];
    const p = this.#tiles();
    const down = sparse.direct({ values: inputs[DOWN].buffer, places: this.#down });
    sparse.product(inputs[X], down, { bias: inputs[DOWN_BIAS].buffer }, p, rows);
    const a = this.#activation(p.buffer);
    const output = backend.allocate(inputs[X].buffer.length);
    const { residual } = this.#spec;
    const init = residual === null ? null : inputs[residual].buffer;
    this.#scaled(UP, (values) =>
      this.#scaled(UP_BIAS, (bias) => {
        const up = sparse.direct({ values, places: this.#up });
        sparse.product(a, up, { bias, init }, { buffer: output }, rows);
      }),
    );
    backend.free(a.buffer);
    return { output, saved: [p.buffer] };
  }

  /** @returns the gradients of x, D, d and U of those with `needs`, null for the others; those of the bias u and the residual are of dy alone */
  backward(p: WasmBuffer, dy: WasmBuffer, needs: readonly boolean[]): (WasmBuffer | null)[] {
    const [backend, sparse, inputs, rows] = [this.#backend, this.#sparse, this.#inputs, this.#rows];
    const { kernels } = backend;
    const { scale, residual, activation } = this.#spec;
    const gradients = inputs.map((): WasmBuffer | null => null);
    const dp = this.#tiles();
    this.#scaled(UP, (values) => {
      const up = { values, places: this.#up };
      if (needs[UP]) {
        const a = this.#activation(p);
        gradients[UP] = sparse.backward(a, { buffer: dy }, up, { dx: dp }, rows, scale);
        backend.free(a.buffer);
      } else {
        sparse.withTransposed(up, (operand) => sparse.product({ buffer: dy }, operand, {}, dp, rows));
      }
    });
    this.#dropOut(dp.buffer);
    kernels[`${activation}Backward`](p, dp.buffer, dp.buffer, p.length);
    if (needs[DOWN_BIAS]) {
      const inner = this.#down.rows;
      const shape = [p.length / (TOKENS * inner), inner, TOKENS];
      gradients[DOWN_BIAS] = backend.reduce('sum', { buffer: dp.buffer, shape }, [0, 2]);
    }
    const down = { values: inputs[DOWN].buffer, places: this.#down };
    const dx = needs[X] ? { buffer: backend.allocate(inputs[X].buffer.length) } : null;
    const init = residual === X ? dy : null;
    gradients[X] = dx?.buffer ?? null;
    if (!dx && needs[DOWN]) gradients[DOWN] = sparse.sample(dp, inputs[X], this.#down, rows);
    else if (dx && needs[DOWN]) gradients[DOWN] = sparse.backward(inputs[X], dp, down, { dx, init }, rows);
    else if (dx) sparse.withTransposed(down, (operand) => sparse.product(dp, operand, { init }, dx, rows));
    backend.free(dp.buffer);
    return gradients;
  }
}
