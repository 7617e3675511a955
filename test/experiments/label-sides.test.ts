import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { chooseSides } from '../../src/experiments/label-sides.ts';

const test = suite('experiments: labels of points');

test('labels are above their points, and elsewhere where they would cover another point or label', () => {
  const at = (x: number, y: number) => ({ x, y, text: 'S-Adapter' });
  assert.deepEqual(chooseSides([at(0, 0), at(200, 0)]), ['top', 'top']);
  // A point above takes the place of the label.
  assert.deepEqual(chooseSides([at(0, 0), at(0, -10)]), ['right', 'top']);
  // A label to the left, which is longer than the way between them, and a point below it.
  assert.deepEqual(chooseSides([at(0, 0), at(30, 5)]), ['top', 'right']);
  assert.deepEqual(chooseSides([]), []);
});

test.run();
