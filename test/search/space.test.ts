import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { Random } from '../../src/random/index.ts';
import { type Distribution, distributionOf, distributionText } from '../../src/search/distribution.ts';
import { ParzenEstimator, uniformPoint } from '../../src/search/parzen.ts';
import { gridOf, type SpaceSpec, searchSpace, settingsAt } from '../../src/search/space.ts';
import { forAll } from '../support/property.ts';

const test = suite('search: spaces');

const distribution = (name: string, text: string | SpaceSpec): Distribution =>
  [...searchSpace({ [name]: text }).values()][0];

test('texts and values of a JSON file are values, ranges, and steps', () => {
  assert.deepEqual(distribution('sparsity', '0.2, 0.4'), { kind: 'categorical', choices: [0.2, 0.4] });
  assert.deepEqual(distribution('sparsity', [0.2, 0.4]), { kind: 'categorical', choices: [0.2, 0.4] });
  assert.deepEqual(distribution('pruning', 'snip,none'), { kind: 'categorical', choices: ['snip', 'none'] });
  const rate = { kind: 'float', low: 1e-4, high: 0.01, log: true, step: null };
  assert.deepEqual(distribution('learning-rate', 'log:1e-4:1e-2'), rate);
  assert.deepEqual(distribution('learningRate', { low: 1e-4, high: 0.01, log: true }), rate);
  // A setting of whole numbers has steps of one, and the last value at a step is the last one.
  assert.deepEqual(distribution('bottleneck', '8:64'), { kind: 'int', low: 8, high: 64, log: false, step: 1 });
  assert.deepEqual(distribution('bottleneck', '8:70:16'), { kind: 'int', low: 8, high: 56, log: false, step: 16 });
  assert.deepEqual(distribution('sparsity', '0.1:0.9:0.4'), {
    kind: 'float',
    low: 0.1,
    high: 0.9,
    log: false,
    step: 0.4,
  });
});

test('a text with a colon is a value where it is no range of numbers', () => {
  assert.deepEqual(distribution('label', 'a:b'), { kind: 'categorical', choices: ['a:b'] });
  assert.deepEqual(distribution('label', 'mood:1,log:a:2'), { kind: 'categorical', choices: ['mood:1', 'log:a:2'] });
  assert.deepEqual(distribution('sparsity', ' .1 : +9e-1 '), distribution('sparsity', '0.1:0.9'));
});

test('what fits no setting is refused by name', () => {
  const cases: [Readonly<Record<string, string | SpaceSpec>>, RegExp][] = [
    [{}, /needs a setting/],
    [{ lerning: '1,2' }, /'lerning' is no setting/],
    [{ output: 'a,b' }, /output does not change what is learnt/],
    [{ sparsity: '0.5,1.5' }, /sparsity does not accept '1.5'/],
    [{ sparsity: [0.5, 1.5] }, /sparsity does not accept 1\.5\. It must be .*0.*1/],
    [{ sparsity: '0.5,0.5' }, /twice/],
    [{ sparsity: '0.1:1.5' }, /sparsity does not accept 1\.5\. It must be .*0.*1/],
    [{ sparsity: 'log:0.1:1.5' }, /sparsity does not accept 1\.5\. It must be .*0.*1/],
    [{ sparsity: '0.8:0.2' }, /must rise/],
    [{ sparsity: 'log:0:0.5' }, /must be above 0/],
    [{ bottleneck: '8:64:0.5' }, /whole numbers/],
    [{ sparsity: '0.2:0.4:0.5' }, /a step that is not in it/],
    [{ sparsity: 'a:b' }, /does not accept 'a:b'\. It must .* A range is low:high/],
    [{ sparsity: 'log:0.1:b' }, /does not accept 'log:0\.1:b'\. .* A range is low:high/],
    [{ 'learning-rate': '1e-3,1e-4', learningRate: '1e-3,1e-4' }, /searched twice/],
  ];
  for (const [given, pattern] of cases) {
    assert.throws(
      () => searchSpace(given),
      (error: unknown) => error instanceof InputError && pattern.test(error.message),
      JSON.stringify(given),
    );
  }
});

