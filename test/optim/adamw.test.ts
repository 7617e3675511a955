import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { full, grad, keptValues, memory, mul, ones, Random, setBackend, sum, tensor, tidy } from '../../src/index.ts';
import { Parameter } from '../../src/nn/index.ts';
import { AdamW, type AdamWOptions, type AdamWVariant, exceptBiasesAndNorms } from '../../src/optim/index.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { weightsOf } from '../support/parameters.ts';
import { forAll, forAllAsync } from '../support/property.ts';
import '../support/sparse.ts';
import { range } from '../support/values.ts';

const test = suite('optim: AdamW');
useBackend(test, 'reference');

const variants: AdamWVariant[] = ['torch-adamw', 'hf-adamw', 'adam-l2'];

const numbers = (parameter: Parameter): number[] => Array.from(parameter.value.dataSync());
const named = (name: string, values: readonly number[]) => new Parameter(name, values, [values.length]);

/** A matrix with a mask, one without, and a bias. */
function someParameters(): Parameter[] {
  const random = new Random('weights');
  const draw = (count: number) => range(count).map(() => random.normal());
  const parameters = [
    new Parameter('a.weight', draw(6), [2, 3]),
    new Parameter('b.weight', draw(4), [4]),
    new Parameter('a.bias', draw(2), [2]),
  ];
  parameters[0].setMask([1, 0, 1, 1, 0, 1]);
  return parameters;
}

/** One step with gradients that depend on its number alone, masked as the chain rule does. */
function step(optimizer: AdamW, number: number, learningRate = 0.1, gradientScale = 1): void {
  tidy(() => {
    const random = new Random(number);
    const gradients = optimizer.parameters.map(({ shape, size, mask }) => {
      const kept = mask?.dataSync();
      return tensor(
        range(size).map((i) => (kept?.[i] ?? 1) * random.normal()),
        shape,
      );
    });
    optimizer.learningRate = learningRate;
    optimizer.step(gradients, { gradientScale: gradientScale === 1 ? null : tensor(gradientScale) });
  });
}

const bits = fc.array(fc.constantFrom(0, 1), { minLength: 12, maxLength: 12 });

onEveryBackend(test, 'moments follow a mask that becomes final, or open, between two steps', () =>
  forAll(fc.tuple(bits, bits, fc.constantFrom(...variants), fc.nat()), ([first, second, variant, seed]) => {
    const values = range(12).map((i) => i - 5.5);
    const [held, whole] = ['held', 'whole'].map((name) => new Parameter(name, values, [3, 4]));
    const optimizers = [held, whole].map((parameter) => new AdamW([parameter], { variant }));
    let number = seed;
    const steps = () => {
      for (let i = 0; i < 2; i++) {
        number++;
        for (const optimizer of optimizers) stepOf(optimizer, number);
      }
      const expected = weightsOf(whole);
      weightsOf(held).forEach((weight, i) => {
        assert.ok(Math.abs(weight - expected[i]) <= 1e-5, `step ${number}: ${weight} for ${expected[i]}`);
      });
    };
    steps();
    for (const mask of [first, first.map((bit, i) => bit * second[i])]) {
      for (const parameter of [held, whole]) parameter.setMask(mask);
      held.fixMask();
      steps();
      held.openMask();
      steps();
    }
    for (const one of [held, whole, ...optimizers]) one.dispose();
  }),
);

/** A step with random gradients, at the places of the weights that are held. */
function stepOf(optimizer: AdamW, seed: number): void {
  tidy(() => {
    const random = new Random(seed);
    const gradients = optimizer.parameters.map(({ shape, size, pattern, mask }) => {
      const all = tensor(
        range(size).map(() => random.normal()),
        shape,
      );
      return pattern ? keptValues(all, pattern) : mask ? mul(all, mask) : all;
    });
    optimizer.step(gradients);
  });
}

