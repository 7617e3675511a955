import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Random } from '../../src/random/index.ts';

const test = suite('Random');

const draws = (random: Random, n = 20) => Array.from({ length: n }, () => random.uniform());

/** One draw of every kind, named so that fast-check can order them. */
const kinds: Record<string, (random: Random) => unknown> = {
  uniform: (random) => random.uniform(),
  normal: (random) => random.normal(1, 2),
  integer: (random) => random.integer(7),
  uint32: (random) => random.uint32(),
  permutation: (random) => [...random.permutation(5)],
  shuffle: (random) => random.shuffle(['a', 'b', 'c']),
  sample: (random) => random.sample(['a', 'b', 'c'], 2),
  fork: (random) => random.fork('x').uniform(),
};
const program = fc.array(fc.constantFrom(...Object.keys(kinds)), { maxLength: 30 });
const run = (random: Random, names: string[]) => names.map((name) => kinds[name](random));

test('the stream of a seed does not change between releases', () => {
  assert.deepEqual(draws(new Random(0), 3), [0.5945264335737063, 0.12979769093792703, 0.479257016189522]);
  assert.equal(new Random(0).uint32(), 2553471588);
});

test('the same seed gives the same stream, as number or text; another seed another', () => {
  fc.assert(
    fc.property(fc.integer(), program, (seed, names) => {
      assert.deepEqual(run(new Random(seed), names), run(new Random(String(seed)), names));
      assert.notDeepEqual(draws(new Random(seed)), draws(new Random(seed + 1)));
    }),
  );
});

test('a restored generator continues exactly, through JSON', () => {
  fc.assert(
    fc.property(fc.string(), program, program, (seed, before, after) => {
      const random = new Random(seed);
      run(random, before);
      const state = JSON.parse(JSON.stringify(random.state()));
      assert.deepEqual(run(Random.restore(state), after), run(random, after));
    }),
  );
});

test('taking the state neither moves the generator nor follows it', () => {
  const random = new Random(1);
  const state = random.state();
  const first = draws(random);
  assert.deepEqual(draws(Random.restore(state)), first);
  assert.deepEqual(draws(Random.restore(state)), first);
});

test('a fork depends on seed and name, not on the position of its parent', () => {
  fc.assert(
    fc.property(fc.string(), program, fc.string(), fc.string(), (seed, before, a, b) => {
      const random = new Random(seed);
      run(random, before);
      assert.deepEqual(draws(random.fork(a)), draws(new Random(seed).fork(a)));
      assert.deepEqual(draws(Random.restore(random.state()).fork(a)), draws(random.fork(a)));
      assert.notDeepEqual(draws(random.fork(a)), draws(new Random(seed)));
      if (a !== b) assert.notDeepEqual(draws(random.fork(a)), draws(random.fork(b)));
    }),
  );
});

test('a fork of a fork is neither the fork of the joined names nor of the swapped ones', () => {
  const random = new Random(1);
  const streams = [random.fork('a').fork('b'), random.fork('ab'), random.fork('b').fork('a'), random.fork('a/b')];
  assert.equal(new Set(streams.map((stream) => stream.uniform())).size, streams.length);
});

test('uniform, integer and uint32 stay in their ranges', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 40 }), (seed, n) => {
      const random = new Random(seed);
      const u = random.uniform();
      const i = random.integer(n);
      const word = random.uint32();
      assert.ok(u >= 0 && u < 1);
      assert.ok(Number.isInteger(i) && i >= 0 && i < n);
      assert.ok(Number.isInteger(word) && word >= 0 && word < 2 ** 32);
    }),
  );
});

test('integer reaches every value about equally often', () => {
  const random = new Random(3);
  const counts = new Array(6).fill(0);
  for (let i = 0; i < 6000; i++) counts[random.integer(6)]++;
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 150, `counts ${counts}`);
});

test('uint32 uses the high bit and differs from draw to draw', () => {
  const random = new Random(5);
  const words = Array.from({ length: 100 }, () => random.uint32());
  assert.equal(new Set(words).size, 100);
  assert.ok(words.some((word) => word >= 2 ** 31) && words.some((word) => word < 2 ** 31));
});

test('a permutation holds every number once', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(200), (seed, n) => {
      const permutation = new Random(seed).permutation(n);
      assert.ok(permutation instanceof Int32Array);
      assert.deepEqual(
        [...permutation].sort((a, b) => a - b),
        Array.from({ length: n }, (_, i) => i),
      );
    }),
  );
});

test('every permutation of three is about equally likely', () => {
  const random = new Random(7);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const key = random.permutation(3).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const [key, count] of counts) assert.ok(Math.abs(count - 1000) < 150, `${key}: ${count}`);
});

test('shuffle keeps the items and its argument; a sample is the start of the shuffle', () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.integer()), fc.nat(), (seed, items, cut) => {
      const before = [...items];
      const shuffled = new Random(seed).shuffle(items);
      assert.deepEqual(items, before);
      assert.deepEqual(
        shuffled.toSorted((a, b) => a - b),
        before.toSorted((a, b) => a - b),
      );
      const k = cut % (items.length + 1);
      assert.deepEqual(new Random(seed).sample(items, k), shuffled.slice(0, k));
    }),
  );
});

test('normal has the moments of a normal distribution', () => {
  const random = new Random(11);
  const n = 20000;
  const z = Array.from({ length: n }, () => (random.normal(3, 2) - 3) / 2);
  const moment = (power: number) => z.reduce((sum, value) => sum + value ** power, 0) / n;
  assert.ok(z.every(Number.isFinite));
  assert.ok(Math.abs(moment(1)) < 0.03, `mean ${moment(1)}`);
  assert.ok(Math.abs(moment(2) - 1) < 0.05, `variance ${moment(2)}`);
  assert.ok(Math.abs(moment(3)) < 0.1, `third moment ${moment(3)}`);
  assert.ok(Math.abs(moment(4) - 3) < 0.25, `fourth moment ${moment(4)}`);
});

test('impossible requests are errors', () => {
  const random = new Random(1);
  for (const n of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => random.integer(n), RangeError);
  }
  assert.throws(() => random.sample([1, 2], 3), /cannot sample 3 of 2 items/);
  assert.throws(() => random.sample([1, 2], -1), RangeError);
});

test('what is no seed is refused', () => {
  for (const seed of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY, {}, 1n]) {
    assert.throws(() => new Random(seed as never), /^TypeError: Random: seed must be a finite number or a text/);
  }
});

test.run();
