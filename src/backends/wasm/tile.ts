import { Memory } from './memory.ts';
import { hasRelaxedSimd, instantiate, kernelModule } from './module.ts';

/**
 * Rows and columns of a product that its innermost loop keeps in registers. Which one is the fastest depends on the engine; no
 * result depends on it. Those of 8 columns are for 128-bit operations, 6x16 is for V8 where it fuses pairs of them.
 */
export const tiles = ['4x8', '6x8', '6x16'] as const;
export type Tile = (typeof tiles)[number];

export function sizeOfTile(tile: Tile): [rows: number, columns: number] {
  const [rows, columns] = tile.split('x').map(Number);
  return [rows, columns];
}

/** Most milliseconds for which tiles are tried. */
const LONGEST = 250;
/** Milliseconds in which an engine begins to optimise what runs often, if it does not optimise at once. */
const BEFORE_OPTIMISED = 40;
/** An optimised kernel is at least so many times as fast as the first call. */
const OPTIMISED = 2.5;
/** Rounds in a row that are no faster than those before. */
const STEADY = 6;
/** The factor by which a round must be faster to count as such. */
const FASTER = 1.03;

/**
 * Returns the milliseconds that a product takes with each tile once the engine has optimised it, infinite if its numbers are
 * wrong. Takes some tens of milliseconds.
 */
export function timeTiles(candidates: readonly Tile[]): Map<Tile, number> {
  const memory = new Memory();
  const kernels = instantiate(memory.wasm);
  memory.start(kernels.heapBase());
  const [m, n, k] = [48, 96, 200];
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
  const time = (tile: Tile): number => {
    kernels.setTile(...sizeOfTile(tile));
    const start = performance.now();
    kernels.gemmRows(a, 0, b, 0, 0, 0, 0, c, m, n, k, 0, m, scratch);
    const took = performance.now() - start;
    return memory.floats(c, m * n).every((x, i) => x === expected[i]) ? took : Number.POSITIVE_INFINITY;
  };
  const begin = performance.now();
  const first = candidates.map(time);
  const best = [...first];
  for (let steady = 0; steady < STEADY; ) {
    steady++;
    candidates.forEach((tile, i) => {
      const took = time(tile);
      if (took * FASTER < best[i]) steady = 0;
      best[i] = Number.isFinite(took + best[i]) ? Math.min(took, best[i]) : Number.POSITIVE_INFINITY;
    });
    const took = performance.now() - begin;
    if (took > LONGEST) break;
    if (took < BEFORE_OPTIMISED && best.some((time, i) => time * OPTIMISED > first[i])) steady = 0;
  }
  return new Map(candidates.map((tile, i) => [tile, best[i]]));
}

/** The tiles for 128-bit operations. */
export const narrowTiles: readonly Tile[] = ['6x8', '4x8'];

/** Returns the fastest one of some that were timed. */
export const fastest = (times: ReadonlyMap<Tile, number>, among: readonly Tile[]): Tile =>
  among.reduce((best, tile) => (times.get(tile)! < times.get(best)! ? tile : best));

/** Returns the fastest tile for 128-bit operations, which is measured where there is a choice. */
export function fastestNarrowTile(): Tile {
  kernelModule();
  return hasRelaxedSimd() ? fastest(timeTiles(narrowTiles), narrowTiles) : '4x8';
}

function product(a: Float32Array, b: Float32Array, m: number, n: number, k: number): Float32Array {
  const c = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) for (let j = 0; j < n; j++) c[i * n + j] += a[i * k + l] * b[l * n + j];
  }
  return c;
}
