import assert from 'node:assert/strict';
import { reportPage } from '../../../src/report/index.ts';
import { readRunReport } from '../../../src/training/index.ts';
import { heldObject, runFile } from '../inputs.ts';
import type { Target } from '../target.ts';

const { seeds, write, folder } = await runFile('report.json');

export const target: Target = {
  kind: 'json',
  seeds,
  read: (input) => {
    write(input);
    const report = readRunReport(folder);
    // What is read is what is written: nothing is dropped, filled in or taken for something else.
    assert.deepEqual(JSON.parse(JSON.stringify(report)), heldObject(input));
    // And it can be shown.
    if (report) reportPage(report);
  },
};
