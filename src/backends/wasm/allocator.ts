import { MemoryError } from '../backend.ts';

/** All blocks begin at, and are, multiples of this many bytes: a cache line. */
const ALIGNMENT = 64;
/** Each power of two is divided into this many size classes. */
const STEPS_LOG2 = 4;
const STEPS = 1 << STEPS_LOG2;
const CLASSES = (32 - STEPS_LOG2) * STEPS;
/** The bytes that 32-bit addresses reach. The classes are computed in 32 bits too: larger numbers would wrap around. */
const LARGEST = 2 ** 32;

/** A piece of the heap. Neighbours in memory and free blocks of one size class form doubly linked lists. */
export interface Block {
  readonly start: number;
  size: number;
  free: boolean;
  left: Block | null;
  right: Block | null;
  previous: Block | null;
  next: Block | null;
}

/** The class of the free blocks with `units` alignment units: the exact number up to 16, then 16 classes per power of two. */
function classOf(units: number): number {
  if (units < STEPS) return units;
  const shift = 31 - Math.clz32(units) - STEPS_LOG2;
  return (shift + 1) * STEPS + ((units >>> shift) - STEPS);
}

/** The smallest number of units, at least `units`, with which a class begins: every block of that class is large enough. */
function roundUp(units: number): number {
  if (units < STEPS) return units;
  const shift = 31 - Math.clz32(units) - STEPS_LOG2;
  return ((units + (1 << shift) - 1) >>> shift) << shift;
}

/**
 * Two-level segregated fit (Masmano et al., 2004): free blocks are kept in lists by size class, a bitmap finds the first class
 * that fits, and neighbouring free blocks are joined at once. Allocating and freeing take constant time.
 */
export class Allocator {
  readonly #lists = new Array<Block | null>(CLASSES).fill(null);
  /** The lists that have blocks: one bit per class, 32 per word. */
  readonly #bitmap = new Int32Array(CLASSES / 32);
  readonly #grow: (bytes: number) => number;
  #last: Block | null = null;
  #end: number;

  /** @param grow makes at least `bytes` more bytes usable after the heap and returns the new end of the heap */
  constructor(start: number, grow: (bytes: number) => number) {
    this.#grow = grow;
    this.#end = Math.ceil(start / ALIGNMENT) * ALIGNMENT;
  }

  /** @throws MemoryError if no heap could be so large, and whatever `grow` throws */
  allocate(bytes: number): Block {
    if (!(bytes >= 0 && bytes <= LARGEST)) {
      throw new MemoryError(
        `The wasm backend is out of memory: ${bytes} bytes do not fit, 4096 MiB are all that it can reach. ` +
          'Lower the batch size or the sequence length, or make smaller arrays.',
      );
    }
    const units = Math.max(1, Math.ceil(bytes / ALIGNMENT));
    const size = units * ALIGNMENT;
    let block = this.#find(roundUp(units));
    if (!block) {
      this.#extend(roundUp(units) * ALIGNMENT);
      block = this.#find(roundUp(units))!;
    }
    this.#unlink(block);
    if (block.size > size) this.#split(block, size);
    block.free = false;
    return block;
  }

  /** @throws Error if the block is free already */
  free(block: Block): void {
    if (block.free) throw new Error('A buffer of the wasm backend was freed twice.');
    block.free = true;
    const { left, right } = block;
    if (right?.free) {
      this.#unlink(right);
      this.#absorb(block, right);
    }
    if (left?.free) {
      this.#unlink(left);
      this.#absorb(left, block);
      this.#link(left);
    } else {
      this.#link(block);
    }
  }

  /** All blocks in the order of memory. */
  *blocks(): Generator<Readonly<Block>> {
    let first = this.#last;
    while (first?.left) first = first.left;
    for (let block = first; block; block = block.right) yield block;
  }

  #find(units: number): Block | null {
    const wanted = classOf(units);
    let word = wanted >>> 5;
    let bits = this.#bitmap[word] & (-1 << (wanted & 31));
    while (bits === 0) {
      if (++word === this.#bitmap.length) return null;
      bits = this.#bitmap[word];
    }
    return this.#lists[(word << 5) + 31 - Math.clz32(bits & -bits)];
  }

  #extend(bytes: number): void {
    const tail = this.#last?.free ? this.#last : null;
    const end = this.#grow(bytes - (tail?.size ?? 0));
    const size = Math.floor((end - this.#end) / ALIGNMENT) * ALIGNMENT;
    if (tail) {
      this.#unlink(tail);
      tail.size += size;
      this.#link(tail);
    } else {
      const left = this.#last;
      const block = { start: this.#end, size, free: true, left, right: null, previous: null, next: null };
      if (left) left.right = block;
      this.#last = block;
      this.#link(block);
    }
    this.#end += size;
  }

  #split(block: Block, size: number): void {
    const rest: Block = {
      start: block.start + size,
      size: block.size - size,
      free: true,
      left: block,
      right: block.right,
      previous: null,
      next: null,
    };
    if (block.right) block.right.left = rest;
    else this.#last = rest;
    block.right = rest;
    block.size = size;
    this.#link(rest);
  }

  /** Joins `right` to its left neighbour. */
  #absorb(block: Block, right: Block): void {
    block.size += right.size;
    block.right = right.right;
    if (right.right) right.right.left = block;
    else this.#last = block;
  }

  #link(block: Block): void {
    const index = classOf(block.size / ALIGNMENT);
    const next = this.#lists[index];
    block.previous = null;
    block.next = next;
    if (next) next.previous = block;
    this.#lists[index] = block;
    this.#bitmap[index >>> 5] |= 1 << (index & 31);
  }

  #unlink(block: Block): void {
    const { previous, next } = block;
    if (next) next.previous = previous;
    if (previous) {
      previous.next = next;
    } else {
      const index = classOf(block.size / ALIGNMENT);
      this.#lists[index] = next;
      if (!next) this.#bitmap[index >>> 5] &= ~(1 << (index & 31));
    }
    block.previous = null;
    block.next = null;
  }
}
