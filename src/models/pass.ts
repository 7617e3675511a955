import type { Random } from '../random/random.ts';
import { currentScope, makeIn, type Scope, tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Values that are computed once in a pass, and the scope around the pass, where they live. */
interface Shared {
  readonly scope: Scope | null;
  readonly tensors: Map<object, Tensor>;
}

/** One forward pass over a packed batch, as attachment points see it. */
export class Pass {
  /** [sequences + 1] the first row of each sequence, and the number of rows. */
  readonly offsets: Int32Array;
  /** Present while training: the source of dropout masks. */
  readonly random?: Random;
  readonly #shared: Shared;

  /** @param whole the pass of which this one is a part, if it is */
  constructor(offsets: Int32Array, random?: Random, whole?: Pass) {
    this.offsets = offsets;
    this.random = random;
    this.#shared = whole ? whole.#shared : { scope: currentScope(), tensors: new Map() };
  }

  /** Returns the same pass over some of its sequences. */
  part(sequences: readonly number[]): Pass {
    return new Pass(offsetsOf(this.offsets, sequences), this.random, this);
  }

  /** Returns the value of `make`, computed once in a pass for each `owner`: for a value that modules at several points share. */
  once(owner: object, make: () => Tensor): Tensor {
    const { scope, tensors } = this.#shared;
    let made = tensors.get(owner);
    if (!made) {
      // A layer's own scope would free it before the next layer.
      made = makeIn(scope, () => tidyInside(make));
      tensors.set(owner, made);
    }
    return made;
  }
}

/** The rows of some sequences that lie at `offsets`, in the order in which the sequences are given. */
export function rowsOf(offsets: Int32Array, sequences: readonly number[]): Int32Array {
  return Int32Array.from(
    sequences.flatMap((s) => Array.from({ length: offsets[s + 1] - offsets[s] }, (_, i) => offsets[s] + i)),
  );
}

/** Returns the offsets of these sequences when they are alone. */
export function offsetsOf(offsets: Int32Array, sequences: readonly number[]): Int32Array {
  const own = new Int32Array(sequences.length + 1);
  sequences.forEach((s, i) => {
    own[i + 1] = own[i] + offsets[s + 1] - offsets[s];
  });
  return own;
}
