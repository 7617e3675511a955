import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { attachAdapter, type Family, houlsby, lora, mam, option, positiveNumber } from '../../src/adapters/index.ts';
import { add, memory, mul, Random, sum, type Tensor, tensor } from '../../src/index.ts';
import { packSequences } from '../../src/models/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import {
  budgetsOf,
  definePruningMethod,
  type PruneReport,
  type PruneSettings,
  type PruningScope,
  prune,
  pruningMethodOf,
  pruningMethods,
  registerPruningMethod,
} from '../../src/pruning/index.ts';
import { onGpu } from '../support/gpu.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
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
const methodNames = pruningMethods().map(({ name }) => name);
const methods = fc.constantFrom(...methodNames);
const pruningScopes = fc.constantFrom<PruningScope>('global', 'layer');

interface Problem {
  readonly parameters: Parameter[];
  readonly losses: (() => Tensor)[];
  readonly chains: Parameter[][];
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
  return { parameters, losses, chains: parameters.map((parameter) => [parameter]) };
}

const masks = (parameters: readonly Parameter[]): number[][] =>
  parameters.map((parameter) => maskOf(parameter) ?? new Array(parameter.size).fill(-1));

async function masksOf(
  sizes: readonly (readonly [number, number])[],
  options: Partial<PruneSettings> & { method: string; sparsity: number },
): Promise<number[][]> {
  const own = problem(sizes);
  await prune({ ...own, random: new Random('seed'), ...options });
  return masks(own.parameters);
}

const iterations = fc.constantFrom(1, 2, 5);

test('every method removes exactly floor(s · N + 1/2) weights, over all matrices or in each, in any number of rounds', () =>
  forAllAsync(
    fc.tuple(shapes, sparsities, methods, pruningScopes, iterations),
    async ([sizes, sparsity, method, scope, rounds]) => {
      const own = problem(sizes);
      const { parameters } = own;
      const before = parameters.map(({ value }) => Array.from(value.dataSync()));
      const report = await prune({ ...own, method, sparsity, scope, iterations: rounds, random: new Random(1) });
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
      parameters.forEach((parameter, i) => {
        const weights = before[i].map((w, j) => (found[i][j] === 1 ? w : 0));
        assert.deepEqual(weightsOf(parameter), weights);
        assert.equal(parameter.keptCount(), kept[i]);
        assert.deepEqual(parameter.value.shape, onGpu ? parameter.shape : [kept[i]]);
      });
    },
    300,
  ));

const prunedOf = (scope: PruningScope, counts: readonly number[], sparsity: number): number =>
  scope === 'global'
    ? Math.floor(sparsity * total(counts) + 0.5)
    : total(counts.map((n) => Math.floor(sparsity * n + 0.5)));

test('a higher sparsity keeps a part of what a lower one keeps', () =>
  forAllAsync(
    fc.tuple(
      shapes,
      sparsities,
      sparsities,
      fc.constantFrom(...methodNames.filter((name) => !pruningMethodOf(name).densities)),
      pruningScopes,
    ),
    async ([sizes, s, t, method, scope]) => {
      const more = await masksOf(sizes, { method, scope, iterations: 1, sparsity: Math.min(s, t) });
      const fewer = await masksOf(sizes, { method, scope, iterations: 1, sparsity: Math.max(s, t) });
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
  for (const method of methodNames) {
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

test('data tells the methods that fail without it', async () => {
  for (const method of methodNames) {
    const run = () => prune({ ...problem([[4, 4]]), method, sparsity: 0.5, losses: [], random: new Random(1) });
    if (pruningMethodOf(method).data) await assertRejectsInput(run, new RegExp(`^${method} needs training data`));
    else await run();
  }
});

test('er gives the densities of its rule, or the same to every matrix with scope layer', async () => {
  const sizes = [
    [10, 40],
    [20, 20],
  ] as const;
  const kept = async (scope: PruningScope) =>
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
      () => prune({ ...options, method, sparsity: 0.5 }),
      new RegExp(`There is no pruning method '${method}'; there are: random, magnitude, er, snip, grasp`),
    );
  }
  const nan = losses.map((loss) => () => mul(loss(), Number.NaN));
  const zero = losses.map((loss) => () => mul(loss(), 0));
  for (const iterations of [0, 1.5, Number.NaN, 10_001, 1e9, 1e300]) {
    await assertRejectsInput(
      () => prune({ ...options, method: 'snip', sparsity: 0.5, losses: [unused], iterations }),
      new RegExp(
        `^iterations must be a whole number from 1 to 10000: each of them scores all weights again, not ${String(iterations).replace('+', '.')}`,
      ),
    );
  }
  for (const method of ['snip', 'grasp', 'fisher', 'snip:paper-literal']) {
    await assertRejectsInput(
      () => prune({ ...options, method, sparsity: 0.5, losses: nan }),
      new RegExp(`^${method}: a score is NaN; .*Lower the learning rate or check the data`),
    );
    await assertRejectsInput(
      () => prune({ ...options, method, sparsity: 0.5, losses: zero }),
      new RegExp(`^${method}: all scores are -?0, .*init 'bert'`),
    );
  }
  assert.deepEqual(parameters.map(maskOf), [null, null]);
});

test('a weight that is not a number is an error of magnitude, too', async () => {
  const parameter = new Parameter('w', [1, Number.NaN, 2, 3], [2, 2]);
  const options = { parameters: [parameter], losses: [], random: new Random(1) };
  await assertRejectsInput(
    () => prune({ ...options, method: 'magnitude', sparsity: 0.5 }),
    /^magnitude: a score is NaN/,
  );
  assert.equal(parameter.isPruned, false);
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
      await assertRejectsInput(
        run,
        /^snip: all scores are 0, so they cannot tell weights apart; .*init 'bert'.*examples that are all alike/,
      );
      assert.ok(prunable.every(({ isPruned }) => !isPruned));
    } else {
      assert.equal((await run()).kept, 512 - 205);
    }
  }
});

