import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { add, grad, matmul, mse, mul, Random, sum, type Tensor, tanh, tensor, tidy } from '../../src/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import {
  fisher,
  grasp,
  lowestRemoved,
  magnitude,
  randomScore,
  type Score,
  type ScoreContext,
  snip,
  snipPaperLiteral,
} from '../../src/pruning/index.ts';
import { useBackend } from '../support/on-backend.ts';
import { forAllAsync } from '../support/property.ts';
import { range, total } from '../support/values.ts';

const test = suite('pruning: scores');
useBackend(test, 'reference', { dtype: 'float64' });

/** tanh(x W1ᵀ) W2ᵀ with squared error, on two batches of three rows. */
function net(seed: number): ScoreContext {
  const draw = new Random(seed);
  const numbers = (count: number) => Float64Array.from({ length: count }, () => draw.normal());
  const w1 = new Parameter('w1', numbers(6), [3, 2]);
  const w2 = new Parameter('w2', numbers(6), [2, 3]);
  const losses = range(2).map(() => {
    const [x, y] = [tensor(numbers(6), [3, 2]), tensor(numbers(6), [3, 2])];
    return () => {
      const hidden = tanh(matmul(x, w1.tensor(), { transposeB: true }));
      return mse(matmul(hidden, w2.tensor(), { transposeB: true }), y);
    };
  });
  return { parameters: [w1, w2], random: new Random(0), losses };
}

const flat = (arrays: readonly ArrayLike<number>[]): number[] => arrays.flatMap((values) => Array.from(values));
const weights = ({ parameters }: ScoreContext): number[] => flat(parameters.map(({ value }) => value.dataSync()));
const leaves = ({ parameters }: ScoreContext): Tensor[] => parameters.map(({ value }) => value);
const totalLoss = ({ losses }: ScoreContext): Tensor => losses.map((loss) => loss()).reduce((a, b) => add(a, b));

/** The gradient of the summed loss at the weights moved by `step`. */
function gradientAt(context: ScoreContext, step: readonly number[] = weights(context).map(() => 0)): number[] {
  const { parameters } = context;
  const before = parameters.map(({ value }) => Array.from(value.dataSync()));
  let start = 0;
  parameters.forEach((parameter, i) => {
    const moved = before[i].map((w, j) => w + step[start + j]);
    parameter.assign(tensor(moved, parameter.shape));
    start += moved.length;
  });
  const gradient = tidy(() => flat(grad(totalLoss(context), leaves(context)).map((g) => g.dataSync())));
  for (const [i, parameter] of parameters.entries()) parameter.assign(tensor(before[i], parameter.shape));
  return gradient;
}

/** All second derivatives, one row for each weight: the gradient of each entry of the gradient. */
function hessian(context: ScoreContext): number[][] {
  return tidy(() => {
    const gradient = grad(totalLoss(context), leaves(context), { createGraph: true });
    return gradient.flatMap((g) =>
      range(g.size).map((entry) => {
        const chosen = tensor(
          Float64Array.from({ length: g.size }, (_, i) => Number(i === entry)),
          g.shape,
        );
        const row = grad(sum(mul(g, chosen)), leaves(context), { retainGraph: true });
        return flat(row.map((h) => h.dataSync()));
      }),
    );
  });
}

function assertScores(found: readonly ArrayLike<number>[], expected: readonly number[], tolerance: number): void {
  const scale = Math.max(...expected.map(Math.abs));
  flat(found).forEach((z, i) => {
    assert.ok(Math.abs(z - expected[i]) <= tolerance * scale, `weight ${i}: ${z}, not ${expected[i]}`);
  });
}

const nets = fc.nat().map(net);

test('magnitude is |w|', () =>
  forAllAsync(nets, async (context) => assertScores(await magnitude(context), weights(context).map(Math.abs), 0)));

test('snip is |w g| with the gradient summed over the batches before the absolute value', () =>
  forAllAsync(nets, async (context) => {
    const g = gradientAt(context);
    const signed = weights(context).map((w, i) => w * g[i]);
    assertScores(await snip(context), signed.map(Math.abs), 1e-12);
    assertScores(await snipPaperLiteral(context), signed, 1e-12);
  }));

