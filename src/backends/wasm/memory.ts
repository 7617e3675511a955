import { MemoryError } from '../backend.ts';
import { Allocator, type Block } from './allocator.ts';

const PAGE = 65536;
const FIRST_PAGES = 1;
/** 4 GiB: what 32-bit addresses reach. */
const MAX_PAGES = 65536;
/** 256 MiB: less is not worth starting with. */
const LEAST_MAXIMUM = 4096;
/** Kernels may read and write up to this far after a buffer's last float. */
const SLACK = 64;
/** The memory grows by at least an eighth of itself and 1 MiB, so that growing is rare. */
const GROWTH = 1 / 8;
const LEAST_GROWTH = 16;

interface Reserved {
  readonly wasm: WebAssembly.Memory;
  /** In pages. */
  readonly maximum: number;
}

/**
 * A memory that may grow to 4 GiB, or to less where the system has not that many addresses to give. Browsers make a shared one
 * even for a page that is not cross-origin isolated; it cannot be sent to a worker there.
 */
function reserve(): Reserved {
  for (let maximum = MAX_PAGES; ; maximum /= 2) {
    try {
      return { wasm: new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared: true }), maximum };
    } catch (error) {
      if (maximum <= LEAST_MAXIMUM) throw error;
    }
  }
}

/** The linear memory of the kernels, shared so that threads can work in it, and its blocks. */
export class Memory {
  readonly wasm: WebAssembly.Memory;
  /** Bytes to which it can grow. */
  readonly maximum: number;
  #allocator: Allocator | null = null;
  /** All of the memory, until it grows. */
  #words: Int32Array;

  constructor() {
    const { wasm, maximum } = reserve();
    this.wasm = wasm;
    this.maximum = maximum * PAGE;
    this.#words = new Int32Array(wasm.buffer);
  }

  /** Called once, when the kernels' own data is known to end at `heapBase`. */
  start(heapBase: number): void {
    this.#allocator = new Allocator(heapBase, (bytes) => this.#grow(bytes));
  }

  /** Bytes of the whole memory, used or not. */
  get size(): number {
    return this.wasm.buffer.byteLength;
  }

  /** @throws MemoryError if the maximum does not suffice */
  allocate(bytes: number): Block {
    return this.#allocator!.allocate(bytes);
  }

  free(block: Block): void {
    this.#allocator!.free(block);
  }

  /** A view that is valid until the next allocation: growing replaces `buffer`. */
  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.wasm.buffer, address, length);
  }

  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.wasm.buffer, address, length);
  }

  /** Copies 32-bit integers to an address. */
  writeInts(address: number, values: ArrayLike<number>): void {
    const words = this.#words;
    const start = address / 4;
    for (let i = 0; i < values.length; i++) words[start + i] = values[i];
  }

  /** Calls `use` with the address of bytes that are free again afterwards. */
  borrow(bytes: number, use: (address: number) => void): void {
    const block = this.allocate(bytes);
    try {
      use(block.start);
    } finally {
      this.free(block);
    }
  }

  /** Calls `use` with the address of a copy of 32-bit integers, which is free again afterwards. */
  borrowInts(values: ArrayLike<number>, use: (address: number) => void): void {
    this.borrow(4 * values.length, (address) => {
      this.writeInts(address, values);
      use(address);
    });
  }

  #grow(bytes: number): number {
    const needed = Math.ceil((bytes + SLACK) / PAGE);
    const pages = this.size / PAGE;
    // The last page stays unused, so that no address wraps around.
    const room = this.maximum / PAGE - 1 - pages;
    const step = Math.min(room, Math.max(needed, LEAST_GROWTH, Math.ceil(pages * GROWTH)));
    if (step < needed || !this.#tryGrow(step, needed)) {
      const mebibytes = (n: number) => Math.ceil(n / 2 ** 20);
      throw new MemoryError(
        `The wasm backend is out of memory: ${mebibytes(bytes)} MiB more do not fit (${mebibytes(this.size)} MiB are in use, ` +
          `at most ${mebibytes(this.maximum)} are possible). Lower the batch size or the sequence length, or free tensors with tidy() and dispose().`,
      );
    }
    return this.size - SLACK;
  }

  #tryGrow(step: number, needed: number): boolean {
    for (const pages of [step, needed]) {
      try {
        this.wasm.grow(pages);
        this.#words = new Int32Array(this.wasm.buffer);
        return true;
      } catch {
        // The system has no more memory for this many pages.
      }
    }
    return false;
  }
}
