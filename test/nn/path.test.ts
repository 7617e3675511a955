import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Random } from '../../src/index.ts';
import { normalInit, type Parameter, ParameterPath, type WeightSource, zerosInit } from '../../src/nn/index.ts';
import { useBackend } from '../support/on-backend.ts';

const test = suite('nn: ParameterPath');
useBackend(test, 'reference');

const noise = normalInit(1);
const values = ({ value }: Parameter): number[] => Array.from(value.dataSync());

/** A checkpoint of vectors [2]. */
const source = (tensors: Record<string, [number, number]>): WeightSource => ({
  has: (name) => Object.hasOwn(tensors, name),
  take: (name) => {
    if (!Object.hasOwn(tensors, name)) throw new Error(`there is no tensor "${name}"`);
    return Float32Array.from(tensors[name]);
  },
});

test('places give names, and the root lists parameters in the order of their making', () => {
  const root = ParameterPath.root(new Random(1));
  const layer = root.at('encoder.layer').at(0);
  assert.deepEqual(
    [root.prefix, layer.prefix, layer.at('output.dense').prefix],
    ['', 'encoder.layer.0', 'encoder.layer.0.output.dense'],
  );
  layer.at('output').parameter('weight', [2], zerosInit);
  root.parameter('bias', [1], zerosInit);
  layer.parameter('scale', [], zerosInit);
  const names = ['encoder.layer.0.output.weight', 'bias', 'encoder.layer.0.scale'];
  assert.deepEqual(
    root.parameters().map(({ name }) => name),
    names,
  );
  assert.deepEqual(
    layer.parameters().map(({ name }) => name),
    names,
  );
  assert.deepEqual(
    root.parameters().map(({ shape }) => shape),
    [[2], [1], []],
  );
});

test('a name is given once', () => {
  const root = ParameterPath.root(new Random(1));
  root.at('a').parameter('weight', [1], zerosInit);
  assert.throws(() => root.parameter('a.weight', [1], zerosInit), /The parameter a\.weight exists already/);
  assert.throws(() => root.withoutSource().parameter('a.weight', [1], zerosInit), /exists already/);
  assert.equal(root.parameters().length, 1);
});

test('with a source a parameter is read, and one that it lacks is an error', () => {
  const root = ParameterPath.root(new Random(1), source({ 'a.weight': [1, 2] }));
  const read = root.at('a').parameter('weight', [2], noise);
  assert.deepEqual([values(read), read.isNew], [[1, 2], false]);
  assert.throws(() => root.at('b').parameter('weight', [2], noise), /there is no tensor "b\.weight"/);
  assert.equal(root.parameters().length, 1);
});

test('below initializing() a parameter that the source lacks is drawn', () => {
  const root = ParameterPath.root(new Random(1), source({ 'head.a': [1, 2] }));
  const head = root.initializing().at('head');
  const [read, drawn] = [head.parameter('a', [2], noise), head.parameter('b', [2], noise)];
  assert.deepEqual([values(read), read.isNew], [[1, 2], false]);
  assert.equal(drawn.isNew, true);
  assert.notDeepEqual(values(drawn), [0, 0]);
  assert.throws(() => root.at('head').parameter('c', [2], noise), /there is no tensor "head\.c"/);
});

test('withoutSource() draws even what the source has, into the same tree', () => {
  const root = ParameterPath.root(new Random(1), source({ 'a.weight': [1, 2] }));
  const drawn = root.at('a').withoutSource().parameter('weight', [2], noise);
  assert.equal(drawn.isNew, true);
  assert.notDeepEqual(values(drawn), [1, 2]);
  assert.deepEqual(root.parameters(), [drawn]);
});

test('what is drawn depends on the seed and the name, not on what else is made', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 6 }),
      fc.nat(),
      (names, seed) => {
        const draw = (order: readonly string[], root = ParameterPath.root(new Random(seed))) =>
          new Map(order.map((name) => [name, values(root.at(name).parameter('weight', [3], noise))]));
        const [first, second] = [draw(names), draw(names.toReversed())];
        assert.equal(new Set([...first.values()].map(String)).size, names.length, 'names differ in their values');
        for (const name of names) {
          assert.deepEqual(second.get(name), first.get(name));
          assert.deepEqual(draw([name]).get(name), first.get(name));
          assert.notDeepEqual(draw([name], ParameterPath.root(new Random(seed + 1))).get(name), first.get(name));
        }
      },
    ),
    { seed: 1, numRuns: 25 },
  );
});

test.run();
