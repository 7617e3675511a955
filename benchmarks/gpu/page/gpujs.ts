import { weight } from '../../workers/numbers.ts';
import { naiveProduct } from '../naive.ts';
import type { Jobs } from './page.ts';

export const jobs: Jobs = {
  describe: () => 'the example of gpu.js',
  prepare(task) {
    if (task.kind !== 'product') throw new Error('gpu.js has no models.');
    const { n } = task;
    const multiply = naiveProduct('webgl2', n)(weight('a', n * n), weight('b', n * n));
    return async () => multiply()[n - 1][n - 1];
  },
};
