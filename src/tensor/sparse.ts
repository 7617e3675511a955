import type { Backend, Shape, SparseProducts } from '../backends/backend.ts';
import { getBackend } from '../backends/index.ts';
import { keep, livesBy } from './scope.ts';
import { ArgumentError, formatShape, sizeOf } from './shape.ts';
import { Tensor } from './tensor.ts';

/**
 * The places of the values that a sparse matrix [rows, columns] keeps. It never changes, and holds its memory on a backend as a tensor does:
 * through {@link places}, which `keep`, `tidy` and `dispose` treat as any other.
 */
export class SparsePattern {
  /** The places, of the shape of the matrix. It has no numbers: operations on sparse matrices alone read it. */
  readonly places: Tensor;

  private constructor(places: Tensor) {
    this.places = places;
  }

  /**
   * The places where a mask is not 0.
   *
   * @param mask row-major
   * @param shape [rows, columns]
   * @throws RangeError if the mask does not fit the shape, or that is none of a matrix
   * @throws Error on a backend without sparse products, and in a program that has not awaited `loadSparse`
   */
  static of(mask: ArrayLike<number>, shape: Shape, backend: Backend = getBackend()): SparsePattern {
    if (!SparsePattern.fits(shape) || mask.length !== sizeOf(shape)) {
      throw new ArgumentError(
        `A mask of ${mask.length} numbers and the shape ${formatShape(shape)} do not fit; a sparse matrix is [rows, columns].`,
      );
    }
    const [rows, columns] = shape;
    const buffer = sparseProducts(backend).places(mask, rows, columns);
    return new SparsePattern(Tensor.fromBuffer(backend, buffer, [rows, columns]));
  }

  /** Whether a weight of this shape can be a sparse matrix. */
  static fits(shape: Shape): boolean {
    return shape.length === 2;
  }

  /** [rows, columns] */
  get shape(): Shape {
    return this.places.shape;
  }

  get [livesBy](): Tensor {
    return this.places;
  }

  /** The number of kept values. */
  get kept(): number {
    return this.places.opaqueBuffer.length;
  }

  /** The mask: [rows · columns] 1 where a value is kept, else 0. */
  mask(): Uint8Array {
    return sparseProducts(this.places.backend).mask(this.places.opaqueBuffer);
  }

  /** The same pattern under another name, which lives until it is disposed of by itself; the memory is shared. */
  share(): SparsePattern {
    return new SparsePattern(keep(this.places.leafView()));
  }

  /** Whether another pattern is this one under another name. */
  isSame(other: SparsePattern): boolean {
    return this.places.opaqueBuffer === other.places.opaqueBuffer;
  }

  dispose(): void {
    this.places.dispose();
  }
}

/** A matrix of which few values are kept; elsewhere it is 0. Operations read it without the zeros. */
export interface SparseMatrix {
  readonly pattern: SparsePattern;
  /** [kept] row by row, each from left to right: a tensor as any other, by which gradients are taken. */
  readonly values: Tensor;
}

/** @throws Error if the backend has none */
export function sparseProducts({ name, sparse }: Backend): SparseProducts {
  if (sparse) return sparse;
  const remedy = name === 'gpu' ? 'use a dense one with a mask' : 'call await loadSparse() before';
  throw new Error(`The backend '${name}' has no sparse matrices; ${remedy}.`);
}

export const isSparse = (matrix: Tensor | SparseMatrix): matrix is SparseMatrix => !(matrix instanceof Tensor);
