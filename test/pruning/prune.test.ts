import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { attachAdapter, houlsby } from '../../src/adapters/index.ts';
import { add, memory, mul, Random, sum, type Tensor, tensor } from '../../src/index.ts';
import { packSequences } from '../../src/models/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import {
  needsData,
  type PruneOptions,
  type PruneReport,
  type PruningMethod,
  prune,
  pruningMethods,
  type Scope,
} from '../../src/pruning/index.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { forAllAsync } from '../support/property.ts';
import { tinyClassifier } from '../support/tiny-model.ts';
import { range, total } from '../support/values.ts';

const test = suite('pruning: prune');
useBackend(test, 'reference');

const side = fc.integer({ min: 1, max: 9 });
const shapes = fc
  .array(fc.tuple(side, side), { minLength: 1, maxLength: 4 })
  .filter((all) => total(all.map(([out, inner]) => out * inner)) > 1);
const sparsities = fc.oneof(
  fc.constantFrom(0, 0.4, 0.8, 0.95),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
);
const methods = fc.constantFrom(...pruningMethods);
const scopes = fc.constantFrom<Scope>('global', 'layer');

interface Problem {
  readonly parameters: Parameter[];
  readonly losses: (() => Tensor)[];
}

/** Random matrices and two losses Σ c (w² + w³) + (Σ w)² in which every weight has another part. */
function problem(sizes: readonly (readonly [number, number])[], seed = 1): Problem {
  const draw = new Random(seed);
  const numbers = ([out, inner]: readonly [number, number]) =>
    Float32Array.from({ length: out * inner }, () => draw.normal());
  const parameters = sizes.map((shape, i) => new Parameter(`layer.${i}.weight`, numbers(shape), shape));
  const losses = [1, 2].map(() => {
    const parts = sizes.map((shape) => tensor(numbers(shape), shape));
    return () =>
      parameters
        .map((parameter, i) => {
          const w = parameter.tensor();
          const square = mul(w, w);
          return add(sum(mul(parts[i], add(square, mul(square, w)))), mul(sum(w), sum(w)));
        })
        .reduce((a, b) => add(a, b));
  });
  return { parameters, losses };
}

const masks = (parameters: readonly Parameter[]): number[][] =>
  parameters.map(({ mask, size }) => Array.from(mask?.dataSync() ?? new Float32Array(size).fill(-1)));

async function masksOf(
  sizes: readonly (readonly [number, number])[],
  options: Partial<PruneOptions> & { method: PruningMethod; sparsity: number },
): Promise<number[][]> {
  const own = problem(sizes);
  await prune({ ...own, random: new Random('seed'), ...options });
  return masks(own.parameters);
}

test('every method removes exactly floor(s · N + 1/2) weights, over all matrices or in each', () =>
  forAllAsync(
    fc.tuple(shapes, sparsities, methods, scopes),
    async ([sizes, sparsity, method, scope]) => {
      const { parameters, losses } = problem(sizes);
      const before = parameters.map(({ value }) => Array.from(value.dataSync()));
      const report = await prune({ method, sparsity, scope, parameters, losses, random: new Random(1) });
      const found = masks(parameters);
      const counts = parameters.map(({ size }) => size);
      const kept = found.map((mask) => mask.filter((m) => m === 1).length);
      const expected: PruneReport = {
        total: total(counts),
        kept: total(kept),
        layers: parameters.map(({ name }, i) => ({ name, total: counts[i], kept: kept[i] })),
      };
      assert.deepEqual(report, expected);
      assert.equal(report.total - report.kept, prunedOf(scope, counts, sparsity));
      if (scope === 'layer') {
        for (const [i, n] of counts.entries()) assert.equal(n - kept[i], Math.floor(sparsity * n + 0.5));
      }
      parameters.forEach(({ value }, i) => {
        const weights = before[i].map((w, j) => (found[i][j] === 1 ? w : 0));
        assert.deepEqual(Array.from(value.dataSync()), weights);
        assert.equal(parameters[i].keptCount(), kept[i]);
      });
    },
    150,
  ));

const prunedOf = (scope: Scope, counts: readonly number[], sparsity: number): number =>
  scope === 'global'
    ? Math.floor(sparsity * total(counts) + 0.5)
    : total(counts.map((n) => Math.floor(sparsity * n + 0.5)));

