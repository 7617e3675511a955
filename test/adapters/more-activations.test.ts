import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { registerActivations } from '../../src/adapters/bottleneck.ts';
import { attachAdapter } from '../../src/adapters/index.ts';
import { moreActivations } from '../../src/adapters/more-activations.ts';
import { grad, sum, tensor, tidy } from '../../src/index.ts';
import { packSequences } from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { assertClose } from '../support/compare.ts';
import { forAll } from '../support/property.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

const test = suite('adapters: activations without a kernel');

type Curve = (x: number) => number;

/** x Φ(x) from the definition, by the trapezoidal rule. */
const gelu: Curve = (x) => {
  const steps = 2000;
  const [from, width] = [-10, (x + 10) / steps];
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  let area = (density(from) + density(x)) / 2;
  for (let i = 1; i < steps; i++) area += density(from + i * width);
  return x * area * width;
};
const tanhGelu: Curve = (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const leaky: Curve = (x) => (x > 0 ? x : 0.01 * x);

/** As torch and transformers define them. */
const curves: Readonly<Record<keyof typeof moreActivations, Curve>> = {
  gelu_10: (x) => Math.min(10, gelu(x)),
  gelu_accurate: tanhGelu,
  gelu_python: gelu,
  gelu_python_tanh: tanhGelu,
  laplace: (x) => gelu((x - Math.SQRT1_2) / 0.282095) / ((x - Math.SQRT1_2) / 0.282095),
  leaky_relu: leaky,
  leakyrelu: leaky,
  linear: (x) => x,
  mish: (x) => x * Math.tanh(Math.log1p(Math.exp(x))),
  prelu: (x) => (x > 0 ? x : -0.5 * x),
  quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  relu2: (x) => Math.max(0, x) ** 2,
  relu6: (x) => Math.min(6, Math.max(0, x)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

for (const [name, curve] of Object.entries(curves)) {
  test(`${name} and its slope`, () => {
    const activation = moreActivations[name as keyof typeof moreActivations];
    // Away from kinks, and from the pole of the curve of laplace above.
    const places = fc
      .double({ min: -9, max: 12, noNaN: true })
      .filter((x) => [0, 6, 10, Math.SQRT1_2].every((kink) => Math.abs(x - kink) > 0.02));
    forAll(
      places,
      (x) =>
        tidy(() => {
          const at = tensor([x], [1], { requiresGrad: true });
          const y = activation(at, tensor([-0.5]));
          const step = 1e-3;
          const slope = (curve(x + step) - curve(x - step)) / (2 * step);
          assertClose(y, { shape: [1], values: [curve(x)] }, 2e-5 * (1 + x * x), name);
          assertClose(
            grad(sum(y), [at])[0],
            { shape: [1], values: [slope] },
            2e-3 * (1 + Math.abs(x)),
            `slope of ${name}`,
          );
        }),
      15,
    );
  });
}

const ids = [2, 14, 8, 18, 3];

test('a factor for each channel begins as 1, and a slope as 0.25', () => {
  const model = tinyClassifier();
  const { parameters } = attachAdapter(model, {
    kind: 'houlsby',
    bottleneck: 2,
    activation: 'prelu',
    scale: 'channel',
  });
  const [scaling, slope] = ['.scaling', '.non_linearity.f.weight'].map((end) =>
    parameters.filter(({ name }) => name.endsWith(end)),
  );
  assert.deepEqual(
    new Set(scaling.map(({ shape, value }) => `${shape}: ${[...new Set(value.dataSync())]}`)),
    new Set([`${model.config.hidden_size}: 1`]),
  );
  assert.deepEqual(
    slope.map(({ value }) => [...value.dataSync()]),
    scaling.map(() => [0.25]),
  );
});

test('an activation that is not loaded says what has it', () => {
  const model = tinyClassifier();
  attachAdapter(model, { kind: 'houlsby', bottleneck: 2, activation: 'mish' });
  const forward = () => tidy(() => model.forward(packSequences([{ ids }], model.encoder.positionIds)).shape);
  registerActivations(null);
  try {
    assertInputError(
      forward,
      /^The activation mish is not loaded; import sparse-adapter\/interchange, which has it\.$/,
    );
  } finally {
    registerActivations(moreActivations);
  }
  assert.deepEqual(forward(), [1, model.outputs.length]);
});

test.run();