test('biases and layer norms are told from what decays', () => {
  const decaying = [
    'bert.encoder.layer.0.output.adapters.default.adapter_down.0.weight',
    'bert.encoder.layer.0.output.ef_ffn_adapter.up_proj.weight',
    'classifier.weight',
    'classifier.out_proj.weight',
    'bert.embeddings.word_embeddings.weight',
    'bert.encoder.layer.0.output.adapters.norm.adapter_up.weight',
  ];
  const constant = [
    'classifier.bias',
    'bias',
    'bert.encoder.layer.0.output.adapters.default.adapter_down.0.bias',
    'bert.encoder.layer.0.output.ef_ffn_adapter.adapter_layer_norm_before.weight',
    'bert.encoder.layer.0.output.ef_ffn_adapter.adapter_layer_norm_before.bias',
    'bert.embeddings.LayerNorm.weight',
    'bert.embeddings.LayerNorm.bias',
    'model.encoder.layers.0.self_attn_layer_norm.weight',
    'model.encoder.layernorm_embedding.weight',
    'norm.weight',
  ];
  for (const name of decaying) assert.equal(exceptBiasesAndNorms(named(name, [1])), true, name);
  for (const name of constant) assert.equal(exceptBiasesAndNorms(named(name, [1])), false, name);
});

for (const variant of variants) {
  test(`${variant}: without gradients only the weights that decay shrink`, () => {
    const [weight, bias] = [named('a.weight', [1, -2]), named('a.bias', [1, -2])];
    const optimizer = new AdamW([weight, bias], {
      variant,
      learningRate: 0.1,
      weightDecay: 0.5,
      decays: exceptBiasesAndNorms,
    });
    for (const _ of range(3)) tidy(() => optimizer.step([tensor([0, 0]), tensor([0, 0])]));
    assert.deepEqual(numbers(bias), [1, -2]);
    const [a, b] = numbers(weight);
    assert.ok(a < 1 && a > 0 && b > -2 && b < 0, `${a}, ${b}`);
  });

  test(`${variant}: a learning rate of 0 leaves the weights but counts the step`, async () => {
    const parameters = someParameters();
    const before = parameters.map(numbers);
    const optimizer = new AdamW(parameters, { variant, weightDecay: 0.1 });
    step(optimizer, 1, 0);
    step(optimizer, 2, 0);
    assert.deepEqual(parameters.map(numbers), before);
    const state = await optimizer.state();
    assert.equal(state.step, 2);
    assert.ok(Array.from(state.moments.get('a.bias')?.m ?? [0]).every((m) => m !== 0));
  });

  onEveryBackend(test, `${variant}: pruned weights and their moments are 0 after any step`, async () => {
    const parameters = someParameters();
    const optimizer = new AdamW(parameters, { variant, weightDecay: 0.1 });
    for (const number of range(5)) step(optimizer, number);
    const { moments } = await optimizer.state();
    const { m, v } = moments.get('a.weight') ?? { m: [], v: [] };
    for (const values of [numbers(parameters[0]), m, v]) {
      assert.deepEqual(
        Array.from(values, (x) => x !== 0),
        [true, false, true, true, false, true],
      );
    }
  });

  onEveryBackend(test, `${variant}: a state continues in another optimiser bit for bit`, () =>
    forAllAsync(
      fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 1, max: 4 })),
      async ([before, after]) => {
        const whole = someParameters();
        const uninterrupted = new AdamW(whole, { variant, weightDecay: 0.1 });
        for (const number of range(before)) step(uninterrupted, number);
        const values = whole.map(numbers);
        // As through a file: JSON keeps doubles exactly.
        const state = await uninterrupted.state();
        const stored = new Map(
          [...state.moments].map(([name, { m, v }]) => [name, { m: [...Array.from(m)], v: Array.from(v) }]),
        );

        const other = someParameters();
        other.forEach((parameter, i) => {
          parameter.load(values[i], parameter.mask && Array.from(parameter.mask.dataSync()));
        });
        const restored = new AdamW(other, { variant, weightDecay: 0.1 });
        restored.restore({ step: state.step, moments: stored });
        for (const number of range(after)) {
          step(uninterrupted, before + number);
          step(restored, before + number);
        }
        assert.deepEqual(other.map(numbers), whole.map(numbers));
        const [a, b] = [await uninterrupted.state(), await restored.state()];
        assert.deepEqual(b, a);
      },
      8,
    ),
  );
}

