import { isCompiled } from './module.ts';
import { fastest, fastestNarrowTile, narrowTiles, type Tile, timeTiles } from './tile.ts';

const FLAG = '--experimental-wasm-revectorize';
/** The first Node.js whose V8 (13.6) gains from the flag; an older one takes it and gets slower, or does not know it. */
const FIRST_NODE = 24;
/** The factor by which the tile for 256 bits must be faster. */
const GAIN = 1.1;

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
let tile: Tile | null = null;

/** Returns whether 256-bit kernels are in use, and why not if not. */
export const simd256 = (): Simd256 => found ?? notAsked;

/** Returns the tile that is the fastest in this process, which is measured once. */
export function preferredTile(): Tile {
  tile ??= fastestNarrowTile();
  return tile;
}

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
  if (isCompiled()) return { active: false, reason: 'was asked for after the first tensor was made' };
  const why = engineWithout256Bits();
  if (why !== null) return { active: false, reason: why };
  process.getBuiltinModule('node:v8').setFlagsFromString(FLAG);
  const times = timeTiles([...narrowTiles, '6x16']);
  const narrow = fastest(times, narrowTiles);
  const gain = times.get(narrow)! / times.get('6x16')!;
  if (gain === 0) return { active: false, reason: 'the 256-bit kernel gave wrong numbers here' };
  const isActive = gain >= GAIN;
  tile = isActive ? '6x16' : narrow;
  const speed = `${gain.toFixed(2)} times the speed of the 128-bit kernel`;
  return { active: isActive, reason: isActive ? speed : `no gain: ${speed}` };
}

/** Returns why no program has 256-bit kernels with this engine, whatever the processor; null if it may have them. */
export function engineWithout256Bits(): string | null {
  const { versions } = globalThis.process ?? {};
  if (versions?.bun) return 'Bun has none';
  // It does not let WebAssembly trap, so every load has a check of its address, and none can be joined with the next.
  if (versions?.deno) return 'Deno has none';
  return Number(versions?.node?.split('.')[0]) >= FIRST_NODE ? null : `needs Node.js ${FIRST_NODE} or later`;
}
