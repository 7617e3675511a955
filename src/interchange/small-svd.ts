/** A matrix [rows, columns], row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** Returns the product a · b. */
export function product(a: Matrix, b: Matrix): Matrix {
  const values = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const x = a.values[i * a.columns + k];
      if (x === 0) continue;
      for (let j = 0; j < b.columns; j++) values[i * b.columns + j] += x * b.values[k * b.columns + j];
    }
  }
  return { rows: a.rows, columns: b.columns, values };
}

export function transposed({ rows, columns, values }: Matrix): Matrix {
  const result = new Float64Array(values.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = values[i * columns + j];
  return { rows: columns, columns: rows, values: result };
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
};

/** Rotates two columns by an angle. */
function rotate(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const x = a[i];
    a[i] = cosine * x - sine * b[i];
    b[i] = sine * x + cosine * b[i];
  }
}

/** Cosines of columns below this are 0. */
const ORTHOGONAL = 1e-14;
const MAX_SWEEPS = 60;

/**
 * The columns of a matrix made orthogonal by rotations of pairs (one-sided Jacobi, Hestenes, 1958), which is accurate for small singular
 * values too: matrix · V = left · diag(singular), columns in order of falling length.
 */
function orthogonalized(matrix: Matrix): { left: Float64Array[]; singular: number[]; right: Float64Array[] } {
  const n = matrix.columns;
  const source = transposed(matrix);
  const columns = Array.from({ length: n }, (_, j) => source.values.slice(j * matrix.rows, (j + 1) * matrix.rows));
  const right = Array.from({ length: n }, (_, j) => Float64Array.from({ length: n }, (_, i) => Number(i === j)));
  for (let sweep = 0, isDone = false; !isDone && sweep < MAX_SWEEPS; sweep++) {
    isDone = true;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const [a, b] = [columns[p], columns[q]];
        const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
        if (Math.abs(ab) <= ORTHOGONAL * Math.sqrt(aa * bb)) continue;
        isDone = false;
        const zeta = (bb - aa) / (2 * ab);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cosine = 1 / Math.hypot(1, tangent);
        rotate(a, b, cosine, cosine * tangent);
        rotate(right[p], right[q], cosine, cosine * tangent);
      }
    }
  }
  const lengths = columns.map((column) => Math.sqrt(dot(column, column)));
  const order = lengths.map((_, j) => j).sort((i, j) => lengths[j] - lengths[i]);
  return {
    left: order.map((j) => columns[j].map((x) => (lengths[j] > 0 ? x / lengths[j] : 0))),
    singular: order.map((j) => lengths[j]),
    right: order.map((j) => right[j]),
  };
}

const fromColumns = (columns: readonly Float64Array[], rows: number): Matrix =>
  transposed({ rows: columns.length, columns: rows, values: Float64Array.from(columns.flatMap((c) => [...c])) });

/** The matrix [rows, rank] · [rank, columns] that is nearest to another one: U S and Vᵀ of its largest singular values. */
export interface Truncated {
  readonly left: Matrix;
  readonly right: Matrix;
}

/**
 * The truncated singular value decomposition of a product left [rows, k] · right [k, columns], without the product: of the left factor
 * U S Vᵀ, then of S Vᵀ · right.
 */
export function truncatedProduct(left: Matrix, right: Matrix, rank: number): Truncated {
  const first = orthogonalized(left);
  const inner = first.left.length;
  // [k, k] · [k, columns]
  const rest = product(
    {
      rows: inner,
      columns: inner,
      values: Float64Array.from(first.right.flatMap((v, i) => Array.from(v, (x) => x * first.singular[i]))),
    },
    right,
  );
  const second = orthogonalized(transposed(rest)); // columns · V = left S
  const kept = Math.min(rank, inner);
  const turned = fromColumns(
    second.right.slice(0, kept).map((v, i) => v.map((x) => x * second.singular[i])),
    inner,
  );
  return {
    left: product(fromColumns(first.left, left.rows), turned),
    right: transposed(fromColumns(second.left.slice(0, kept), right.columns)),
  };
}

/** The truncated singular value decomposition of a matrix. */
export function truncated(matrix: Matrix, rank: number): Truncated {
  if (matrix.columns > matrix.rows) {
    const { left, right } = truncated(transposed(matrix), rank);
    return { left: transposed(right), right: transposed(left) };
  }
  const { left, singular, right } = orthogonalized(matrix);
  const kept = Math.min(rank, matrix.columns);
  return {
    left: fromColumns(
      left.slice(0, kept).map((u, i) => u.map((x) => x * singular[i])),
      matrix.rows,
    ),
    right: transposed(fromColumns(right.slice(0, kept), matrix.columns)),
  };
}