test('a part of an adapter that starts as zeros is named, though other parts have scores', async () => {
  for (const [family, options, part] of [
    [lora, { rank: 2, init: 'lora' }, /lora_B\.default\.weight are 0/],
    [mam, { bottleneck: 4, prefixLength: 2, init: 'mam_adapter' }, /adapter_(down|up)\S* are 0/],
  ] as const) {
    const model = tinyClassifier();
    const { prunable } = attachAdapter(model, (family as Family).configure(options));
    const loss = () => model.loss(model.forward(packSequences(batch, model.encoder.positionIds)), [0, 1]);
    await assertRejectsInput(
      () => prune({ method: 'grasp', sparsity: 0.4, parameters: prunable, losses: [loss], random: new Random(1) }),
      part,
    );
    assert.ok(prunable.every(({ isPruned }) => !isPruned));
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
      assert.deepEqual([memory(), parameters[0].isPruned], [before, false]);
    }
  }
});

onEveryBackend(test, 'pruning an adapter leaves its masks and nothing else', async () => {
  for (const method of methodNames) {
    const model = tinyClassifier();
    const { prunable, chains } = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
    const losses = [0, 1].map(
      (label) => () => model.loss(model.forward(packSequences(batch, model.encoder.positionIds)), [label, 1]),
    );
    const before = memory();
    await prune({ method, sparsity: 0.4, parameters: prunable, chains, losses, random: new Random(1) });
    assert.equal(memory().tensors - before.tensors, prunable.length, method);
    for (const parameter of prunable) parameter.setMask(null);
    assert.deepEqual(memory(), before, method);
  }
});

