import { readFloats, type StoredNumbers } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { Checkpoint } from './checkpoint.ts';

/**
 * Hands the tensors of a checkpoint to a model under their Hugging Face names, and keeps account of them: each is taken
 * at most once, and those never taken are listed.
 *
 * Two older spellings are accepted: a checkpoint without the model's prefix (`embeddings...` for `bert.embeddings...`),
 * and `LayerNorm.gamma`, `LayerNorm.beta` for `LayerNorm.weight`, `LayerNorm.bias`. A tensor that a model uses in several places
 * may be stored under the name of any of them, or of all.
 */
export class TensorSource {
  readonly #checkpoint: Checkpoint;
  readonly #prefixes: readonly string[];
  readonly #tied: Readonly<Record<string, readonly string[]>>;
  readonly #names: ReadonlySet<string>;
  readonly #taken = new Set<string>();

  /**
   * @param options.prefixes what the checkpoint may leave out at the start of a name, such as `bert.`
   * @param options.tied other names under which the tensor of a name may be stored: copies, of which one is used
   */
  constructor(
    checkpoint: Checkpoint,
    options: {
      readonly prefixes?: readonly string[];
      readonly tied?: Readonly<Record<string, readonly string[]>>;
    } = {},
  ) {
    this.#checkpoint = checkpoint;
    this.#prefixes = options.prefixes ?? [];
    this.#tied = options.tied ?? {};
    this.#names = new Set(checkpoint.names());
  }

  /** Returns whether the checkpoint holds this tensor, under one of its spellings. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Returns the shape of a tensor, under one of its spellings; undefined if there is none. */
  shapeOf(name: string): readonly number[] | undefined {
    const stored = this.#find(name);
    return stored === undefined ? undefined : this.#checkpoint.info(stored).shape;
  }

  /**
   * The numbers of a tensor, to be read while the checkpoint is open.
   *
   * @throws InputError when it is missing, has another shape or does not hold floats
   * @throws Error when it was taken before
   */
  take(name: string, shape: readonly number[]): StoredNumbers {
    const stored = this.#find(name);
    const { label } = this.#checkpoint;
    if (stored === undefined) {
      const similar = this.#similar(name);
      const hint = similar.length > 0 ? `similar names there: ${similar.join(', ')}` : 'no name there is similar';
      throw new InputError(`${label}: there is no tensor "${name}", which the model needs (${hint}).`);
    }
    if (this.#taken.has(stored)) throw new Error(`Tensor "${stored}" was taken from the checkpoint twice.`);
    const info = this.#checkpoint.info(stored);
    if (!sameShape(info.shape, shape)) {
      throw new InputError(
        `${label}: tensor "${stored}" has shape ${formatShape(info.shape)}, the model needs ${formatShape(shape)}; use the config.json that belongs to these weights.`,
      );
    }
    const numbers = this.#checkpoint.numbers(stored);
    this.#taken.add(stored);
    return numbers;
  }

  /**
   * Checks that a tensor which is stored under several names is the same under all.
   *
   * @throws InputError naming two that differ
   */
  checkCopies(): void {
    for (const names of Object.entries(this.#tied)) {
      const stored = names.flat().flatMap((name) => this.#spellings(name));
      const [first, ...copies] = [...new Set(stored)].filter((name) => this.#names.has(name));
      if (copies.length === 0) continue;
      const values = readFloats(this.#checkpoint.numbers(first));
      for (const copy of copies) {
        const others = readFloats(this.#checkpoint.numbers(copy));
        if (others.length === values.length && others.every((value, i) => value === values[i])) continue;
        throw new InputError(
          `${this.#checkpoint.label}: tensors "${first}" and "${copy}" differ, but they are one matrix in this model; it is not supported.`,
        );
      }
    }
  }

  /** The names of the checkpoint's tensors that were never taken, in its order; no copies of one that was. */
  ignored(): string[] {
    const copies = new Set(
      Object.entries(this.#tied)
        .map((names) => names.flat().flatMap((name) => this.#spellings(name)))
        .filter((spellings) => spellings.some((spelling) => this.#taken.has(spelling)))
        .flat(),
    );
    return [...this.#names].filter((name) => !this.#taken.has(name) && !copies.has(name));
  }

  /** The name in the checkpoint. */
  #find(name: string): string | undefined {
    return [name, ...(this.#tied[name] ?? [])].flatMap((n) => this.#spellings(n)).find((s) => this.#names.has(s));
  }

  /** The ways to write a name. */
  #spellings(name: string): string[] {
    const prefix = this.#prefixes.find((start) => name.startsWith(start));
    const spellings = prefix === undefined ? [name] : [name, name.slice(prefix.length)];
    return spellings.flatMap((spelling) => [spelling, legacySpelling(spelling)]);
  }

  /** Up to three names not taken yet that share most of their dotted parts with `name`, at least half of them. */
  #similar(name: string): string[] {
    const parts = name.split('.');
    return this.ignored()
      .map((other) => ({ other, shared: other.split('.').filter((part) => parts.includes(part)).length }))
      .filter(({ shared }) => 2 * shared >= parts.length)
      .sort((a, b) => b.shared - a.shared)
      .slice(0, 3)
      .map(({ other }) => other);
  }
}

function legacySpelling(name: string): string {
  return name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
}
