import type { Patch } from '../../src/backends/wasm/patch.ts';
import { encodePrintable } from './printable.ts';

/** Shorter runs of equal bytes are not worth a step. */
const SHORTEST = 8;

/** The patch that makes `target` of `source`: from the left, each time the longest run that is there. */
export function makePatch(source: Buffer, target: Buffer): Patch {
  const places = new Map<string, number[]>();
  for (let i = 0; i + SHORTEST <= source.length; i++) {
    const run = source.toString('latin1', i, i + SHORTEST);
    const known = places.get(run);
    if (known) known.push(i);
    else places.set(run, [i]);
  }
  const steps: number[] = [];
  const added: number[] = [];
  let [at, taken] = [0, 0];
  for (let i = 0; i < target.length; ) {
    const candidates = places.get(target.toString('latin1', i, i + SHORTEST)) ?? [];
    const runs = candidates.map((start) => ({ start, length: commonLength(source, start, target, i) }));
    // Of equally long ones the nearest: small numbers compress better.
    const [best] = runs.sort((x, y) => y.length - x.length || Math.abs(x.start - at) - Math.abs(y.start - at));
    if (best) {
      steps.push(taken, best.start - at, best.length);
      at = best.start + best.length;
      taken = 0;
      i += best.length;
    } else {
      added.push(target[i++]);
      taken++;
    }
  }
  if (taken > 0) steps.push(taken, 0, 0);
  return { length: target.length, steps, added: encodePrintable(Uint8Array.from(added)) };
}

function commonLength(a: Buffer, startA: number, b: Buffer, startB: number): number {
  let length = 0;
  while (startA + length < a.length && startB + length < b.length && a[startA + length] === b[startB + length])
    length++;
  return length;
}
