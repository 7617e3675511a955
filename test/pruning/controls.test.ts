import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { type PruneSettings, type PruningControl, prune } from '../../src/pruning/index.ts';
import { useBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';

const test = suite('pruning: sanity checks');
useBackend(test, 'reference');

const shape = [20, 30] as const;
/** Two matrices, of which the second has weights ten times as large. */
function matrices(): { readonly parameters: Parameter[]; readonly first: number[][] } {
  const draw = new Random('weights');
  const first = [1, 10].map((scale) => Array.from({ length: 600 }, () => Math.fround(scale * draw.normal())));
  const parameters = first.map((values, i) => new Parameter(`m${i}.weight`, Float32Array.from(values), shape));
  return { parameters, first };
}

async function pruned(control?: PruningControl, more: Partial<PruneSettings> = {}) {
  const { parameters, first } = matrices();
  const random = new Random(1);
  const report = await prune({ method: 'magnitude', sparsity: 0.4, losses: [], parameters, random, control, ...more });
  const masks = await Promise.all(parameters.map(async (one) => [...((await maskOf(one)) ?? [])]));
  const values = await Promise.all(parameters.map(async (one) => [...(await weightsOf(one))]));
  return { report, first, masks, values };
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

test('shuffled: as many weights of each matrix, at other places, with their own values', async () => {
  const [own, control] = [await pruned(), await pruned('shuffled')];
  assert.deepEqual(control.report, own.report);
  assert.notDeepEqual(control.masks, own.masks);
  for (const [i, mask] of control.masks.entries()) {
    assert.deepEqual(
      control.values[i],
      mask.map((kept, j) => (kept ? control.first[i][j] : 0)),
    );
  }
  assert.deepEqual((await pruned('shuffled')).masks, control.masks);
});

test('redrawn: the same masks over the first values of the matrix in another order', async () => {
  const [own, control] = [await pruned(), await pruned('redrawn')];
  assert.deepEqual(control.masks, own.masks);
  for (const [i, values] of control.values.entries()) {
    const kept = values.filter((_, j) => control.masks[i][j] === 1);
    const known = new Set(control.first[i]);
    assert.ok(kept.every((value) => known.has(value)) && new Set(kept).size === kept.length);
    assert.notDeepEqual(sorted(kept), sorted(own.values[i].filter((_, j) => own.masks[i][j] === 1)));
  }
});

test('inverted: the other end of the scores is kept, also in several rounds', async () => {
  for (const more of [{}, { iterations: 3 }]) {
    const { masks, values, first } = await pruned('inverted', more);
    const kept = values.flatMap((own, i) => own.filter((_, j) => masks[i][j] === 1)).map(Math.abs);
    const smallest = sorted(first.flat().map(Math.abs)).slice(0, 720);
    assert.deepEqual(sorted(kept), smallest);
  }
});

test.run();