test('a higher sparsity keeps a part of what a lower one keeps', () =>
  forAllAsync(
    fc.tuple(
      shapes,
      sparsities,
      sparsities,
      fc.constantFrom<PruningMethod>('random', 'magnitude', 'snip', 'grasp', 'snip:paper-literal'),
      scopes,
    ),
    async ([sizes, s, t, method, scope]) => {
      const more = await masksOf(sizes, { method, scope, sparsity: Math.min(s, t) });
      const fewer = await masksOf(sizes, { method, scope, sparsity: Math.max(s, t) });
      fewer.flat().forEach((kept, i) => {
        assert.ok(kept <= more.flat()[i]);
      });
    },
    60,
  ));

test('the same seed gives the same masks; another one others, where they are drawn', async () => {
  const sizes = [
    [6, 8],
    [8, 6],
  ] as const;
  for (const method of pruningMethods) {
    const run = (seed: number) => masksOf(sizes, { method, sparsity: 0.5, random: new Random(seed) });
    assert.deepEqual(await run(1), await run(1), method);
    const isDrawn = /^(random|er)/.test(method);
    assert.equal(JSON.stringify(await run(1)) !== JSON.stringify(await run(2)), isDrawn, method);
  }
});

test('methods that draw look at neither weights nor data', async () => {
  const sizes = [[6, 8]] as const;
  for (const method of ['random', 'er', 'er:paper-literal'] as const) {
    const [a, b] = [problem(sizes, 1), problem(sizes, 2)];
    await prune({ ...a, method, sparsity: 0.5, random: new Random(1) });
    await prune({ ...b, method, sparsity: 0.5, random: new Random(1), losses: [] });
    assert.deepEqual(masks(b.parameters), masks(a.parameters));
  }
});

test('needsData tells the methods that fail without it', async () => {
  for (const method of pruningMethods) {
    const { parameters } = problem([[4, 4]]);
    const run = () => prune({ method, sparsity: 0.5, parameters, losses: [], random: new Random(1) });
    if (needsData(method)) await assertRejectsInput(run, new RegExp(`^${method} needs training data`));
    else await run();
  }
});

test('er gives the densities of its rule, or the same to every matrix with scope layer', async () => {
  const sizes = [
    [10, 40],
    [20, 20],
  ] as const;
  const kept = async (scope: Scope) =>
    (await masksOf(sizes, { method: 'er', sparsity: 0.5, scope })).map((mask) => total(mask));
  // Proportions 50 : 40 of 400 kept weights.
  assert.deepEqual(await kept('global'), [222, 178]);
  assert.deepEqual(await kept('layer'), [200, 200]);
});

test('bad input is an error before any mask is set', async () => {
  const { parameters, losses } = problem([
    [3, 4],
    [4, 3],
  ]);
  const options = { parameters, losses, random: new Random(1) };
  const unused = () => {
    throw new Error('the loss was computed');
  };
  for (const sparsity of [1, -0.1, Number.NaN, 40]) {
    await assertRejectsInput(
      () => prune({ ...options, method: 'snip', sparsity, losses: [unused] }),
      new RegExp(`sparsity ${sparsity} is outside \\[0, 1\\)`),
    );
  }
  for (const method of ['snipe', 'toString']) {
    await assertRejectsInput(
      () => prune({ ...options, method: method as PruningMethod, sparsity: 0.5 }),
      new RegExp(`Unknown pruning method '${method}'; there are: random, magnitude, er, snip, grasp`),
    );
  }
  const nan = losses.map((loss) => () => mul(loss(), Number.NaN));
  const zero = losses.map((loss) => () => mul(loss(), 0));
  for (const method of ['snip', 'grasp', 'snip:paper-literal'] as const) {
    await assertRejectsInput(
      () => prune({ ...options, method, sparsity: 0.5, losses: nan }),
      new RegExp(`^${method}: a score is NaN; .*Lower the learning rate or check the data`),
    );
    await assertRejectsInput(
      () => prune({ ...options, method, sparsity: 0.5, losses: zero }),
      new RegExp(`^${method}: all scores are -?0, .*init 'bert'`),
    );
  }
  assert.deepEqual(
    parameters.map(({ mask }) => mask),
    [null, null],
  );
});

