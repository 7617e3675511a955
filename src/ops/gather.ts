import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { operation } from './operation.ts';

export type Ids = Int32Array | readonly number[];

/**
 * Rows of `table` [rows, ...] by number -> [ids.length, ...]; a negative id gives zeros.
 * Gathering is a product with a 0/1 matrix; its transpose adds the gradient of each row back where it came from.
 *
 * @param frozenRow a row that gets no gradient (`padding_idx` of PyTorch's `nn.Embedding`)
 * @throws Error for an id that is not a row of the table
 */
export function gatherRows(table: Tensor, ids: Ids, { frozenRow = -1 }: { frozenRow?: number } = {}): Tensor {
  const rows = Int32Array.from(ids);
  const bad = rows.find((id) => id >= table.shape[0]);
  if (bad !== undefined) throw new Error(`Row ${bad} is outside a table of shape ${formatShape(table.shape)}.`);
  return operation(
    [table],
    [rows.length, ...table.shape.slice(1)],
    (backend) => backend.gather(table.operand, rows),
    () => [
      (dy) => scatterAddRows(dy, frozenRow < 0 ? rows : rows.map((id) => (id === frozenRow ? -1 : id)), table.shape[0]),
    ],
  );
}

/** x [ids.length, ...] added into the rows `ids` of zeros [rows, ...]: the transpose of {@link gatherRows}. */
export function scatterAddRows(x: Tensor, ids: Ids, rows: number): Tensor {
  const targets = Int32Array.from(ids);
  if (targets.length !== x.shape[0]) {
    throw new Error(`${targets.length} row numbers do not fit a tensor of shape ${formatShape(x.shape)}.`);
  }
  const bad = targets.find((id) => id >= rows);
  if (bad !== undefined) throw new Error(`Row ${bad} is outside the ${rows} rows to add into.`);
  return operation(
    [x],
    [rows, ...x.shape.slice(1)],
    (backend) => backend.scatterAdd(x.operand, targets, rows),
    () => [(dy) => gatherRows(dy, targets)],
  );
}
