import { define } from '../tensor/define.ts';
import { show } from '../tensor/kinds.ts';
import { ArgumentError, formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { operation } from './operation.ts';

export type Ids = Int32Array | readonly number[];

/** @throws ArgumentError for an id that is not an integer below `rows`; a negative one stands for no row */
function checkedRows(ids: Ids, rows: number, where: string): Int32Array {
  const checked = new Int32Array(ids.length);
  for (let i = 0; i < ids.length; i++) {
    // A bigint cannot be stored, text and null would be stored as numbers.
    if (Number.isInteger(ids[i])) checked[i] = ids[i];
    if (checked[i] !== ids[i] || ids[i] >= rows)
      throw new ArgumentError(`ids[${i}]: Row ${show(ids[i])} is outside ${where}.`);
  }
  return checked;
}

/**
 * Rows of `table` [rows, ...] by number -> [ids.length, ...]; a negative id gives zeros.
 * Gathering is a product with a 0/1 matrix; its transpose adds the gradient of each row back where it came from.
 *
 * @param paddingIdx a row that gets no gradient (`padding_idx` of PyTorch's `nn.Embedding`)
 * @throws Error for an id that is not a row of the table
 */
export const indexSelect = define(
  'indexSelect',
  (table: Tensor, ids: Ids, { paddingIdx = -1 }: { readonly paddingIdx?: number } = {}): Tensor => {
    if (table.rank === 0) throw new ArgumentError('table must have rows, and is a scalar.');
    if (paddingIdx >= table.shape[0]) {
      throw new ArgumentError(`paddingIdx ${paddingIdx} is outside a table of shape ${formatShape(table.shape)}.`);
    }
    const rows = checkedRows(ids, table.shape[0], `a table of shape ${formatShape(table.shape)}`);
    return operation(
      [table],
      [rows.length, ...table.shape.slice(1)],
      (backend) => backend.gather(table.operand, rows),
      () => [
        (dy) => indexAdd(dy, paddingIdx < 0 ? rows : rows.map((id) => (id === paddingIdx ? -1 : id)), table.shape[0]),
      ],
      'nothing',
    );
  },
);

/** x [ids.length, ...] added into the rows `ids` of zeros [rows, ...]: the transpose of {@link indexSelect}. */
export const indexAdd = define('indexAdd', (x: Tensor, ids: Ids, rows: number): Tensor => {
  if (ids.length !== x.shape[0]) {
    throw new ArgumentError(`${ids.length} row numbers do not fit a tensor of shape ${formatShape(x.shape)}.`);
  }
  const targets = checkedRows(ids, rows, `the ${rows} rows to add into`);
  return operation(
    [x],
    [rows, ...x.shape.slice(1)],
    (backend) => backend.scatterAdd(x.operand, targets, rows),
    () => [(dy) => indexSelect(dy, targets)],
    'nothing',
  );
});
