import { Memory } from './memory.ts';
import { instantiate, isCompiled } from './module.ts';

const FLAG = '--experimental-wasm-revectorize';
/** The first Node.js whose V8 (13.6) gains from the flag; an older one takes it and gets slower, or does not know it. */
const FIRST_NODE = 24;
/** Milliseconds for which both tiles are tried; V8 optimises the kernels in the meantime. */
const PROBE = 250;
/** The factor by which the tile of 16 columns must be faster. */
const GAIN = 1.1;

export type TileColumns = 8 | 16;

export interface Simd256 {
  readonly active: boolean;
  /** The measured gain, or why they are not active. */
  readonly reason: string;
}

const notAsked: Simd256 = {
  active: false,
  reason: 'not asked for: call enableSimd256() or set SPARSE_ADAPTER_SIMD256=1',
};
let found: Simd256 | null = null;

/** Returns whether 256-bit kernels are in use, and why not if not. */
export const simd256 = (): Simd256 => found ?? notAsked;

/** Returns the columns of the tile that suits this process. */
export const preferredColumns = (): TileColumns => (simd256().active ? 16 : 8);

/**
 * Lets V8 fuse pairs of 128-bit vector operations into 256-bit ones, which can double the speed of matrix products. This sets
 * an experimental flag of the whole process, so it happens only when a program asks: by this call before its first tensor, or
 * by SPARSE_ADAPTER_SIMD256=1 in the environment. The kernels are used only if they pass a comparison with plain loops and are
 * faster here and now. No result depends on them.
 */
export function enableSimd256(): Simd256 {
  found ??= trySimd256();
  return found;
}

function trySimd256(): Simd256 {
  const { process } = globalThis;
  const version = Number(process?.versions?.node?.split('.')[0]);
  if (!(version >= FIRST_NODE)) return { active: false, reason: `needs Node.js ${FIRST_NODE} or later` };
  if (isCompiled()) return { active: false, reason: 'was asked for after the first tensor was made' };
  process.getBuiltinModule('node:v8').setFlagsFromString(FLAG);
  return probe();
}

/** Checks and times both tiles on one product. */
function probe(): Simd256 {
  const memory = new Memory();
  const kernels = instantiate(memory.wasm);
  memory.start(kernels.heapBase());
  const [m, n, k] = [96, 192, 200];
  const [a, b, c] = [m * k, k * n, m * n].map((length) => memory.allocate(4 * length).start);
  const scratch = memory.allocate(kernels.gemmScratch()).start;
  // Small whole numbers: every sum is exact, so the products must be equal.
  for (const [address, length] of [
    [a, m * k],
    [b, k * n],
  ] as const) {
    memory.floats(address, length).forEach((_, i, values) => {
      values[i] = ((i * 7919) % 17) - 8;
    });
  }
  const expected = product(memory.floats(a, m * k), memory.floats(b, k * n), m, n, k);
  const best = { 8: Number.POSITIVE_INFINITY, 16: Number.POSITIVE_INFINITY };
  const end = performance.now() + PROBE;
  while (performance.now() < end) {
    for (const columns of [8, 16] as const) {
      kernels.tileColumns.value = columns;
      const start = performance.now();
      kernels.gemmRows(a, 0, b, 0, 0, 0, 0, c, m, n, k, 0, m, scratch);
      best[columns] = Math.min(best[columns], performance.now() - start);
      if (columns === 16 && !memory.floats(c, m * n).every((x, i) => x === expected[i])) {
        return { active: false, reason: 'the 256-bit kernel gave wrong numbers here' };
      }
    }
  }
  const gain = best[8] / best[16];
  const speed = `${gain.toFixed(2)} times the speed of the 128-bit kernel`;
  return { active: gain >= GAIN, reason: gain >= GAIN ? speed : `no gain: ${speed}` };
}

function product(a: Float32Array, b: Float32Array, m: number, n: number, k: number): Float32Array {
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) for (let j = 0; j < n; j++) c[i * n + j] += a[i * k + l] * b[l * n + j];
  }
  return c;
}