test('snip is the first-order effect of removing a weight on the loss', async () => {
  const context = net(3);
  const loss = () => tidy(() => totalLoss(context).item());
  const step = 1e-6;
  const [w1] = context.parameters;
  const before = Array.from(w1.value.dataSync());
  const [scores] = await snip(context);
  before.forEach((w, i) => {
    const at = (factor: number) => {
      w1.assign(
        tensor(
          before.map((x, j) => (j === i ? x * factor : x)),
          w1.shape,
        ),
      );
      return loss();
    };
    const effect = (at(1 + step) - at(1 - step)) / (2 * step);
    assert.ok(Math.abs(Math.abs(effect) - scores[i]) < 1e-7, `weight ${i} = ${w}: ${effect}, not ${scores[i]}`);
  });
});

test('fisher is w² Σ g² with the gradient of each example squared by itself', () =>
  forAllAsync(nets, async (context) => {
    const squares = weights(context).map(() => 0);
    for (const loss of context.losses) {
      const g = gradientAt({ ...context, losses: [loss] });
      g.forEach((x, i) => {
        squares[i] += x * x;
      });
    }
    assertScores(
      await fisher(context),
      weights(context).map((w, i) => w * w * squares[i]),
      1e-12,
    );
  }));

test('fisher is twice the second-order effect of removing a weight where the Fisher information is the Hessian', async () => {
  // The mean of (w x - y)² / 2 with residuals of ±1: the Hessian is the mean of x², and so is that of squared gradients.
  const parameter = new Parameter('w', [0.7], [1, 1]);
  const [xs, residuals] = [
    [1, 2, -3, 0.5],
    [1, -1, -1, 1],
  ];
  const losses = xs.map((x, i) => () => {
    const error = add(mul(parameter.tensor(), x), tensor([[residuals[i] - 0.7 * x]]));
    return sum(mul(mul(error, error), 0.5));
  });
  const [[score]] = await fisher({ parameters: [parameter], random: new Random(0), losses });
  assert.ok(Math.abs(score - 0.7 ** 2 * total(xs.map((x) => x * x))) < 1e-12, String(score));
});

test('grasp divides the logits by its temperature', async () => {
  const context = net(4);
  const asked: unknown[] = [];
  const losses = context.losses.map((loss) => (temperature?: number) => {
    asked.push(temperature);
    return mul(loss(), 1 / (temperature ?? 1));
  });
  const plain = flat(await grasp(context));
  assertScores(
    await grasp({ ...context, losses }, { temperature: 200 }),
    plain.map((z) => z / 200 ** 2),
    1e-12,
  );
  assert.deepEqual(new Set(asked), new Set([200]));
});

test('grasp is w (H g), H built entry by entry', () =>
  forAllAsync(
    nets,
    async (context) => {
      const [w, g, h] = [weights(context), gradientAt(context), hessian(context)];
      h.forEach((row, i) => {
        for (const [j, x] of row.entries()) assert.ok(Math.abs(x - h[j][i]) < 1e-9, 'a Hessian is symmetric');
      });
      const expected = w.map((wi, i) => wi * total(h[i].map((x, j) => x * g[j])));
      assertScores(await grasp(context), expected, 1e-10);
    },
    10,
  ));

test('grasp is w times the change of the gradient along itself', () =>
  forAllAsync(nets, async (context) => {
    const [w, g] = [weights(context), gradientAt(context)];
    const step = 1e-5;
    const ahead = gradientAt(
      context,
      g.map((x) => step * x),
    );
    const behind = gradientAt(
      context,
      g.map((x) => -step * x),
    );
    const expected = w.map((wi, i) => (wi * (ahead[i] - behind[i])) / (2 * step));
    assertScores(await grasp(context), expected, 1e-6);
  }));

