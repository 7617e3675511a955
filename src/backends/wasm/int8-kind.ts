import { int8Forward, quantizeWeights } from '../reference/int8.ts';
import * as int8Binary from './int8-binary.ts';
import { Memory } from './memory.ts';
import { addModule, hasRelaxedSimd, instantiate, kernelModule } from './module.ts';
import { preferredTile } from './simd256.ts';
import { sizeOfTile } from './tile.ts';

/** Instructions of 8-bit products, in the order in which the kernels count them. No result depends on them. */
export const int8Kinds = ['pairs', 'fours', 'widened'] as const;
export type Int8Kind = (typeof int8Kinds)[number];

/** Milliseconds for which all kinds are tried, some 30 each; V8 optimises the kernels in the meantime. */
const PROBE = 120;
/** Products that are timed together: the clock of a browser is coarse. */
const TOGETHER = 4;
/** The factor by which 8 bits must be faster than float32 to be worth their rounding. */
const LEAST_GAIN = 1.3;

/** The instructions that suit this process. */
export interface Int8Choice {
  readonly kind: Int8Kind;
  /** So many times as fast as float32, rounding of the rows included. */
  readonly gain: number;
  /** Whether that is worth it. */
  readonly pays: boolean;
}

/** The kinds that the kernels of this engine have: two of them need relaxed SIMD. */
export function int8KindsHere(): readonly Int8Kind[] {
  kernelModule();
  return hasRelaxedSimd() ? int8Kinds : ['widened'];
}

let found: Int8Choice | null = null;

/** Returns the fastest instructions, which are measured when they are asked for first. */
export function int8Choice(): Int8Choice {
  found ??= probe();
  return found;
}

/** Checks and times all kinds and float32 on one linear layer. */
function probe(): Int8Choice {
  addModule(int8Binary);
  const memory = new Memory();
  const kernels = instantiate(memory.wasm);
  memory.start(kernels.heapBase());
  kernels.setTile(...sizeOfTile(preferredTile()));
  const [m, n, k] = [96, 192, 256];
  const [w, x, y] = [n * k, m * k, m * n].map((length) => memory.allocate(4 * length).start);
  const [panels, q, wide] = [n * k, m * k, 2 * m * k].map((bytes) => memory.allocate(bytes).start);
  const [rowScales, rowSums, scales, zeros] = [n, n, m, m].map((length) => memory.allocate(4 * length).start);
  const scratch = memory.allocate(Math.max(kernels.gemmScratch(), kernels.int8Scratch(k), 4 * k)).start;
  for (const [address, length] of [
    [w, n * k],
    [x, m * k],
  ] as const) {
    memory.floats(address, length).forEach((_, i, values) => {
      values[i] = ((i * 7919) % 257) / 128 - 1;
    });
  }
  kernels.packInt8(w, 0, panels, rowScales, rowSums, n, k, 0, n, scratch);
  const int8 = (kind: Int8Kind) => () => {
    kernels.quantizeInt8(x, 0, q, scales, zeros, k, 0, m);
    if (kind === 'widened') kernels.widenInt8(q, wide, 0, m * k);
    const [number, rows] = [int8Kinds.indexOf(kind), kind === 'widened' ? wide : q];
    kernels.multiplyInt8(number, rows, scales, zeros, panels, 0, rowSums, rowScales, 0, y, m, n, k, 0, n, scratch);
  };
  const float32 = () => kernels.gemmColumns(x, 0, w, 1, 0, 0, 0, y, m, n, k, 0, n, scratch);
  const expected = int8Forward(memory.floats(x, m * k), m, quantizeWeights(memory.floats(w, n * k), n, k), null);
  const isRight = (kind: Int8Kind) => {
    int8(kind)();
    return memory.floats(y, m * n).every((value, i) => value === expected[i]);
  };
  const candidates = int8KindsHere().filter(isRight);
  const best = new Map<Int8Kind | 'float32', number>();
  const time = (name: Int8Kind | 'float32', run: () => void) => {
    const start = performance.now();
    for (let i = 0; i < TOGETHER; i++) run();
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, performance.now() - start));
  };
  const end = performance.now() + PROBE;
  do {
    time('float32', float32);
    for (const kind of candidates) time(kind, int8(kind));
  } while (performance.now() < end);
  // What was optimised in the meantime may compute otherwise.
  const right = candidates.filter(isRight);
  if (right.length === 0) throw new Error('The 8-bit kernels of this engine give wrong numbers; use float32.');
  const timeOf = (name: Int8Kind | 'float32') => best.get(name) ?? Number.POSITIVE_INFINITY;
  const kind = right.reduce((a, b) => (timeOf(b) < timeOf(a) ? b : a));
  const gain = timeOf('float32') / timeOf(kind);
  return { kind, gain, pays: gain >= LEAST_GAIN };
}