test('settings of a trial: those that all share, with its own in them and in its adapter', () => {
  const space = searchSpace({ sparsity: '0.2,0.4', bottleneck: '8:64:8' });
  const point = new Map([
    ['sparsity', 1],
    ['adapter.bottleneck', 16],
  ]);
  assert.deepEqual(settingsAt({ model: 'm', adapter: 'pfeiffer' }, space, point), {
    ...{ model: 'm', sparsity: 0.4, adapter: { kind: 'pfeiffer', bottleneck: 16 } },
  });
  const kinds = searchSpace({ bottleneck: '8,16', adapter: 'houlsby,pfeiffer' });
  const at = new Map([
    ['adapter.bottleneck', 0],
    ['adapter', 1],
  ]);
  assert.deepEqual(settingsAt({ model: 'm' }, kinds, at), { model: 'm', adapter: { kind: 'pfeiffer', bottleneck: 8 } });
});

test('a grid has each point once; a range without steps has none', () => {
  assert.equal(gridOf(searchSpace({ sparsity: '0.2,0.4', bottleneck: '8:32:8' }))?.length, 8);
  assert.equal(gridOf(searchSpace({ sparsity: '0.2:0.4' })), null);
});

const numbers = fc
  .record({
    kind: fc.constantFrom('float' as const, 'int' as const),
    low: fc.integer({ min: 1, max: 50 }),
    width: fc.integer({ min: 1, max: 200 }),
    log: fc.boolean(),
    step: fc.option(fc.integer({ min: 1, max: 20 })),
  })
  .map(({ kind, low, width, log, step: given }): Distribution => {
    const step = log ? (kind === 'int' ? 1 : null) : (given ?? (kind === 'int' ? 1 : null));
    const high = step === null ? low + width : low + Math.max(1, Math.floor(width / step)) * step;
    return { kind, low, high, log, step };
  });
const categories = fc
  .uniqueArray(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 5 })
  .map((choices): Distribution => ({ kind: 'categorical', choices }));
const spaces = fc
  .array(fc.oneof(numbers, categories), { minLength: 1, maxLength: 3 })
  .map((all) => new Map(all.map((one, i) => [`p${i}`, one])));

/** Whether a value is one of a distribution. */
function isIn(own: Distribution, x: number): boolean {
  if (own.kind === 'categorical') return Number.isInteger(x) && x >= 0 && x < own.choices.length;
  const { low, high, step } = own;
  return x >= low && x <= high && (step === null || Math.abs((x - low) / step - Math.round((x - low) / step)) < 1e-9);
}

test('all points that are drawn are of the space, from an estimator too, whose density there is finite', () => {
  forAll(fc.tuple(spaces, fc.integer()), ([space, seed]) => {
    const random = new Random(seed);
    const points = Array.from({ length: 5 }, () => uniformPoint(space, random));
    const estimator = new ParzenEstimator(space, points);
    for (const point of [...points, ...Array.from({ length: 5 }, () => estimator.sample(random))]) {
      for (const [name, own] of space) assert.ok(isIn(own, point.get(name) as number), `${name}: ${point.get(name)}`);
      assert.ok(Number.isFinite(estimator.logDensity(point)));
    }
  });
});

test('the masses of all values of a parameter with few of them add up to 1', () => {
  const few = fc.oneof(
    categories,
    numbers.filter((own) => own.kind === 'int' && own.high - own.low < 60 && own.log === false),
  );
  forAll(fc.tuple(few, fc.integer()), ([own, seed]) => {
    const space = new Map([['x', own]]);
    const points = gridOf(space) ?? [];
    const random = new Random(seed);
    const estimator = new ParzenEstimator(
      space,
      Array.from({ length: 7 }, () => uniformPoint(space, random)),
    );
    const total = points.reduce((sum, point) => sum + Math.exp(estimator.logDensity(point)), 0);
    assert.ok(Math.abs(total - 1) < 1e-9, `${total}`);
  });
});

test('distributions read back from the form of Optuna', () => {
  forAll(fc.oneof(numbers, categories), (own) => {
    assert.deepEqual(distributionOf(distributionText(own)), own);
  });
});

test.run();
