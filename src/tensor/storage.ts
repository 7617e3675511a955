import type { Backend, Buffer } from '../backends/backend.ts';

/**
 * A buffer and the number of tensors that look at it. The finaliser of a tensor holds this, so where the garbage collector frees the
 * numbers themselves they must not be reachable from here.
 */
export class Storage {
  readonly backend: Backend;
  readonly bytes: number;
  readonly #buffer: Buffer | null;
  #users = 0;
  /** Whether a tensor that the garbage collector is to free was counted with these bytes. */
  counted = false;

  constructor(backend: Backend, buffer: Buffer) {
    this.backend = backend;
    this.#buffer = backend.collected ? null : buffer;
    this.bytes = buffer.bytes ?? (backend.dtype === 'float64' ? 8 : 4) * buffer.length;
  }

  retain(): void {
    this.#users++;
  }

  get isShared(): boolean {
    return this.#users > 1;
  }

  release(): void {
    if (--this.#users > 0) return;
    if (this.#buffer) this.backend.free(this.#buffer);
    else this.backend.collected?.(this.bytes);
  }
}
