import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { attachAdapter, houlsby } from '../../src/adapters/index.ts';
import type { EncodedExample } from '../../src/data/index.ts';
import { grad, hvp, type Tensor, tensor, tidy } from '../../src/index.ts';
import { classificationLoss, type LossOptions, prepareRun, type RunMetrics } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertClose } from '../support/compare.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { forAllAsync } from '../support/property.ts';
import { tinyClassifier, tinyExamples } from '../support/tiny-model.ts';
import { complete, dense, reviewData, tinyRun, tinySettings } from '../support/tiny-run.ts';
import { total } from '../support/values.ts';

const test = suite('training: class weights and label smoothing');
useBackend(test, 'reference');

const labels = ['a', 'b', 'c'];
const model = () => {
  const made = tinyClassifier({ labels });
  return { made, adapter: attachAdapter(made, houlsby.configure({ bottleneck: 2, init: 'bert' })) };
};

const cases = fc.record({
  classes: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 6 }),
  eighths: fc.tuple(...labels.map(() => fc.integer({ min: 1, max: 24 }))),
  labelSmoothing: fc.constantFrom(0, 0.1, 1),
  isWeighted: fc.boolean(),
});

/** The loss, its gradient and a Hessian-vector product by the weights of an adapter. */
function derivatives(items: readonly EncodedExample[], options: LossOptions): Tensor[] {
  const { made, adapter } = model();
  const leaves = adapter.prunable.slice(0, 2).map(({ value }) => value);
  const directions = leaves.map(({ shape, size }) =>
    tensor(
      Array.from({ length: size }, (_, i) => Math.cos(i)),
      shape,
    ),
  );
  const loss = () => classificationLoss(made, items, undefined, options);
  return [loss(), ...grad(loss(), leaves), ...hvp(loss, leaves, directions)];
}

test('a packed batch is the weighted mean of its examples, in value, gradient and Hessian-vector product, in any order', () =>
  forAllAsync(
    cases,
    async ({ classes, eighths, labelSmoothing, isWeighted }) => {
      tidy(() => {
        const items = tinyExamples(classes.length).map((item, i) => ({ ...item, label: classes[i] }));
        const weights = eighths.map((eighth) => eighth / 8);
        const options = { labelSmoothing, ...(isWeighted && { classWeights: weights }) };
        const packed = derivatives(items, options);
        const weightOf = ({ label }: { label: number }) => (isWeighted ? weights[label] : 1);
        const sum = total(items.map(weightOf));
        // Alone, an example is divided by its own weight.
        const singles = items.map((item) => derivatives([item], options));
        packed.forEach((found, part) => {
          const values = Array.from({ length: found.size }, (_, i) =>
            total(singles.map((single, n) => (single[part].dataSync()[i] * weightOf(items[n])) / sum)),
          );
          assertClose(found, { shape: found.shape, values }, 1e-4, `part ${part}`);
        });
        derivatives(items.toReversed(), options).forEach((found, part) => {
          assertClose(found, packed[part], 1e-4, `part ${part} in another order`);
        });
      });
    },
    10,
  ));

const lossesOf = async (settings: object): Promise<RunMetrics> => {
  const result = await tinyRun(`${temporaryFolder()}/run`, { settings: { ...tinySettings, ...dense, ...settings } });
  assert.ok(result.status === 'finished');
  return result.metrics;
};

test('balanced weights are those of scikit-learn, of the classes of the training data', async () => {
  // compute_class_weight('balanced', classes=[0, 1, 2], y=[0, 0, 0, 0, 0, 1, 1, 2])
  const expected = [0.5333333333333333, 1.3333333333333333, 2.6666666666666665];
  const rows = ['x', 'x', 'x', 'y', 'x', 'z', 'x', 'y'].map((label) => `the film is good,${label}\n`);
  const folder = temporaryFolder({ 'train.csv': `text,mood\n${rows.join('')}` });
  const data = { data: `${folder}/train.csv`, evalData: undefined };
  const settings = complete({ ...tinySettings, ...dense, ...data, classWeights: 'balanced' });
  const { model: prepared, items } = await prepareRun(settings);
  assert.deepEqual(prepared.labels, ['x', 'y', 'z']);
  assert.deepEqual(prepared.lossOptions(items), { labelSmoothing: 0, classWeights: expected });
  prepared.dispose();
});

test('weights by name are in the order of the classes, and 1 where nothing is said', async () => {
  const settings = complete({ ...tinySettings, ...dense, classWeights: { positive: 3 }, labelSmoothingFactor: 0.2 });
  const { model: prepared, items } = await prepareRun(settings);
  assert.deepEqual(prepared.labels, ['negative', 'positive']);
  assert.deepEqual(prepared.lossOptions(items), { labelSmoothing: 0.2, classWeights: [1, 3] });
  prepared.dispose();
});

test('training and pruning take the loss that the settings say, and a run stores it', async () => {
  const plain = await lossesOf({});
  for (const settings of [{ classWeights: { positive: 3 } }, { labelSmoothingFactor: 0.2 }]) {
    assert.notDeepEqual((await lossesOf(settings)).epoch_losses, plain.epoch_losses);
    const pruned = { ...settings, pruning: 'snip', pruningExamples: 16 };
    const result = await tinyRun(`${temporaryFolder()}/run`, { settings: { ...tinySettings, ...pruned, epochs: 0 } });
    assert.ok(result.status === 'finished');
    const { classWeights, labelSmoothingFactor } = result.config.settings;
    assert.deepEqual(JSON.parse(JSON.stringify({ classWeights, labelSmoothingFactor })), settings);
  }
  // The balanced weights of equally many examples are 1, up to the order of sums.
  const balanced = await lossesOf({ classWeights: 'balanced' });
  balanced.epoch_losses.forEach((loss, i) => {
    assert.ok(Math.abs(loss - plain.epoch_losses[i]) < 1e-4);
  });
});

test('where there are no such classes, they are refused by name', async () => {
  const numbers = { ...tinySettings, ...reviewData('score') };
  await assertRejectsInput(
    () => tinyRun(`${temporaryFolder()}/run`, { settings: { ...numbers, classWeights: 'balanced' } }),
    /^--class-weights \(classWeights\) has no effect: numbers are predicted, and not classes; leave it out\.$/,
  );
  await assertRejectsInput(
    () => tinyRun(`${temporaryFolder()}/run`, { settings: { ...numbers, labelSmoothingFactor: 0.1 } }),
    /^--label-smoothing-factor \(labelSmoothingFactor\) has no effect: numbers are predicted/,
  );
  await assertRejectsInput(
    () => tinyRun(`${temporaryFolder()}/run`, { settings: { ...tinySettings, classWeights: { happy: 2 } } }),
    /^--class-weights \(classWeights\) names the class 'happy'; there are negative, positive\.$/,
  );
  assert.throws(
    () => complete({ ...tinySettings, label: undefined, text: undefined, task: 'squad', classWeights: 'balanced' }),
    /classWeights has no effect with task squad/,
  );
  for (const given of [{ classWeights: 'balanced' }, { labelSmoothingFactor: 0.1 }] as const) {
    assert.throws(
      () => complete({ ...numbers, problemType: 'regression', ...given }),
      /(classWeights|labelSmoothingFactor) has no effect with problemType regression/,
    );
  }
  assert.throws(
    () => complete({ ...tinySettings, classWeights: { positive: 0 } }),
    /classWeights must be balanced, or weights above 0 by class/,
  );
});

test.run();
