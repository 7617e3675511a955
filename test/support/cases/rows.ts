import fc from 'fast-check';
import { indexAdd, indexSelect } from '../../../src/index.ts';
import { arrays, length, rowNumbers, shapes } from '../strategies.ts';
import { at, build, total } from '../values.ts';
import type { Case, Cases, Operations } from './case.ts';

const gatherCases: Cases = (size) =>
  fc.tuple(shapes(size, 1), length(size)).chain(([shape, count]) =>
    fc.tuple(arrays([shape]), rowNumbers(shape[0], count)).map(
      ([inputs, ids]): Case => ({
        inputs,
        apply: (table) => indexSelect(table, ids),
        expected: (table) =>
          build([count, ...shape.slice(1)], ([row, ...rest]) => (ids[row] < 0 ? 0 : at(table, [ids[row], ...rest]))),
      }),
    ),
  );

const scatterCases: Cases = (size) =>
  fc.tuple(shapes(size, 1), length(size)).chain(([shape, rows]) =>
    fc.tuple(arrays([shape]), rowNumbers(rows, shape[0])).map(
      ([inputs, ids]): Case => ({
        inputs,
        apply: (x) => indexAdd(x, Int32Array.from(ids), rows),
        expected: (x) =>
          build([rows, ...shape.slice(1)], ([target, ...rest]) =>
            total(ids.map((id, row) => (id === target ? at(x, [row, ...rest]) : 0))),
          ),
      }),
    ),
  );

export const rows: Operations = {
  indexSelect: { cases: gatherCases },
  indexAdd: { cases: scatterCases },
};
