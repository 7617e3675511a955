import { Random } from '../../src/index.ts';

/** Lists whose entries belong together, all in the same other order. */
export function permuted<Lists extends readonly (readonly unknown[])[]>(seed: number, ...lists: Lists): Lists {
  const order = new Random(seed).permutation(lists[0].length);
  return lists.map((list) => Array.from(order, (i) => list[i])) as unknown as Lists;
}
