import assert from 'node:assert/strict';
import type { WasmBackend } from '../../src/backends/wasm/index.ts';
import type { OwnPart } from '../../src/backends/wasm/job.ts';
import { Sharing } from '../../src/backends/wasm/sharing.ts';

/** Shares every kernel that is large enough at all, whether it pays or not. */
export class AlwaysShared extends Sharing {
  override isOn(): boolean {
    return true;
  }

  override isWorthWaking(): boolean {
    return true;
  }
}

/** The same, and counts what the workers compute. */
export class CountedShared extends AlwaysShared {
  /** Units of kernels that workers have computed. */
  others = 0;

  override shared(times: { start: number; end: number; allEnd: number }, own: OwnPart, others: number): void {
    this.others += others;
    super.shared(times, own, others);
  }
}

/** Lets workers start, and waits until all take part. */
export async function whenReady(backend: WasmBackend): Promise<void> {
  const x = backend.fill(1 << 18, 1);
  const until = performance.now() + 60_000;
  while (backend.readyThreads() < backend.threads) {
    assert.ok(performance.now() < until, 'the workers did not start');
    backend.free(backend.unary('neg', x));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  backend.free(x);
}

/** Hands out work without a pause until all threads take part, whatever else the machine does. */
export function startWorkers(backend: WasmBackend): void {
  const x = backend.fill(1 << 18, 1);
  const until = performance.now() + 60_000;
  while (backend.readyThreads() < backend.threads) {
    assert.ok(performance.now() < until, 'the workers did not start');
    backend.free(backend.unary('neg', x));
  }
  backend.free(x);
}
