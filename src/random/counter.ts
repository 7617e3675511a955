/**
 * A counter-based generator: the i-th number depends on (seed, i) alone, so a dropout mask can be made again in the backward
 * pass and does not depend on the number of threads. The mixing function is the 32-bit integer hash "lowbias32" of
 * C. Wellons' hash prospector (multipliers 0x21f0aaad, 0xd35a2d97), applied to the index, then to its sum with the seed.
 */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97);
  return x ^ (x >>> 15);
}

/** @returns a number in [0, 1) with 24 random bits, exact in float32. `seed` and `index` are unsigned 32-bit integers. */
export function counterUniform(seed: number, index: number): number {
  return (mix((mix(index + 0x9e3779b9) + seed) | 0) >>> 8) * 2 ** -24;
}
