import type { Block } from './allocator.ts';

/**
 * `length` numbers in the linear memory: float32, or float16 where a file held float16, which is how a frozen
 * matrix takes half the memory. Matrix products and `gather` read either kind where it is `stored`. All other code asks for the
 * `address` of floats, and the first to do so widens float16 for good, which changes no number.
 */
export class WasmBuffer {
  readonly length: number;
  #block: Block;
  /** Replaces a block of float16 by one of float32; null when that is done, or was never needed. */
  #widen: ((f16: Block) => Block) | null;

  constructor(length: number, block: Block, widen: ((f16: Block) => Block) | null = null) {
    this.length = length;
    this.#block = block;
    this.#widen = widen;
  }

  get isF16(): boolean {
    return this.#widen !== null;
  }

  /** Byte address of the numbers as they are. */
  get stored(): number {
    return this.#block.start;
  }

  /** Byte address of the numbers as floats. */
  get address(): number {
    if (this.#widen) {
      this.#block = this.#widen(this.#block);
      this.#widen = null;
    }
    return this.#block.start;
  }

  get block(): Block {
    return this.#block;
  }

  get bytes(): number {
    return (this.isF16 ? 2 : 4) * this.length;
  }
}

/** Returns the address of a buffer, 0 where there is none. */
export const addressOf = (buffer: WasmBuffer | null | undefined): number => buffer?.address ?? 0;
