import type { MatmulSpec, View } from '../backend.ts';
import type { GpuBackend, GpuBuffer } from './index.ts';
import { programs } from './sources.ts';

/** A product of so many rows and columns at least is worth the passes that put its operands into blocks. */
const WORTH_PACKING = 8;

export function matmul(backend: GpuBackend, a: GpuBuffer, b: GpuBuffer, spec: MatmulSpec): GpuBuffer {
  const { batch, m, n, k } = spec;
  const length = batch * m * n;
  if (k === 0) return backend.fill(length, 0);
  if (length > 0 && isWorthPacking(m, n)) {
    return backend.scoped((own) => {
      const blocks = own(blockProduct(backend, a, b, spec));
      return backend.run(programs.unpack, length, [blocks, m, n]);
    });
  }
  const { a: left, b: right } = stridesOf(spec);
  return backend.run(programs.matmul, length, [a, b, m, n, k, ...left, ...right], { rounds: k });
}

/** x [m, k] times weight [n, k] transposed, plus bias [n] or nothing. */
export function linear(
  backend: GpuBackend,
  x: View<GpuBuffer>,
  weight: View<GpuBuffer>,
  bias: View<GpuBuffer> | null,
): GpuBuffer {
  const [m, k] = x.shape;
  const n = weight.shape[0];
  const spec = { batch: 1, m, n, k, transposeA: false, transposeB: true };
  if (!bias) return matmul(backend, x.buffer, weight.buffer, spec);
  if (k === 0) return backend.broadcast(bias, [m, n]);
  if (m * n > 0 && isWorthPacking(m, n)) {
    return backend.scoped((own) => {
      const blocks = own(blockProduct(backend, x.buffer, weight.buffer, spec));
      return backend.run(programs.unpackLinear, m * n, [blocks, bias.buffer, n]);
    });
  }
  return backend.run(programs.linear, m * n, [x.buffer, weight.buffer, bias.buffer, n, k], { rounds: k });
}

/** Of the m n k products of a matrix product, packing takes about k (m + n) away. */
const isWorthPacking = (m: number, n: number): boolean => m * n >= WORTH_PACKING * (m + n);

/** Steps down and across the operands. */
function stridesOf({ m, n, k, transposeA, transposeB }: MatmulSpec): { a: [number, number]; b: [number, number] } {
  return { a: transposeA ? [1, m] : [k, 1], b: transposeB ? [1, k] : [n, 1] };
}

const half = (count: number): number => Math.ceil(count / 2);

/** The product in blocks of 2 x 2: four results in each thread, which share the numbers that they are made of. */
function blockProduct(backend: GpuBackend, a: GpuBuffer, b: GpuBuffer, spec: MatmulSpec): GpuBuffer {
  const { batch, m, n, k } = spec;
  const [down, across, count] = [m, n, k].map(half);
  const { a: left, b: right } = stridesOf(spec);
  return backend.scoped((own) => {
    const packed = (x: GpuBuffer, rows: number, steps: readonly number[]) => {
      const values = [rows, k, ...steps];
      const make = () => backend.run(programs.pack, batch * half(rows) * count, [x, ...values]);
      return backend.formOf(x, values.join(), make, own);
    };
    const values = [packed(a, m, left), packed(b, n, right.toReversed()), down, across, count];
    return backend.run(programs.blockProduct, batch * down * across, values, { rounds: count });
  });
}