test('a weight that is not a number is an error of magnitude, too', async () => {
  const parameter = new Parameter('w', [1, Number.NaN, 2, 3], [2, 2]);
  const options = { parameters: [parameter], losses: [], random: new Random(1) };
  await assertRejectsInput(
    () => prune({ ...options, method: 'magnitude', sparsity: 0.5 }),
    /^magnitude: a score is NaN/,
  );
  assert.equal(parameter.mask, null);
});

const batch = [{ ids: [2, 14, 8, 18, 3] }, { ids: [2, 22, 3] }];

test("snip cannot prune an adapter that starts as the identity: the error names the remedy, init 'bert'", async () => {
  for (const init of ['mam_adapter', 'bert'] as const) {
    const model = tinyClassifier();
    const { prunable } = attachAdapter(model, houlsby.configure({ bottleneck: 4, init }));
    const loss = () => model.loss(model.forward(packSequences(batch, model.encoder.positionIds)), [0, 1]);
    const run = () =>
      prune({ method: 'snip', sparsity: 0.4, parameters: prunable, losses: [loss], random: new Random(1) });
    if (init === 'mam_adapter') {
      await assertRejectsInput(run, /^snip: all scores are 0, so they cannot tell weights apart; .*init 'bert'/);
      assert.ok(prunable.every(({ mask }) => mask === null));
    } else {
      assert.equal((await run()).kept, 512 - 205);
    }
  }
});

onEveryBackend(test, 'onBatch follows the passes over the batches, is awaited, and can end the scoring', async () => {
  for (const [method, passes] of [
    ['snip', 3],
    ['grasp', 6],
    ['magnitude', 0],
  ] as const) {
    const { parameters, losses } = problem([[4, 5]]);
    let begun = 0;
    const counted = [...losses, losses[0]].map((loss) => () => {
      begun++;
      return loss();
    });
    const options = { method, sparsity: 0.5, parameters, losses: counted, random: new Random(1) };
    const told: number[][] = [];
    await prune({
      ...options,
      onBatch: async (done, total) => {
        await new Promise(setImmediate);
        told.push([done, total, begun]);
      },
    });
    assert.deepEqual(
      told,
      range(passes).map((i) => [i + 1, passes, i + 1]),
    );
    for (const parameter of parameters) parameter.setMask(null);
    for (const stop of range(passes)) {
      const before = memory();
      const onBatch = (done: number) => {
        if (done === stop + 1) throw new Error('enough');
      };
      await assert.rejects(prune({ ...options, onBatch }), /^Error: enough$/);
      assert.deepEqual([memory(), parameters[0].mask], [before, null]);
    }
  }
});

onEveryBackend(test, 'pruning an adapter leaves its masks and nothing else', async () => {
  for (const method of pruningMethods) {
    const model = tinyClassifier();
    const { prunable } = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
    const losses = [0, 1].map(
      (label) => () => model.loss(model.forward(packSequences(batch, model.encoder.positionIds)), [label, 1]),
    );
    const before = memory();
    await prune({ method, sparsity: 0.4, parameters: prunable, losses, random: new Random(1) });
    assert.equal(memory().tensors - before.tensors, prunable.length, method);
    for (const parameter of prunable) parameter.setMask(null);
    assert.deepEqual(memory(), before, method);
  }
});

onEveryBackend(test, 'masks of snip and grasp do not depend on the scale of the loss', async () => {
  for (const method of ['snip', 'grasp'] as const) {
    const masksAt = async (factor: number) => {
      const model = tinyClassifier();
      const { prunable } = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
      const loss = () =>
        mul(model.loss(model.forward(packSequences(batch, model.encoder.positionIds)), [0, 1]), factor);
      await prune({ method, sparsity: 0.6, parameters: prunable, losses: [loss], random: new Random(1) });
      return masks(prunable);
    };
    const plain = await masksAt(1);
    // Powers of two scale floats without rounding.
    assert.deepEqual(await masksAt(1024), plain);
    assert.deepEqual(await masksAt(1 / 1024), plain);
  }
});

test.run();
