import type { Texture } from './gpujs.ts';

/** An array on the device; one without elements has no texture. */
export class GpuBuffer {
  readonly length: number;
  /** Arrays made of its numbers, by how, which go with them; null for one that was made once and not kept. */
  readonly forms = new Map<string, GpuBuffer | null>();
  #texture: Texture | null;

  constructor(length: number, texture: Texture | null) {
    this.length = length;
    this.#texture = texture;
  }

  /** @throws Error if there are no elements */
  get texture(): Texture {
    if (!this.#texture) throw new Error('An array without elements has no texture.');
    return this.#texture;
  }

  /** Frees its numbers and takes those of `other`, which is no array any more. */
  take(other: GpuBuffer): void {
    this.delete();
    this.#texture = other.#texture;
    other.#texture = null;
    for (const [key, form] of other.forms) this.forms.set(key, form);
  }

  delete(): void {
    this.#texture?.delete();
    for (const form of this.forms.values()) form?.delete();
    this.forms.clear();
  }
}