/** Parameters, settings and learning rates of a short run. */
const runs = fc.record({
  lengths: fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1000, max: 2100 })), {
    minLength: 1,
    maxLength: 5,
  }),
  masked: fc.nat(),
  variant: fc.constantFrom(...variants),
  weightDecay: fc.constantFrom(0, 0.1, 0.5),
  eps: fc.constantFrom(1e-8, 1e-3),
  betas: fc.constantFrom<[number, number]>([0.9, 0.98], [0.5, 0.999], [0, 0]),
  gradientScale: fc.constantFrom(1, 0.3),
  steps: fc.integer({ min: 1, max: 4 }),
});

test('a kernel does what the composition of operations does, bit for bit', () =>
  forAllAsync(runs, async ({ lengths, masked, gradientScale, steps, ...options }) => {
    const results = [];
    for (const name of ['reference', 'wasm'] as const) {
      const backend = await setBackend(name);
      assert.equal(backend.optimizer !== undefined, name === 'wasm');
      const random = new Random('run');
      const draw = (length: number) => range(length).map(() => random.normal());
      const parameters = lengths.map(
        (length, i) => new Parameter(`${i}.${i % 2 ? 'bias' : 'weight'}`, draw(length), [length]),
      );
      const kept = (length: number) => draw(length).map((x) => Number(x > 0));
      parameters[masked % lengths.length].setMask(kept(lengths[masked % lengths.length]));
      const optimizer = new AdamW(parameters, options);
      for (const number of range(steps)) step(optimizer, number, 0.1 / (number + 1), gradientScale);
      results.push([parameters.map(numbers), await optimizer.state()]);
    }
    assert.deepEqual(results[1], results[0]);
  }).finally(() => setBackend('reference')));

onEveryBackend(test, 'scaling the gradients inside a step is scaling them before it', async () => {
  const results = [1, 0.25].map((inside) => {
    const optimizer = new AdamW(someParameters());
    tidy(() => {
      const gradients = optimizer.parameters.map(({ shape, size }) => full(shape, (size * 0.25) / inside));
      optimizer.step(gradients, { gradientScale: tensor(inside) });
    });
    return optimizer;
  });
  const [before, inside] = await Promise.all(results.map((optimizer) => optimizer.state()));
  assert.deepEqual(inside, before);
  assert.deepEqual(results[1].parameters.map(numbers), results[0].parameters.map(numbers));
});

onEveryBackend(test, 'a pruned weight stays 0 also with a gradient of its own', () => {
  const [parameter] = someParameters();
  tidy(() => new AdamW([parameter], { learningRate: 0.1 }).step([ones([2, 3])]));
  assert.deepEqual(
    numbers(parameter).map((w) => w !== 0),
    [true, false, true, true, false, true],
  );
});

onEveryBackend(test, 'what was computed before a step is not differentiated by the weights after it', () => {
  const parameter = named('w', [1, 2, 3]);
  const { value } = parameter;
  const loss = sum(mul(parameter.tensor(), parameter.tensor()));
  const view = value.detach();
  tidy(() => new AdamW([parameter], { learningRate: 0.1 }).step([ones([3])]));
  assert.throws(() => grad(loss, [value]), /Tensor \[3\] was freed/);
  assert.throws(() => loss.backward(), /Tensor \[3\] was freed/);
  assert.deepEqual(Array.from(view.dataSync()), [1, 2, 3], 'a view keeps its numbers');
  assert.ok(numbers(parameter)[0] < 1);
  assert.equal(parameter.trainable, true);
});

test('gradients that do not fit are an error that changes nothing', async () => {
  const optimizer = new AdamW([named('a.weight', [1, 2]), named('a.bias', [1])]);
  const before = [optimizer.parameters.map(numbers), await optimizer.state()];
  const [a, b, freed] = [ones([2]), ones([1]), ones([1])];
  freed.dispose();
  assert.throws(() => optimizer.step([a]), /1 gradients for 2 parameters/);
  assert.throws(() => optimizer.step([a, a]), /a\.bias: a gradient \[2\] for the weight \[1\]/);
  assert.throws(() => optimizer.step([a, freed]), /was freed/);
  assert.deepEqual([optimizer.parameters.map(numbers), await optimizer.state()], before);
  assert.throws(
    () => optimizer.step([a, b], { gradientScale: a }),
    /AdamW\.step: gradientScale must be one number, not \[2\]/,
  );
  optimizer.step([a, b]);
});

