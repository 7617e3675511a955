import assert from 'node:assert/strict';
import type { WasmBackend } from '../../src/backends/wasm/index.ts';
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
