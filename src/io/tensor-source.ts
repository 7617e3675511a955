import { readFloats, type StoredNumbers, storedBytes } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { formatShape, sameShape } from '../tensor/shape.ts';
import type { Checkpoint } from './checkpoint.ts';

/** A module of a checkpoint that a model has under other names. */
export interface StoredModule {
  readonly name: string;
  /** The modules that have equal parts of its rows, in their order. */
  readonly parts: readonly string[];
}

interface Place {
  readonly module: string;
  readonly index: number;
  readonly count: number;
}

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
  readonly #places: ReadonlyMap<string, Place>;
  readonly #taken = new Set<string>();

  /**
   * @param options.prefixes what the checkpoint may leave out at the start of a name, such as `bert.`
   * @param options.tied other names under which the tensor of a name may be stored: copies, of which one is used
   * @param options.modules the modules that are stored under another name, or with others in one
   */
  constructor(
    checkpoint: Checkpoint,
    options: {
      readonly prefixes?: readonly string[];
      readonly tied?: Readonly<Record<string, readonly string[]>>;
      readonly modules?: readonly StoredModule[];
    } = {},
  ) {
    this.#checkpoint = checkpoint;
    this.#prefixes = options.prefixes ?? [];
    this.#tied = options.tied ?? {};
    this.#names = new Set(checkpoint.names());
    this.#places = new Map(
      (options.modules ?? []).flatMap(({ name, parts }) =>
        parts.map((part, index) => [part, { module: name, index, count: parts.length }]),
      ),
    );
  }

  /** Returns whether the checkpoint holds this tensor, under one of its spellings. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Returns the shape of a tensor, under one of its spellings; undefined if there is none. */
  shapeOf(name: string): readonly number[] | undefined {
    const stored = this.#find(name);
    if (stored === undefined) return undefined;
    const [rows, ...rest] = this.#checkpoint.info(stored).shape;
    const { count } = this.#placeOf(name);
    return rows === undefined || count === 1 ? this.#checkpoint.info(stored).shape : [rows / count, ...rest];
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
      const { name: sought } = this.#placeOf(name);
      const similar = this.#similar(sought);
      const hint = similar.length > 0 ? `similar names there: ${similar.join(', ')}` : 'no name there is similar';
      throw new InputError(`${label}: there is no tensor "${sought}", which the model needs (${hint}).`);
    }
    const { index, count } = this.#placeOf(name);
    const taken = count === 1 ? stored : `${stored} ${index}`;
    if (this.#taken.has(taken)) throw new Error(`Tensor "${taken}" was taken from the checkpoint twice.`);
    const info = this.#checkpoint.info(stored);
    const whole = count === 1 ? shape : [shape[0] * count, ...shape.slice(1)];
    if (!sameShape(info.shape, whole)) {
      throw new InputError(
        `${label}: tensor "${stored}" has shape ${formatShape(info.shape)}, the model needs ${formatShape(whole)}; use the config.json that belongs to these weights.`,
      );
    }
    const numbers = this.#checkpoint.numbers(stored);
    this.#taken.add(stored).add(taken);
    return count === 1 ? numbers : partOf(numbers, index, count);
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
    return [this.#placeOf(name).name, ...(this.#tied[name] ?? [])]
      .flatMap((n) => this.#spellings(n))
      .find((s) => this.#names.has(s));
  }

  /** The name under which a tensor is stored, and which of how many equal parts of the rows it is. A file may have it under its own too. */
  #placeOf(name: string): { readonly name: string; readonly index: number; readonly count: number } {
    const dot = name.lastIndexOf('.');
    const place = this.#places.get(name.slice(0, dot));
    const isOwn = place !== undefined && this.#spellings(name).some((spelling) => this.#names.has(spelling));
    return place && !isOwn ? { ...place, name: place.module + name.slice(dot) } : { name, index: 0, count: 1 };
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

/** One of equal parts of numbers that follow each other. */
function partOf(numbers: StoredNumbers, index: number, count: number): StoredNumbers {
  const length = numbers.length / count;
  const start = index * length * storedBytes(numbers.dtype);
  return {
    dtype: numbers.dtype,
    length,
    readInto: (target, begin) => numbers.readInto(target, start + begin),
  };
}

function legacySpelling(name: string): string {
  return name.replace(/LayerNorm\.weight$/, 'LayerNorm.gamma').replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
}
