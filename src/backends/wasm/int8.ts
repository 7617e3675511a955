import type { Buffer, Int8Products, View } from '../backend.ts';
import { LARGEST_DEPTH } from '../reference/int8.ts';
import type { Block } from './allocator.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';
import * as int8Binary from './int8-binary.ts';
import { type Int8Kind, int8Choice, int8Kinds } from './int8-kind.ts';
import type { Memory } from './memory.ts';
import { addModule } from './module.ts';

const padded = (n: number): number => Math.ceil(n / 16) * 16;

/** The parts of a matrix in its block, as byte offsets. */
function partsOf(n: number, k: number) {
  const [rows, columns] = [padded(n), padded(k)];
  const scales = rows * columns;
  const rowSums = scales + 4 * rows;
  const columnSums = rowSums + 4 * rows;
  return { scales, rowSums, columnSums, bytes: columnSums + 4 * columns };
}

/** A frozen weight [n, k] in 8 bits: panels of whole numbers, the scales of its rows, and the sums of its rows and columns. */
export class WasmInt8 {
  readonly opaque = 'int8';
  readonly n: number;
  readonly k: number;
  readonly block: Block;

  constructor(n: number, k: number, memory: Memory) {
    this.n = n;
    this.k = k;
    this.block = memory.allocate(this.bytes);
  }

  get length(): number {
    return this.n * this.k;
  }

  get bytes(): number {
    return partsOf(this.n, this.k).bytes;
  }

  /** Byte addresses of the parts. */
  get addresses() {
    const { start } = this.block;
    const { scales, rowSums, columnSums } = partsOf(this.n, this.k);
    return { panels: start, scales: start + scales, rowSums: start + rowSums, columnSums: start + columnSums };
  }
}

/** Rounded rows of an array, and their scales and zero points. */
interface Rounded {
  readonly of: WasmBuffer;
  readonly m: number;
  readonly k: number;
  readonly block: Block;
  readonly q: number;
  readonly scales: number;
  readonly zeros: number;
}

/** The products of 8-bit weights by the kernels of one kind. */
export class WasmInt8Products implements Int8Products<WasmBuffer, WasmInt8> {
  readonly #backend: WasmBackend;
  readonly #kind: () => Int8Kind;
  readonly #scratchOf: (depth: number) => number;
  /** The input of the last product: query, key and value have the same one. */
  #last: Rounded | null = null;

  /**
   * @param kind called when it is needed first
   * @param scratchOf bytes of scratch for each thread of a product of this depth
   */
  constructor(backend: WasmBackend, kind: () => Int8Kind, scratchOf: (depth: number) => number) {
    this.#backend = backend;
    this.#kind = kind;
    this.#scratchOf = scratchOf;
  }

  pack({ buffer, shape }: View<WasmBuffer>): WasmInt8 {
    const [n, k] = shape;
    if (shape.length !== 2 || n < 1 || k < 1 || Math.max(n, k) > LARGEST_DEPTH)
      throw new RangeError(
        `Only a matrix of 1 to ${LARGEST_DEPTH} rows and columns can be held in 8 bits, not [${shape}].`,
      );
    const out = this.#backend.track(new WasmInt8(n, k, this.#backend.memory));
    const { panels, scales, rowSums, columnSums } = out.addresses;
    const { kernels } = this.#backend;
    const scratch = 4 * padded(k) + 64;
    kernels.packInt8(buffer.stored, buffer.isF16, panels, scales, rowSums, n, k, padded(n), scratch);
    kernels.sumInt8(panels, columnSums, n, k, padded(k));
    return out;
  }

  linear({ buffer, shape: [m, k] }: View<WasmBuffer>, weight: WasmInt8, bias: View<WasmBuffer> | null): WasmBuffer {
    const { panels, scales, rowSums } = weight.addresses;
    const { n } = weight;
    const out = this.#backend.allocate(m * n);
    if (!this.#last || this.#last.of !== buffer || this.#last.k !== k) {
      this.#forget();
      this.#last = this.#round(buffer, null, m, k);
    }
    this.#multiply(this.#last, panels, false, rowSums, scales, bias?.buffer ?? null, out, n);
    return out;
  }

  backward({ buffer, shape: [m, n] }: View<WasmBuffer>, weight: WasmInt8): WasmBuffer {
    const { panels, scales, columnSums } = weight.addresses;
    const out = this.#backend.allocate(m * weight.k);
    const rounded = this.#round(buffer, scales, m, n);
    try {
      this.#multiply(rounded, panels, true, columnSums, null, null, out, weight.k);
    } finally {
      this.#backend.memory.free(rounded.block);
    }
    return out;
  }

  /** For people: the kernels and their speed. */
  describe(): string {
    const { kind, gain } = int8Choice();
    return `8-bit kernels '${kind}' (${gain.toFixed(2)} times the speed of float32)`;
  }

  gain(): number {
    return int8Choice().gain;
  }

  /** Forgets what was made of an array that is freed, or without an argument of any. */
  forget(buffer?: Buffer): void {
    if (buffer === undefined || this.#last?.of === buffer) this.#forget();
  }

  #forget(): void {
    if (this.#last) this.#backend.memory.free(this.#last.block);
    this.#last = null;
  }

  #round(of: WasmBuffer, columnScales: number | null, m: number, k: number): Rounded {
    const { memory, kernels } = this.#backend;
    const size = m * padded(k);
    const isWide = this.#kind() === 'widened';
    const block = memory.allocate((isWide ? 3 : 1) * size + 8 * m);
    const scales = block.start;
    const zeros = scales + 4 * m;
    const bytes = zeros + 4 * m;
    kernels.quantizeInt8(of, columnScales, bytes, scales, zeros, k, m);
    if (!isWide) return { of, m, k, block, q: bytes, scales, zeros };
    kernels.widenInt8(bytes, bytes + size, size);
    return { of, m, k, block, q: bytes + size, scales, zeros };
  }

  #multiply(
    { q, scales, zeros, m, k }: Rounded,
    panels: number,
    transposed: boolean,
    sums: number,
    columnScales: number | null,
    bias: WasmBuffer | null,
    out: WasmBuffer,
    n: number,
  ): void {
    const kind = int8Kinds.indexOf(this.#kind());
    const depth = padded(k);
    const scratch = this.#scratchOf(depth);
    this.#backend.kernels.multiplyInt8(
      kind,
      q,
      scales,
      zeros,
      panels,
      transposed,
      sums,
      columnScales,
      bias,
      out,
      m,
      n,
      depth,
      n,
      scratch,
    );
  }
}

/** Makes the products of 8-bit weights on a backend. @param kind default: the fastest here, found when it is needed first */
export function openInt8(backend: WasmBackend, kind?: Int8Kind): WasmInt8Products {
  const { int8Scratch } = backend.addKernels(addModule(int8Binary));
  return new WasmInt8Products(backend, () => kind ?? int8Choice().kind, int8Scratch);
}
