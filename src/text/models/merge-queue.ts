/** Places are below this. */
const PLACES = 2 ** 31;

/**
 * The merges of a word that are to be made: the one of the best rank first, of those the leftmost.
 *
 * A heap of numbers, each rank * 2^31 + place: ranks below 2^22 are exact.
 */
export class MergeQueue {
  readonly #heap: number[] = [];

  push(rank: number, place: number): void {
    const heap = this.#heap;
    const key = rank * PLACES + place;
    let at = heap.push(key) - 1;
    while (at > 0) {
      const above = (at - 1) >> 2;
      if (heap[above] <= key) break;
      heap[at] = heap[above];
      at = above;
    }
    heap[at] = key;
  }

  /** Takes the first merge out: `rank * 2^31 + place`; -1 if there is none. */
  pop(): number {
    const heap = this.#heap;
    if (heap.length === 0) return -1;
    const top = heap[0];
    const key = heap.pop()!;
    const size = heap.length;
    if (size === 0) return top;
    let at = 0;
    for (;;) {
      const first = 4 * at + 1;
      if (first >= size) break;
      let least = first;
      const end = Math.min(first + 4, size);
      for (let child = first + 1; child < end; child++) {
        if (heap[child] < heap[least]) least = child;
      }
      if (heap[least] >= key) break;
      heap[at] = heap[least];
      at = least;
    }
    heap[at] = key;
    return top;
  }
}

export const rankIn = (merge: number): number => Math.floor(merge / PLACES);
export const placeIn = (merge: number): number => merge % PLACES;
