import { getBackend } from '../backends/index.ts';
import { tensorCount } from './tensor.ts';

export interface MemoryInfo {
  /** Tensors that have not been freed, on all backends. */
  readonly tensors: number;
  /** Bytes held by buffers of the current backend. */
  readonly bytes: number;
}

/** The number of live tensors and bytes. A training step that leaks nothing leaves both numbers as they were. */
export function memory(): MemoryInfo {
  return { tensors: tensorCount(), bytes: getBackend().bytes() };
}
