import type { View } from '../backend.ts';
import type { GpuBackend, GpuBuffer } from './index.ts';
import { programs } from './sources.ts';

/** The rows along the last axis, and how many numbers are in each. */
export function rowsOf({ buffer, shape }: View<GpuBuffer>): { rows: number; n: number } {
  const n = shape[shape.length - 1];
  return { rows: n && buffer.length / n, n };
}

/** Returns the softmax along the last axis or its logarithm, from the largest number of each row, and the sum of e^(x - largest). */
export function normalised(backend: GpuBackend, x: View<GpuBuffer>, program: 'softmax' | 'logSoftmax'): GpuBuffer {
  const { rows, n } = rowsOf(x);
  return backend.scoped((own) => {
    const top = own(backend.reduce('max', x, [x.shape.length - 1]));
    const total = own(backend.run(programs.rowExpSum, rows, [x.buffer, top, n], { rounds: n }));
    return backend.run(programs[program], x.buffer.length, [x.buffer, top, total, n]);
  });
}

/** Returns dL/dx from dL/dy for the softmax y along rows. */
export function softmaxGradient(backend: GpuBackend, y: View<GpuBuffer>, dy: GpuBuffer): GpuBuffer {
  const { rows, n } = rowsOf(y);
  return backend.scoped((own) => {
    const dots = own(backend.run(programs.rowDot, rows, [y.buffer, dy, n], { rounds: n }));
    return backend.run(programs.softmaxBackward, y.buffer.length, [y.buffer, dy, dots, n]);
  });
}

export const softmaxOf = (backend: GpuBackend, x: View<GpuBuffer>): GpuBuffer => normalised(backend, x, 'softmax');
