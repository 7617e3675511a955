import { decodePrintable } from './printable.ts';

/** Steps that make bytes from others that they mostly agree with. */
export interface Patch {
  /** The number of bytes that are made. */
  readonly length: number;
  /** In threes: bytes to take from `added`, bytes to skip in the source (backwards if negative), bytes to copy from there. */
  readonly steps: readonly number[];
  /** As printable characters. */
  readonly added: string;
}

export function applyPatch(source: ArrayBuffer, { length, steps, added }: Patch): ArrayBuffer {
  const [from, extra, out] = [new Uint8Array(source), new Uint8Array(decodePrintable(added)), new Uint8Array(length)];
  let [at, taken, made] = [0, 0, 0];
  for (let i = 0; i < steps.length; i += 3) {
    const [take, skip, copy] = steps.slice(i, i + 3);
    out.set(extra.subarray(taken, taken + take), made);
    taken += take;
    at += skip;
    out.set(from.subarray(at, at + copy), made + take);
    at += copy;
    made += take + copy;
  }
  return out.buffer;
}