onEveryBackend(test, 'masks of snip, grasp and fisher do not depend on the scale of the loss', async () => {
  for (const method of ['snip', 'grasp', 'fisher']) {
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

/** The masks at the beginning of each round of the method `test-watched <name>`. */
const states: number[][][] = [];
for (const method of pruningMethods()) {
  const score: typeof method.score = (context, config) => {
    states.push(masks(context.parameters));
    return method.score(context, config);
  };
  registerPruningMethod({ ...method, name: `test-watched ${method.name}`, score });
}

test('in rounds the density falls exponentially, and what is removed stays removed', () =>
  forAllAsync(
    fc.tuple(shapes, sparsities, methods, pruningScopes, fc.integer({ min: 2, max: 6 })),
    async ([sizes, sparsity, method, scope, rounds]) => {
      const own = problem(sizes);
      const random = new Random(1);
      await prune({ ...own, method: `test-watched ${method}`, sparsity, scope, iterations: rounds, random });
      const after = [...states.splice(0).slice(1), masks(own.parameters)].map((state) => state.flat());
      assert.equal(after.length, rounds);
      const counts = own.parameters.map(({ size }) => size);
      for (const [i, state] of after.entries()) {
        const s = i === rounds - 1 ? sparsity : 1 - (1 - sparsity) ** ((i + 1) / rounds);
        const removed = state.filter((m) => m === 0).length;
        if (!pruningMethodOf(method).densities) assert.equal(removed, prunedOf(scope, counts, s), `round ${i}`);
        if (i > 0) assert.ok(state.every((kept, j) => kept <= after[i - 1][j]));
      }
    },
    100,
  ));

test('the last of several rounds removes from each matrix what a single one does, where matrices have budgets', async () => {
  const sizes = [
    [10, 40],
    [20, 20],
  ] as const;
  for (const [method, scope] of [
    ['er', 'global'],
    ['er:paper-literal', 'global'],
    ['magnitude', 'layer'],
  ] as const) {
    const kept = async (iterations: number) =>
      (await masksOf(sizes, { method, sparsity: 0.63, scope, iterations })).map((mask) => total(mask));
    assert.deepEqual(await kept(7), await kept(1));
  }
});

test('rounds are scored anew: a score of what is left differs from the first one', async () => {
  const sizes = [
    [6, 8],
    [8, 6],
  ] as const;
  for (const method of ['snip', 'grasp', 'fisher']) {
    const once = await masksOf(sizes, { method, sparsity: 0.8 });
    const slowly = await masksOf(sizes, { method, sparsity: 0.8, iterations: 20 });
    assert.notDeepEqual(slowly, once, method);
  }
  const once = await masksOf(sizes, { method: 'magnitude', sparsity: 0.8 });
  assert.deepEqual(await masksOf(sizes, { method: 'magnitude', sparsity: 0.8, iterations: 20 }), once);
});

onEveryBackend(test, 'an error in a later round gives all weights back as they were', async () => {
  const { parameters, losses } = problem([[4, 5]]);
  const [parameter] = parameters;
  const start = Array.from(parameter.value.dataSync());
  const before = memory();
  const options = { method: 'snip', sparsity: 0.5, iterations: 3, parameters, losses, random: new Random(1) };
  const told: number[][] = [];
  const onBatch = (done: number, all: number) => {
    told.push([done, all]);
    if (done === 5) throw new Error('enough');
  };
  await assert.rejects(prune({ ...options, onBatch }), /^Error: enough$/);
  assert.deepEqual(
    told,
    range(5).map((i) => [i + 1, 6]),
  );
  assert.deepEqual([maskOf(parameter), weightsOf(parameter), memory()], [null, start, before]);
});

test('rounds of a method without data are told, and can be ended', async () => {
  const told: number[][] = [];
  const { parameters, chains } = problem([[4, 5]]);
  const options = { method: 'synflow', sparsity: 0.5, parameters, chains, losses: [], random: new Random(1) };
  await prune({ ...options, iterations: 3, onBatch: (...progress) => void told.push(progress) });
  assert.deepEqual(told, [
    [1, 3],
    [2, 3],
    [3, 3],
  ]);
});

test('a method of ones own has a name, options and what else it declares', async () => {
  const distance = definePruningMethod({
    name: 'test-distance',
    summary: 'near a value',
    options: { from: option(positiveNumber, { description: 'the value', default: 1 }) },
    score: async ({ parameters }, { from }) =>
      Promise.all(parameters.map(async (parameter) => (await parameter.data()).map((w) => Math.abs(w - from)))),
  });
  registerPruningMethod(distance);
  assert.throws(() => registerPruningMethod(distance), /There is a pruning method 'test-distance' already/);
  assert.deepEqual(pruningMethodOf('test-distance').configure(), { from: 1 });
  const pruned = async (options?: PruneSettings['options']) => {
    const parameter = new Parameter('w', [1, 2, 3, 4], [2, 2]);
    const random = new Random(1);
    await prune({ method: 'test-distance', sparsity: 0.25, options, parameters: [parameter], losses: [], random });
    return weightsOf(parameter);
  };
  assert.deepEqual(await pruned(), [0, 2, 3, 4]);
  assert.deepEqual(await pruned({ from: 3 }), [1, 2, 0, 4]);
  await assertRejectsInput(() => pruned({ from: -1 }), /^test-distance: from must be a number above 0, not -1/);
  await assertRejectsInput(() => pruned({ form: 1 }), /^test-distance has no option 'form'; its options: from/);
});

test('budgets: one for all, one for each, or shares', () => {
  const shapes = [
    [10, 40],
    [20, 20],
  ];
  const removed = (...args: Parameters<typeof budgetsOf>) => budgetsOf(...args).map((budget) => budget.removed);
  assert.deepEqual(removed(shapes, 0.5, 'global'), [400]);
  assert.deepEqual(removed(shapes, 0.5, 'layer'), [200, 200]);
  assert.deepEqual(removed(shapes, 0.5, 'global', pruningMethodOf('er').densities), [178, 222]);
});

test.run();