test('the defaults are those of torch.optim.AdamW', async () => {
  const results = [{}, { learningRate: 1e-3, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay: 0.01 }].map(
    (options) => {
      const parameters = someParameters();
      const optimizer = new AdamW(parameters, options);
      tidy(() => optimizer.step(parameters.map(({ shape }) => ones(shape))));
      return [parameters.map(numbers), optimizer.learningRate];
    },
  );
  assert.deepEqual(results[0], results[1]);
  // Biases decay too: w (1 - 1e-5) - 1e-3.
  const bias = new Parameter('bias', [2], [1]);
  tidy(() => new AdamW([bias]).step([ones([1])]));
  assert.ok(Math.abs(numbers(bias)[0] - (2 * (1 - 1e-5) - 1e-3)) < 1e-6);
});

test('an option that is out of range is an error that names it', () => {
  const weights = [named('w', [1])];
  assert.throws(() => new AdamW(weights, { learningRate: -1 }), /AdamW: learningRate must be a number from 0, not -1/);
  assert.throws(() => new AdamW(weights, { weightDecay: Number.NaN }), /weightDecay must be a number from 0, not NaN/);
  assert.throws(() => new AdamW(weights, { betas: [0.9, 1] }), /betas must be two numbers in \[0, 1\), not 0\.9 and 1/);
});

test('tensors instead of parameters, and whatever is no array of gradients, are refused by name', () => {
  const weight = named('w', [1]);
  const wrong: readonly [unknown, RegExp][] = [
    [[weight, ones([1])], /^TypeError: AdamW: parameters\[1\] must be a parameter, not a tensor \[1\]/],
    [[undefined], /^TypeError: AdamW: parameters\[0\] must be a parameter, not undefined/],
    [weight, /^TypeError: AdamW: parameters must be an array of parameters, not an object/],
    [[weight, weight], /^RangeError: AdamW: parameters\[1\], w, is there twice/],
  ];
  for (const [parameters, message] of wrong) {
    assert.throws(() => Reflect.construct(AdamW, [parameters]), message);
  }
  const optimizer = new AdamW([weight]);
  const step = (gradients: unknown) => () => Reflect.apply(optimizer.step, optimizer, [gradients]);
  assert.throws(step(ones([1])), /^TypeError: AdamW\.step: gradients must be an array of tensors, not a tensor \[1\]/);
  assert.throws(step([null]), /^TypeError: AdamW\.step: gradients\[0\] must be a tensor, not null/);
});

test('a state without a parameter is an error that names it and changes nothing', async () => {
  const optimizer = new AdamW(someParameters());
  step(optimizer, 1);
  const before = await optimizer.state();
  const moments = new Map([...before.moments].filter(([name]) => name !== 'b.weight'));
  assert.throws(() => optimizer.restore({ step: 9, moments }), /no 4 moments of b\.weight/);
  const short = new Map([...before.moments, ['b.weight', { m: [1], v: [1] }] as const]);
  assert.throws(() => optimizer.restore({ step: 9, moments: short }), /no 4 moments of b\.weight/);
  assert.deepEqual(await optimizer.state(), before);
});

test('the first step moves every weight by the learning rate against its gradient', () => {
  const parameter = named('a.bias', [1, 1, 1]);
  tidy(() => new AdamW([parameter], { learningRate: 0.25, eps: 0, weightDecay: 0 }).step([tensor([2, -0.001, 1000])]));
  numbers(parameter).forEach((w, i) => {
    assert.ok(Math.abs(w - [0.75, 1.25, 0.75][i]) < 1e-6, String(w));
  });
});

onEveryBackend(test, 'steps leave nothing behind', () => {
  for (const options of variants.map((variant): AdamWOptions => ({ variant }))) {
    const optimizer = new AdamW(someParameters(), options);
    step(optimizer, 0);
    const before = memory();
    for (const number of range(5)) step(optimizer, number);
    assert.deepEqual(memory(), before);
  }
});

test.run();