test('grasp on a quadratic loss wᵀ A w / 2 - bᵀ w is w A (A w - b)', async () => {
  const a = [
    [4, 1, -2],
    [1, 3, 0.5],
    [-2, 0.5, 5],
  ];
  const [b, w] = [
    [1, -1, 2],
    [0.5, 2, -1],
  ];
  const parameter = new Parameter('w', w, [3, 1]);
  const loss = () => {
    const x = parameter.tensor();
    const quadratic = sum(mul(x, matmul(tensor(a), x)));
    return add(mul(quadratic, 0.5), mul(sum(mul(tensor(b, [3, 1]), x)), -1));
  };
  const times = (v: readonly number[]) => a.map((row) => total(row.map((x, j) => x * v[j])));
  const g = times(w).map((x, i) => x - b[i]);
  const scores = await grasp({ parameters: [parameter], random: new Random(0), losses: [loss] });
  assertScores(
    scores,
    times(g).map((x, i) => w[i] * x),
    1e-12,
  );
});

test('grasp sees the scored parameters alone: the others are constants', async () => {
  const context = net(5);
  const first = { ...context, parameters: context.parameters.slice(0, 1) };
  const [w, g] = [weights(first), gradientAt(first)];
  const h = hessian(first);
  assertScores(
    await grasp(first),
    w.map((wi, i) => wi * total(h[i].map((x, j) => x * g[j]))),
    1e-10,
  );
  const [jointly] = await grasp(context);
  assert.notDeepEqual(jointly, (await grasp(first))[0]);
});

test('removing the highest -w (H g) is removing the lowest w (H g)', () =>
  forAllAsync(fc.tuple(nets, fc.integer({ min: 0, max: 12 })), async ([context, count]) => {
    const scores = flat(await grasp(context));
    const byHarm = range(12).sort((i, j) => -scores[j] - -scores[i]);
    const highest = new Set(byHarm.slice(0, count));
    const mask = lowestRemoved(Float64Array.from(scores), count);
    assert.deepEqual(
      Array.from(mask),
      range(12).map((i) => Number(!highest.has(i))),
    );
  }));

test('scaling the loss scales the scores and selects the same weights', () =>
  forAllAsync(
    fc.tuple(nets, fc.constantFrom(1e-4, 0.3, 7, 1e4), fc.integer({ min: 1, max: 11 })),
    async ([context, factor, count]) => {
      const losses = context.losses.map((loss) => () => mul(loss(), factor));
      for (const [score, power] of [
        [snip, 1],
        [grasp, 2],
        [fisher, 2],
      ] as const) {
        const [plain, scaled] = [flat(await score(context)), flat(await score({ ...context, losses }))];
        assertScores(
          [scaled],
          plain.map((z) => z * factor ** power),
          1e-9,
        );
        assert.deepEqual(
          lowestRemoved(Float64Array.from(scaled), count),
          lowestRemoved(Float64Array.from(plain), count),
        );
      }
    },
  ));

test('how examples are cut into batches of equal size changes the scores by their number alone', async () => {
  const context = net(7);
  const joined = { ...context, losses: [() => totalLoss(context)] };
  for (const score of [snip, grasp]) assertScores(await score(joined), flat(await score(context)), 1e-12);
});

test('random draws from its generator alone', async () => {
  const draw = async (seed: number, context: ScoreContext) =>
    flat(await randomScore({ ...context, random: new Random(seed) }));
  const scores = await draw(1, net(1));
  assert.deepEqual(await draw(1, { ...net(2), losses: [] }), scores);
  assert.notDeepEqual(await draw(2, net(1)), scores);
  assert.equal(new Set(scores).size, 12);
  assert.ok(scores.every((z) => z >= 0 && z < 1));
});

test('memory does not grow with the number of batches', async () => {
  const context = net(1);
  const { backend } = context.parameters[0].value;
  const [loss] = context.losses;
  for (const score of [snip, grasp, fisher]) {
    const bytes: number[] = [];
    const watched = () => {
      bytes.push(backend.bytes());
      return loss();
    };
    await score({ ...context, losses: range(6).map(() => watched) });
    assert.deepEqual(bytes.slice(2, 6), [bytes[1], bytes[1], bytes[1], bytes[1]]);
  }
});

test('scores change no weight and leave nothing behind', async () => {
  const context = net(1);
  const before = weights(context);
  const { backend } = context.parameters[0].value;
  const bytes = backend.bytes();
  const all: Score[] = [magnitude, randomScore, snip, snipPaperLiteral, grasp, fisher];
  for (const score of all) await score(context);
  assert.deepEqual(weights(context), before);
  assert.equal(backend.bytes(), bytes);
});

test.run();
