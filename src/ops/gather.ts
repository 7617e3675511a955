import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { operation } from './operation.ts';

export type Ids = Int32Array | readonly number[];

/** @throws Error for an id that is not an integer below `rows`; a negative one stands for no row */
function checkedRows(ids: Ids, rows: number, where: string): Int32Array {
  const checked = Int32Array.from(ids);
  const bad = checked.findIndex((id, i) => id !== ids[i] || id >= rows);
  if (bad >= 0) throw new Error(`Row ${ids[bad]} is outside ${where}.`);
  return checked;
}

/**
 * Rows of `table` [rows, ...] by number -> [ids.length, ...]; a negative id gives zeros.
 * Gathering is a product with a 0/1 matrix; its transpose adds the gradient of each row back where it came from.
 *
 * @param frozenRow a row that gets no gradient (`padding_idx` of PyTorch's `nn.Embedding`)
 * @throws Error for an id that is not a row of the table
 */
export function gatherRows(table: Tensor, ids: Ids, { frozenRow = -1 }: { frozenRow?: number } = {}): Tensor {
  const rows = checkedRows(ids, table.shape[0], `a table of shape ${formatShape(table.shape)}`);
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
  if (ids.length !== x.shape[0]) {
    throw new Error(`${ids.length} row numbers do not fit a tensor of shape ${formatShape(x.shape)}.`);
  }
  const targets = checkedRows(ids, rows, `the ${rows} rows to add into`);
  return operation(
    [x],
    [rows, ...x.shape.slice(1)],
    (backend) => backend.scatterAdd(x.operand, targets, rows),
    () => [(dy) => gatherRows(dy, targets)],
  );
}
