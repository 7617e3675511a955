import type { Texture } from './gpujs.ts';

/** An array on the device; one without elements has no texture. */
export class GpuBuffer {
  readonly length: number;
  #texture: Texture | null;
  /** Arrays made of this one, by how; null for one that was made once and not kept. They live as long as its numbers. */
  #forms = new Map<string, GpuBuffer | null>();

  constructor(length: number, texture: Texture | null) {
    this.length = length;
    this.#texture = texture;
  }

  /** @throws Error if there are no elements */
  get texture(): Texture {
    if (!this.#texture) throw new Error('An array without elements has no texture.');
    return this.#texture;
  }

  /**
   * An array made of this one. What is asked for again is likely to be asked for many times, as is a frozen weight: from the second
   * time on it is kept.
   *
   * @param key how it is made
   * @param passing takes the array of the first time, which the caller frees
   */
  form(key: string, make: () => GpuBuffer, passing: (made: GpuBuffer) => GpuBuffer): GpuBuffer {
    const kept = this.#forms.get(key);
    if (kept) return kept;
    const made = make();
    this.#forms.set(key, kept === null ? made : null);
    return kept === null ? made : passing(made);
  }

  /** Lets go of its numbers and takes over those of `other`, which is no array any more. @returns how many numbers were let go of */
  take(other: GpuBuffer): number {
    const freed = this.delete();
    this.#texture = other.#texture;
    this.#forms = other.#forms;
    other.#texture = null;
    return freed;
  }

  /** @returns how many numbers were let go of */
  delete(): number {
    this.#texture?.delete();
    const forms = [...this.#forms.values()].map((form) => form?.delete() ?? 0);
    return forms.reduce((total, length) => total + length, this.length);
  }
}
